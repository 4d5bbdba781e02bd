"""The problems by name: classic functions, live trainings, and tables and surrogates of real ones."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

from search_bench.classic import classic
from search_bench.live import live
from search_bench.problem import Config, Problem, Space

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT.parent / "shared" / "benchmarks"  # where load.py and its data are, unless another folder is given

RECORDED = (  # what load.py calls them
    "lda",
    "svm",
    "logreg",
    "rbv2_xgboost:12",
    "rbv2_xgboost:16",
    "ax_hss:mnist",
    "ax_hss:fashion_mnist",
    "ax_hss:cifar10",
    "nb301_v2",
    "lcbench:167168",
    "lcbench:189906",
)


def names() -> list[str]:
    """All names, those of the tables too, whether or not the folder is there."""
    return [*_own(), *RECORDED]


def get(name: str, tables: Path = TABLES) -> Problem:
    """A problem by its name.

    Raises:
        KeyError: there is none of that name.
        FileNotFoundError: it is a table, and the folder of the tables is not there.
    """
    if name in RECORDED:
        return _recorded(name, tables)
    return _own()[name]


@functools.cache
def _own() -> dict[str, Problem]:
    return {problem.name: problem for problem in (*classic(), *live())}


def _recorded(name: str, tables: Path) -> Problem:
    """A table or a surrogate at full fidelity."""
    benchmark = load(tables).get(name)
    kind = "surrogate" if benchmark.kind == "surrogate" else "table"
    sign = 1 if benchmark.mode == "min" else -1

    def score(config: Config) -> float:
        return float(benchmark(config)["loss"])

    return Problem(name, kind, plain(benchmark.space), score, sign * float(benchmark.best["value"]))


def load(tables: Path) -> Any:
    """The loader's module, imported from the folder it is in."""
    if not (tables / "load.py").exists():
        raise FileNotFoundError(f"no load.py in {tables}; give the folder with --tables")
    if str(tables) not in sys.path:
        sys.path.append(str(tables))
    import load as loader  # noqa: PLC0415

    return loader


def plain(space: Space) -> Space:
    """The space in Python's own numbers."""
    return {name: {key: _python(value) for key, value in spec.items()} for name, spec in space.items()}


def _python(value: Any) -> Any:
    if isinstance(value, list):
        return [_python(each) for each in value]
    return value.item() if hasattr(value, "item") else value
