"""The problems by name: made ones, live trainings, and tables and surrogates of real learning curves."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from search_bench.problem import Config
from search_bench.problems import TABLES, load, plain

from mf_bench.live import live
from mf_bench.problem import Problem
from mf_bench.synthetic import synthetic


class Levels(NamedTuple):
    """How a table's levels become budgets: from `low` to `high`, `scale` of the table's own to one of ours."""

    low: int
    high: int
    scale: float = 1
    resumes: bool = True


RECORDED: Mapping[str, Levels] = {  # what load.py calls them
    "taskset:imdb_patch32_GRU64_avg_bs128": Levels(1, 51),
    "taskset:imdb_patch32_LSTM128_bs128": Levels(1, 51),
    "taskset:imdb_patch32_IRNN64_relu_avg_bs128": Levels(1, 51),
    "logreg": Levels(31, 2560),
    "lcbench_curves:blood-transfusion": Levels(1, 50),
    "opda:alexnet": Levels(1, 100),
    "opda:deberta": Levels(1, 99, 1000),
    "algoperf:wmt": Levels(1, 50),
    "algoperf:ogbg": Levels(1, 50),
    "rbv2_xgboost:12": Levels(1, 27, 1 / 27, resumes=False),  # the share of the data: a larger one is a new training
    "rbv2_xgboost:16": Levels(1, 27, 1 / 27, resumes=False),
    "nb301_v2": Levels(1, 98),
}


def names() -> list[str]:
    """All names, those of the tables too, whether or not the folder is there."""
    return [*_own(), *RECORDED]


def get(name: str, tables: Path = TABLES) -> Problem:
    """A problem by its name.

    Raises:
        KeyError: there is none of that name.
        FileNotFoundError: it is a table, and the folder of the tables is not there.
    """
    return _recorded(name, tables) if name in RECORDED else _own()[name]


def stated(name: str, tables: Path) -> float:
    """The best score of a problem; inf where nobody knows it."""
    try:
        return get(name, tables).best
    except (FileNotFoundError, KeyError):
        return math.inf


@functools.cache
def _own() -> dict[str, Problem]:
    return {problem.name: problem for problem in (*synthetic(), *live())}


@functools.cache
def _recorded(name: str, tables: Path) -> Problem:
    """A table or a surrogate; between two levels, the lower one answers."""
    benchmark, levels = load(tables).get(name), RECORDED[name]
    sign = 1 if benchmark.mode == "min" else -1

    def loss(config: Config, budget: float, seed: int) -> float:
        found = float(benchmark(config, fidelity=budget * levels.scale, seed=seed)["loss"])
        return found if math.isfinite(found) else math.nan

    def score(config: Config) -> float:
        return float(benchmark(config)["loss"])

    space, best = plain(benchmark.space), sign * float(benchmark.best["value"])
    return Problem(name, space, levels.low, levels.high, loss, score, best, levels.resumes)
