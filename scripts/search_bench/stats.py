"""From results to ranks, regrets and intervals.

Notation
    cell        a (problem, seed); all tools are compared cell by cell
    score       the noise-free loss of the incumbent after k evaluations; inf: none has succeeded, or the run broke off
    regret      score less the least score known of the problem
    normalised  regret over the median regret of random search after as many evaluations, at most CAP
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Cell = tuple[str, int]
CAP = 3.0
RESAMPLES = 4000


def score_after(result: Mapping[str, Any], count: int) -> float:
    """The incumbent's score after so many evaluations."""
    scores = [score for told, score in result.get("improvements", ()) if told <= count]
    return float(scores[-1]) if scores else math.inf


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of several tools with the same workers and evaluations, and the best score known of each problem."""

    by_tool: Mapping[str, Mapping[Cell, Mapping[str, Any]]]
    best: Mapping[str, float]

    def common(self, tools: Sequence[str]) -> list[Cell]:
        """The cells that all of these tools have run, in order."""
        return sorted(set.intersection(*(set(self.by_tool[tool]) for tool in tools))) if tools else []

    def scores(self, tool: str, cells: Sequence[Cell], count: int) -> Array:
        """Scores, shape (cells,)."""
        return np.array([score_after(self.by_tool[tool][cell], count) for cell in cells])

    def unit(self, problem: str, count: int) -> float:
        """The median regret of random search; nan where there is none to measure by."""
        runs = [run for (name, _), run in self.by_tool.get("random", {}).items() if name == problem]
        regret = float(np.median([score_after(run, count) for run in runs])) - self.best[problem] if runs else 0.0
        return regret if 0 < regret < math.inf else math.nan

    def normalised(self, tool: str, cells: Sequence[Cell], count: int) -> Array:
        """Normalised regrets, shape (cells,); nan where there is nothing to measure by."""
        units = {problem: self.unit(problem, count) for problem, _ in cells}
        best = np.array([self.best[problem] for problem, _ in cells])
        regrets = (self.scores(tool, cells, count) - best) / np.array([units[problem] for problem, _ in cells])
        return np.asarray(np.clip(regrets, 0.0, CAP))


def mean_ranks(runs: Runs, tools: Sequence[str], cells: Sequence[Cell], count: int) -> Array:
    """The mean rank of each tool over the cells, 1 the best; equal scores share their ranks."""
    scores = np.array([runs.scores(tool, cells, count) for tool in tools])
    return np.asarray(np.mean(stats.rankdata(_rounded(scores), axis=0), axis=1))


def _rounded(scores: Array) -> Array:
    """Scores that differ in the last digits alone are equal."""
    return np.array([[float(f"{score:.9g}") for score in row] for row in scores])


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    mean: float
    low: float
    high: float


def mean_difference(runs: Runs, tool: str, ours: str, cells: Sequence[Cell], count: int) -> Interval:
    """Normalised regret of a tool less that of ours, above 0 if ours is better: mean over problems of means over seeds.

    The interval is a paired bootstrap's: problems are drawn again, and of each problem drawn its seeds.
    """
    differences = runs.normalised(tool, cells, count) - runs.normalised(ours, cells, count)
    groups = by_problem(differences, cells)
    if not groups:
        return Interval(math.nan, math.nan, math.nan)
    low, high = np.quantile(resampled_means(groups, np.random.default_rng(0)), [0.025, 0.975])
    return Interval(float(np.mean([np.mean(group) for group in groups])), float(low), float(high))


def resampled_means(groups: Sequence[Array], rng: np.random.Generator) -> Array:
    """Means of the means of groups drawn with replacement, the values within each drawn so too; shape (RESAMPLES,)."""
    sizes = np.array([len(group) for group in groups])
    padded = np.array([np.resize(group, sizes.max()) for group in groups])
    drawn = rng.integers(len(groups), size=(RESAMPLES, len(groups)))[..., None]
    places = (rng.random((RESAMPLES, len(groups), sizes.max())) * sizes[drawn]).astype(int)
    counted = np.arange(sizes.max()) < sizes[drawn]
    means = np.sum(padded[drawn, places] * counted, axis=2) / sizes[drawn[..., 0]]
    return np.asarray(np.mean(means, axis=1))


def by_problem(values: Array, cells: Sequence[Cell]) -> list[Array]:
    """The values of each problem, those that are nan left out."""
    problems = dict.fromkeys(problem for problem, _ in cells)
    groups = [values[[cell[0] == problem for cell in cells]] for problem in problems]
    return [group for group in (each[~np.isnan(each)] for each in groups) if len(group)]


def verdict(runs: Runs, tool: str, ours: str, problem: str, count: int) -> int:
    """1: ours wins a problem beyond the 95 % interval of the paired differences over its seeds; -1: it loses; else 0.

    The interval is Student's, of the normalised regrets where there is something to measure by, else of the scores.
    """
    cells = [cell for cell in runs.common([tool, ours]) if cell[0] == problem]
    if len(cells) < 2:
        return 0
    differences = runs.normalised(tool, cells, count) - runs.normalised(ours, cells, count)
    if np.any(np.isnan(differences)):
        differences = runs.scores(tool, cells, count) - runs.scores(ours, cells, count)
    if not np.all(np.isfinite(differences)):
        return 0
    mean, error = float(np.mean(differences)), float(np.std(differences, ddof=1) / math.sqrt(len(cells)))
    half = float(stats.t.ppf(0.975, len(cells) - 1)) * error
    return 1 if mean > half else -1 if mean < -half else 0


def wins_ties_losses(runs: Runs, tool: str, ours: str, cells: Iterable[Cell], count: int) -> tuple[int, int, int]:
    """In how many cells ours ends better than a tool, as well, and worse."""
    cells = list(cells)
    pair = _rounded(np.array([runs.scores(ours, cells, count), runs.scores(tool, cells, count)]))
    return int(np.sum(pair[0] < pair[1])), int(np.sum(pair[0] == pair[1])), int(np.sum(pair[0] > pair[1]))
