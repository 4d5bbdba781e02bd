"""The order of the trials in one rung, and the numbers that a decision about one of them gives as its reason.

Notation
    loss    the value of a trial at the rung, minimised; inf for one that failed, or whose report was not finite there
    entry   (loss, trial): entries sort best first, equal losses by the number of the trial
    rank    1 + the number of better entries
    quota   how many of the trials in the rung may go on
    sign    value = sign * loss is the metric as the user knows it
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hpotune.events import Budget, JobEnded, Reported
from hpotune.history import History, Trial, trial_loss

Entry: TypeAlias = tuple[float, int]


@dataclass(slots=True)
class Standings:
    """The trials that have entered a rung: a step costs O(log n), and moving a list of pointers."""

    entries: list[Entry] = field(default_factory=list)
    losses: dict[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.entries)

    def enter(self, trial: int, loss: float) -> None:
        """Enter a trial, in place of its own older entry if there is one."""
        self.leave(trial)
        self.losses[trial] = loss
        insort(self.entries, (loss, trial))

    def leave(self, trial: int) -> None:
        """Take a trial out, if it is there."""
        loss = self.losses.pop(trial, None)
        if loss is not None:
            take_out(self.entries, (loss, trial))

    def rank(self, trial: int) -> int:
        """The place of a trial that has entered, from 1."""
        return bisect_left(self.entries, (self.losses[trial], trial)) + 1

    def cutoff(self, quota: int) -> float | None:
        """The loss of the last that goes on, if the best `quota` finite ones do; None if none does."""
        finite = bisect_left(self.entries, (math.inf, -1))
        last = min(quota, finite)
        return self.entries[last - 1][0] if last > 0 else None

    def numbers(self, trial: int, quota: int, sign: float) -> dict[str, Any]:
        """Where a trial stands, for the journal: rank, of, quota, cutoff and value, as far as they are finite."""
        found: dict[str, Any] = {"rank": self.rank(trial), "of": len(self), "quota": quota}
        cutoff, loss = self.cutoff(quota), self.losses[trial]
        if cutoff is not None:
            found["cutoff"] = shown(sign, cutoff)
        if math.isfinite(loss):
            found["value"] = shown(sign, loss)
        return found


def take_out(entries: list[Entry], entry: Entry) -> None:
    """Remove an entry from a sorted list, if it is there."""
    at = bisect_left(entries, entry)
    if at < len(entries) and entries[at] == entry:
        del entries[at]


def holds(entries: list[Entry], entry: Entry) -> bool:
    """Whether an entry is in a sorted list."""
    at = bisect_left(entries, entry)
    return at < len(entries) and entries[at] == entry


def shown(sign: float, loss: float) -> float:
    """A loss with the metric's own sign; no zero is negative."""
    return sign * loss + 0.0


def loss_at(trial: Trial, use: str, budget: Budget) -> float:
    """The loss with which a trial, whose job to `budget` is over, enters that rung.

    inf if it has failed or was stopped, or if its newest report is not finite.
    """
    last = trial.jobs[-1].last if trial.jobs else None
    if trial.state != "completed" or last is None or not math.isfinite(last[1]):
        return math.inf
    loss = trial_loss(trial, use, budget)
    return last[1] if loss is None else loss


def is_out(event: Reported | JobEnded, history: History) -> bool:
    """Whether an event belongs to the attempt that is out now, and not to an older one."""
    job = history.open.get(event.trial)
    return job is not None and job.attempt == event.attempt and len(history.trials[event.trial].jobs) == event.job + 1
