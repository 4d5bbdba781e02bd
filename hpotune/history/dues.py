"""What is due for trials that are not out. Each kind is an ordered set: who came first goes first."""

from __future__ import annotations

from hpotune.events import Budget


class Dues:
    """Trials by what is due for them, each under one kind at most."""

    def __init__(self) -> None:
        self.unlaunched: dict[int, Budget | None] = {}  # planned, never launched: the budget to train to
        self.interrupted: dict[int, None] = {}  # to be launched again
        self.to_retry: dict[int, None] = {}  # the same after a failure
        self.waiting: dict[int, None] = {}  # the same, but only after a while
        self.promoted: dict[int, Budget] = {}  # to be trained on, to this budget

    @property
    def again(self) -> int:
        """How many wait for another attempt of a job that was interrupted or failed."""
        return len(self.interrupted) + len(self.to_retry) + len(self.waiting)

    def clear(self, trial: int) -> None:
        """Nothing is due for a trial any more."""
        for kind in (self.unlaunched, self.interrupted, self.to_retry, self.waiting, self.promoted):
            kind.pop(trial, None)

    def retry(self, trial: int | None) -> None:
        """A trial has waited long enough."""
        if trial in self.waiting:
            del self.waiting[trial]
            self.to_retry[trial] = None

    def retry_all(self) -> None:
        """The time since the last session was long enough for all."""
        self.to_retry |= self.waiting
        self.waiting.clear()
