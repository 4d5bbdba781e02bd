"""What the model is given of the results: which trials, at which budgets, and of very many, which of them.

Notation
    n    observations that are used, at most `MOST` or `MOST_OF_LEVELS`: values of a trial at a budget; d  the dimension
    X    points of their trials, shape (n, d), nan where inactive;  y  their losses, shape (n,)
    b    their budgets, shape (n,);  B_0 > B_1 > ..  the levels, B_0 the highest budget with a value

Schedulers look at trials at the budgets of their rungs, at least a factor of two apart, and every such budget is a
level. Where they look more often, so many of the budgets are levels that they are this far apart, and what is between
two of them is left out, but for the latest value of each trial, which counts to the nearest level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpotune.history import Results
from hpotune.models.gp import Levels
from hpotune.models.normal import Array

# A Gaussian process costs n^3: beyond this many observations it is given the best, the nearest to the best, and a
# spread of each level.
MOST = 1_000
# Of several budgets fewer do: trials come by the hundred there, and a fit has to keep up with short jobs.
MOST_OF_LEVELS = 400
_MOST_FAILED = 300  # the latest
_APART = 2.0  # budgets of two levels, at least


@dataclass(frozen=True, slots=True)
class Budgets:
    """The budgets of observations: log10 b - log10 B_0, shape (n,), their levels, and B_0 > B_1 > .. themselves."""

    decades: Array
    levels: Levels
    of_levels: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Data:
    """What is known, and what is under way.

    points   X, losses y
    seen     trials with a value, and `ended` with those that failed, before any were left out
    failed   points of trials that failed in a way that says something, shape (q, d)
    pending  points of trials whose first value is still to come, shape (p, d)
    trials   the trial of each observation, shape (n,), and whether it has `broken` since, after a promotion
    budgets  None where all observations are at one budget
    """

    points: Array
    losses: Array
    seen: int
    ended: int
    failed: Array
    pending: Array
    trials: npt.NDArray[np.int64]
    broken: npt.NDArray[np.bool_]
    budgets: Budgets | None = None

    @property
    def levels(self) -> Levels | None:
        """The levels of the observations, if there are several."""
        return None if self.budgets is None else self.budgets.levels

    @property
    def of_levels(self) -> tuple[float, ...]:
        """The budgets of the levels, if there are several."""
        return () if self.budgets is None else self.budgets.of_levels

    @property
    def tried(self) -> Array:
        """The points of the trials, each once."""
        return self.points if self.budgets is None else self.points[_latest(self.trials)]

    @property
    def sound(self) -> Array:
        """The points of the trials that have given all that was asked of them so far, each once."""
        if self.budgets is None:
            return self.points[~self.broken]
        latest = _latest(self.trials)
        return self.points[latest[~self.broken[latest]]]


def gather(results: Results) -> Data:
    """The data of a model."""
    trials, losses, budgets = results.trials, results.losses, _budgets(results)
    rows = _latest(trials) if budgets is None else np.arange(len(trials))
    if budgets is not None:
        rows = _on_levels(results, budgets)
    seen = len(np.unique(trials))
    of_levels = np.zeros(len(rows), np.int64) if budgets is None else budgets.levels[rows]
    kept = rows[_subset(results.points[trials[rows]], losses[rows], of_levels)]
    known = np.isin(results.pending, trials)
    failed = results.failed
    return Data(
        results.points[trials[kept]],
        losses[kept],
        seen,
        seen + len(failed) - int(np.isin(failed, trials).sum()),
        results.points[failed[-_MOST_FAILED:]],
        results.points[results.pending[~known]],
        trials[kept],
        np.isin(trials[kept], failed),
        None if budgets is None else Budgets(budgets.decades[kept], budgets.levels[kept], budgets.of_levels),
    )


def _budgets(results: Results) -> Budgets | None:
    """The budgets of all evaluations; None if there is but one, or of some it is not known."""
    present = np.unique(results.budgets)
    if len(present) < 2 or np.isnan(present).any():
        return None
    of_levels = [float(present[-1])]
    for budget in present[-2::-1].tolist():
        if budget * _APART <= of_levels[-1]:
            of_levels.append(budget)
    decades = np.log10(results.budgets) - np.log10(of_levels[0])
    apart = np.abs(decades[:, None] - (np.log10(of_levels) - np.log10(of_levels[0])))
    return Budgets(decades, np.argmin(apart, axis=1), tuple(of_levels))


def _on_levels(results: Results, budgets: Budgets) -> npt.NDArray[np.int64]:
    """The places of the evaluations at a level, and of the latest of each trial."""
    wanted = np.isin(results.budgets, budgets.of_levels)
    wanted[_latest(results.trials)] = True
    return np.flatnonzero(wanted)


def _latest(trials: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place of each trial's last evaluation, ascending."""
    _, from_the_end = np.unique(trials[::-1], return_index=True)
    return np.sort(len(trials) - 1 - from_the_end)


def _subset(points: Array, losses: Array, levels: Levels) -> npt.NDArray[np.int64]:
    """At most `MOST` of the observations, or `MOST_OF_LEVELS`: from the highest level down, an equal share of what is
    left to take.
    """
    present = np.unique(levels)
    left = MOST if len(present) < 2 else MOST_OF_LEVELS
    if len(losses) <= left:
        return np.arange(len(losses))
    kept: list[npt.NDArray[np.int64]] = []
    for place, level in enumerate(present):
        rows = np.flatnonzero(levels == level)
        kept.append(rows[_best_near_and_spread(points[rows], losses[rows], left // (len(present) - place))])
        left -= len(kept[-1])
    return np.sort(np.concatenate(kept))


def _best_near_and_spread(points: Array, losses: Array, most: int) -> npt.NDArray[np.int64]:
    """At most so many: the best, those nearest to the very best, and a spread of the others over time."""
    if len(losses) <= most:
        return np.arange(len(losses))
    kept = np.zeros(len(losses), bool)
    order = np.argsort(losses, kind="stable")
    kept[order[: most // 4]] = True
    apart = np.where(np.isnan(points), 0.5, points)
    distances = np.sum((apart - apart[order[0]]) ** 2, axis=1)
    distances[kept] = np.inf
    kept[np.argsort(distances, kind="stable")[: most // 2]] = True
    others = np.flatnonzero(~kept)
    wanted = most - int(kept.sum())
    kept[others[np.linspace(0, len(others) - 1, wanted).astype(np.int64)]] = True
    return np.flatnonzero(kept)
