"""What the model is given of the results: which trials, and of very many, which of them.

Notation
    n    trials with a value that are used, at most `MOST`; d  dimension of the space
    X    their points, shape (n, d), nan where inactive;  y  their losses, shape (n,)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpotune.history import Results
from hpotune.models.normal import Array

# A Gaussian process costs n^3: beyond this many trials it is given the best, the nearest to the best, and a spread.
MOST = 1_000
_BEST, _NEAR = MOST // 4, MOST // 2
_MOST_FAILED = 300  # the latest


@dataclass(frozen=True, slots=True)
class Data:
    """What is known, and what is under way.

    points   X, losses y
    seen     trials with a value, and `ended` with those that failed, before any were left out
    failed   points of trials that failed in a way that says something, shape (q, d)
    pending  points of trials whose value is still to come, shape (p, d)
    """

    points: Array
    losses: Array
    seen: int
    ended: int
    failed: Array
    pending: Array


def gather(results: Results) -> Data:
    """The data of a model: each trial's latest value, which is at the highest budget that it reached."""
    latest = _latest(results.trials)
    trials, losses = results.trials[latest], results.losses[latest]
    kept = _subset(results.points, trials, losses)
    return Data(
        results.points[trials[kept]],
        losses[kept],
        len(trials),
        len(trials) + len(results.failed),
        results.points[results.failed[-_MOST_FAILED:]],
        results.points[results.pending],
    )


def _latest(trials: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place of each trial's last evaluation, ascending."""
    _, from_the_end = np.unique(trials[::-1], return_index=True)
    return np.sort(len(trials) - 1 - from_the_end)


def _subset(points: Array, trials: npt.NDArray[np.int64], losses: Array) -> npt.NDArray[np.int64]:
    """At most `MOST` of the trials: the best, those nearest to the very best, and a spread of the others over time."""
    if len(trials) <= MOST:
        return np.arange(len(trials))
    kept = np.zeros(len(trials), bool)
    order = np.argsort(losses, kind="stable")
    kept[order[:_BEST]] = True
    apart = np.where(np.isnan(points), 0.5, points)[trials]
    distances = np.sum((apart - apart[order[0]]) ** 2, axis=1)
    distances[kept] = np.inf
    kept[np.argsort(distances, kind="stable")[:_NEAR]] = True
    others = np.flatnonzero(~kept)
    wanted = MOST - int(kept.sum())
    kept[others[np.linspace(0, len(others) - 1, wanted).astype(np.int64)]] = True
    return np.flatnonzero(kept)
