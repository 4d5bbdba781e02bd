"""`Tally`: what a schedule did, as far as the history does not keep it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hpotune import events as ev
from hpotune.events import Budget, Event


@dataclass(slots=True)
class Tally:
    """A fold beside the history.

    brackets      the bracket of each trial, where there are any
    stops         how many trials were stopped at each budget, and the cut-off of the latest
    started_over  the jobs that were to go on, but began from 0
    kept          trials that may have a checkpoint on disk; how many at most
    """

    brackets: dict[int, int] = field(default_factory=dict)
    stops: Counter[Budget] = field(default_factory=Counter)
    cutoffs: dict[Budget, float] = field(default_factory=dict)
    started_over: set[tuple[int, int]] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    most_kept: int = 0

    def take(self, event: Event) -> None:
        """Take in an event."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def _planned(self, event: ev.TrialPlanned) -> None:
        bracket = event.reason.get("bracket")
        if isinstance(bracket, int):
            self.brackets[event.trial] = bracket

    def _launched(self, event: ev.JobPlanned) -> None:
        self.kept.add(event.trial)
        self.most_kept = max(self.most_kept, len(self.kept))

    def _ended(self, event: ev.JobEnded) -> None:
        if event.notes.get("started_over") and event.outcome == "completed":
            self.started_over.add((event.trial, event.job))

    def _stopped(self, event: ev.TrialStopped) -> None:
        match event.reason:
            case {"at": int() | float() as at}:
                self.stops[at] += 1
                self.cutoffs[at] = event.reason.get("cutoff", math.nan)

    def _dropped(self, event: ev.CheckpointDropped) -> None:
        self.kept.discard(event.trial)


_HANDLERS: dict[type[Event], Callable[[Tally, Any], None]] = {
    ev.TrialPlanned: Tally._planned,  # noqa: SLF001 - a table of the class's own methods
    ev.JobPlanned: Tally._launched,  # noqa: SLF001
    ev.JobEnded: Tally._ended,  # noqa: SLF001
    ev.TrialStopped: Tally._stopped,  # noqa: SLF001
    ev.CheckpointDropped: Tally._dropped,  # noqa: SLF001
}
