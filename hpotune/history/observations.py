"""What a searcher is told of the history, and how it is gathered: by appending, so that telling it costs the same for
the first trial and the hundred-thousandth.

Notation
    n    trials planned so far; d  dimension of the space; m  evaluations so far
    X    points of the unit cube, shape (n, d), row k for trial k; nan where a parameter is inactive
    loss the value of a trial at a budget, minimised, shape (m,)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hpotune.causes import family
from hpotune.events import Budget
from hpotune.history.trial import JobView, Trial, trial_loss
from hpotune.space import Space

# Failures that say something about the configuration; the others are about the machine or the script.
TEACHING_CAUSES = frozenset({*family(("exit", "oom")), "nan", "timeout", "stall"})


@dataclass(frozen=True, slots=True)
class Results:
    """What came of the trials, for searchers that learn from it. The arrays are not to be written to.

    points    X, shape (n, d)
    trials    the trial of each evaluation, shape (m,), in the order in which they came; a trial that was promoted has
              one evaluation for each budget that it was trained to
    budgets   the budget of each evaluation, shape (m,); nan in a study without budgets
    losses    the loss of each evaluation, shape (m,); finite
    pending   trials that are still to give their next value, ascending
    failed    trials that failed in a way that says something about their configuration
    fit       what the latest proposal that fitted a model kept of it (`record["fit"]`); None before the first
    """

    points: npt.NDArray[np.float64]
    trials: npt.NDArray[np.int64]
    budgets: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    pending: npt.NDArray[np.int64]
    failed: npt.NDArray[np.int64]
    fit: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Observations:
    """What a searcher is told: a snapshot that stays as it is while the history grows.

    `trial` is the number of the trial that is asked for, `cursor` one more than the largest `index` in any proposal's
    record, `tried` the canonical forms of all configurations planned so far (never changed while a proposal is out,
    since there is only one at a time). `results` is there for searchers that learn, None for the others.
    """

    trial: int
    cursor: int
    enqueued: int
    defaulted: bool
    tried: AbstractSet[str]
    results: Results | None = None


class Gathered:
    """All that searchers may be told, as far as the history has come."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._tried: set[str] = set()
        self._forms = 0
        self._points = _Column(np.float64, space.dimension)
        self._trials = _Column(np.int64)
        self._budgets = _Column(np.float64)
        self._losses = _Column(np.float64)
        self._reached: dict[int, float] = {}
        self._pending: dict[int, None] = {}
        self._failed: dict[int, None] = {}
        self._fit: Mapping[str, Any] | None = None
        self._cursor = 0

    def planned(self, trial: Trial) -> None:
        """A trial has been planned."""
        self._pending[trial.number] = None
        self._fit = trial.record.get("fit", self._fit)
        self._cursor = max(self._cursor, trial.record.get("index", -1) + 1)

    def awaited(self, trial: Trial) -> None:
        """A further value of a trial is to come: another job, or another attempt."""
        self._pending[trial.number] = None
        self._failed.pop(trial.number, None)

    def passed(self, trial: Trial, job: JobView, levels: Sequence[Budget], use: str) -> None:
        """A running trial has reported: it has a value at every level of the schedule that it has come to now.

        The end of a job is told by `evaluated`.
        """
        at, loss = job.last or (None, math.nan)
        while at is not None and job.level < len(levels) and levels[job.level] <= at:
            level = levels[job.level]
            if job.to is not None and level >= job.to:
                return
            job.level += 1
            if math.isfinite(loss):
                value = trial_loss(trial, use, level)
                self.evaluated(trial, level, loss if value is None else value)

    def evaluated(self, trial: Trial, budget: float | None, loss: float) -> None:
        """A trial has a value at a budget; what is known of it at that budget already stands."""
        if self._reached.get(trial.number, -1.0) >= (budget or 0.0):
            return
        self._reached[trial.number] = budget or 0.0
        self._trials.append(trial.number)
        self._budgets.append(np.nan if budget is None else budget)
        self._losses.append(loss)

    def settled(self, trial: Trial) -> None:
        """Nothing more is to come of a trial, as things stand."""
        self._pending.pop(trial.number, None)
        if trial.state == "failed" and trial.cause in TEACHING_CAUSES:
            self._failed[trial.number] = None

    def observations(self, trials: Sequence[Trial], enqueued: int, *, defaulted: bool, results: bool) -> Observations:
        """The snapshot as of now, of all `trials`, which only ever grow."""
        return Observations(
            trial=len(trials),
            cursor=self._cursor,
            enqueued=enqueued,
            defaulted=defaulted,
            tried=self._up_to(trials),
            results=self._results(trials) if results else None,
        )

    def _up_to(self, trials: Sequence[Trial]) -> AbstractSet[str]:
        """The canonical forms of all `trials`, each computed once, when first needed."""
        while self._forms < len(trials):
            self._tried.add(self._space.canonical(trials[self._forms].config))
            self._forms += 1
        return self._tried

    def _results(self, trials: Sequence[Trial]) -> Results:
        """What came of all `trials`; each is encoded once, when first needed."""
        for trial in trials[len(self._points) :]:
            self._points.append(self._space.encode(trial.config))
        return Results(
            self._points.view(),
            self._trials.view(),
            self._budgets.view(),
            self._losses.view(),
            np.array(sorted(self._pending), np.int64),
            np.array(list(self._failed), np.int64),
            self._fit,
        )


class _Column:
    """An array that grows at its end. Views of it stay as they are: what was written is never changed."""

    def __init__(self, dtype: type[np.generic], *width: int) -> None:
        self._buffer: npt.NDArray[Any] = np.empty((16, *width), dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, value: object) -> None:
        if self._length == len(self._buffer):
            larger = np.empty((2 * self._length, *self._buffer.shape[1:]), self._buffer.dtype)
            larger[: self._length] = self._buffer
            self._buffer = larger
        self._buffer[self._length] = value
        self._length += 1

    def view(self) -> npt.NDArray[Any]:
        view = self._buffer[: self._length]
        view.flags.writeable = False
        return view
