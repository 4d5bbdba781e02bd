"""The scheduler without a schedule: every trial is trained to the full budget, in one job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hpotune.events import Budget, Event
from hpotune.history import History
from hpotune.schedulers.base import New, Nothing, Room, Wish


@dataclass(frozen=True, slots=True)
class FullScheduler:
    """Always wishes for a new trial at `budget`."""

    budget: Budget | None = None
    levels: ClassVar[tuple[Budget, ...]] = ()
    needs_reports: ClassVar[bool] = False

    def initial(self) -> None:
        """Nothing needs to be remembered."""

    def step(self, state: None, event: Event, history: History) -> None:
        """No event matters."""

    def decide(self, state: None, room: Room) -> Wish:
        """See `Scheduler`."""
        del state
        return New(self.budget) if room.takes_new(self.budget) else Nothing()
