"""The scheduler without a schedule: every trial is trained to the full budget, in one job."""

from __future__ import annotations

from dataclasses import dataclass

from hpotune.events import Budget, Event
from hpotune.schedulers.base import New, Wish


@dataclass(frozen=True, slots=True)
class FullScheduler:
    """Always wishes for a new trial at `budget`."""

    budget: Budget | None = None

    def initial(self) -> None:
        """Nothing needs to be remembered."""

    def step(self, state: None, event: Event) -> None:
        """No event matters."""

    def decide(self, state: None) -> Wish:
        """See `Scheduler`."""
        del state
        return New(self.budget)
