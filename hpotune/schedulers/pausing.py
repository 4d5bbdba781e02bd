"""What schedulers that pause and promote trials share: the trials of a rung, and the way of every trial.

A trial is sent to a rung when it is planned or promoted, and arrives there when the job that leads there is over for
good: with a value, or failed. An attempt that was interrupted, or that failed and will be made again, is no arrival.
"""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass, field
from typing import NamedTuple

from hpotune.events import JobEnded, TrialStopped
from hpotune.history import History, Trial
from hpotune.schedulers.standings import Entry, Standings, holds, take_out


@dataclass(slots=True)
class Rung:
    """The trials of one rung.

    standings  all that have arrived
    waiting    those of them that may still be promoted: their loss is finite, and they have not been
    kept       paused ones whose checkpoint is on disk and has not been given up, promoted ones excepted
    """

    standings: Standings = field(default_factory=Standings)
    waiting: list[Entry] = field(default_factory=list)
    kept: list[Entry] = field(default_factory=list)

    def arrive(self, trial: int, loss: float, *, pauses: bool) -> None:
        """A trial has come here; it `pauses` unless it failed."""
        self.standings.enter(trial, loss)
        if math.isfinite(loss):
            insort(self.waiting, (loss, trial))
        if pauses:
            insort(self.kept, (loss, trial))

    def entry(self, trial: int) -> Entry:
        """The entry of a trial that has arrived."""
        return (self.standings.losses[trial], trial)

    def promote(self, trial: int) -> None:
        """A trial goes on from here; it keeps its place in the standings."""
        take_out(self.waiting, self.entry(trial))
        take_out(self.kept, self.entry(trial))

    def give_up(self, trial: int) -> None:
        """The checkpoint of a trial is gone, or about to go."""
        take_out(self.kept, self.entry(trial))

    def keeps(self, trial: int) -> bool:
        """Whether a trial has its checkpoint."""
        return holds(self.kept, self.entry(trial))


class Place(NamedTuple):
    """A rung: its bracket, from 0 in the order of opening, and its index there, from 0 for the lowest."""

    bracket: int
    rung: int


@dataclass(slots=True)
class Traffic:
    """Where every trial is, or is on its way to.

    under_way  trials on their way; order does not matter
    failed     trials that failed on the way to their place: a resume may revive them
    to_pause   trials that have arrived, and are still to be paused
    sign       value = sign * loss
    best       the best trial as it stands
    """

    place: dict[int, Place] = field(default_factory=dict)
    under_way: set[int] = field(default_factory=set)
    failed: dict[int, None] = field(default_factory=dict)
    to_pause: dict[int, None] = field(default_factory=dict)
    sign: float = 1.0
    best: int | None = None

    def see(self, history: History) -> None:
        """Note what any event may have changed."""
        self.sign = history.sign
        self.best = None if history.best is None else history.best.number

    def send(self, trial: int, place: Place) -> None:
        """A trial is on its way."""
        self.place[trial] = place
        self.under_way.add(trial)

    def arrival(self, event: JobEnded | TrialStopped, history: History) -> Trial | None:
        """The trial that has arrived with this event, if one has."""
        trial = history.trials[event.trial]
        at_rest = trial.state in ("completed", "failed", "stopped") and trial.number not in history.open
        if trial.number not in self.under_way or not at_rest:
            return None
        self.under_way.discard(trial.number)
        if trial.state == "failed":
            self.failed[trial.number] = None
        return trial

    def revived(self, history: History) -> list[int]:
        """The failed trials that a resume tries again: they are on their way once more."""
        again = [trial for trial in self.failed if history.trials[trial].state != "failed"]
        for trial in again:
            del self.failed[trial]
            self.under_way.add(trial)
        return again
