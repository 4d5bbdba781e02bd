"""From what was found in an attempt's output to the reports that enter the journal.

    channel   of source auto, the first channel that reports owns the attempt; the others are counted only
    budget    a script that counts from 0 is shifted by 1; a budget that was reached before is counted only
    volume    the first 1,000 reports enter, then the few that matter

The third rule keeps a journal small whatever a trial prints. With n counting the reports that passed the first two and
1,000 * 2^(k-1) < n <= 1,000 * 2^k, a report enters if 2^k divides n, if it is the first at or above a rung, or if it is
the last. Before it does, the best report so far enters if it has not, and before one at a rung the report that came
right before. So both the last and the best value up to any rung, and up to the end, are in the journal as if all were.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from hpotune.protocol.metrics import Found

Channel = Literal["file", "stdout", "stderr"]
Source: TypeAlias = Literal["auto", "file", "stdout", "stderr"]

_LARGEST_WHOLE = 2.0**53


class Entry(NamedTuple):
    """A report as it enters the journal: a whole budget is an int, None if the line named none."""

    budget: float | None
    value: float
    also: dict[str, float]


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """What is known before the first line.

    source            the study's `metric.source`
    first             the study's `budget.first`: what the script calls its first budget
    zero_based        whether earlier jobs of the trial have shown that the script counts from 0
    previous_budget   what the job goes on from; 0 or None: from nothing
    rungs             budgets at which decisions fall, in any order
    goal_sign         +1 if a smaller value is better, -1 if a larger one is
    max_full          so many reports, at least 1, enter before any is thinned
    """

    source: Source = "auto"
    first: int | None = None
    zero_based: bool | None = None
    previous_budget: float | None = None
    rungs: tuple[float, ...] = ()
    goal_sign: int = 1
    max_full: int = 1000


@dataclass(slots=True)
class Notes:
    """What was noticed on the way.

    zero_based      the script counts its budget from 0, so 1 was added; None: not known
    started_over    a continuing job began again at or below its previous budget
    repeated        its reports up to there, which are not entered again
    duplicates      reports at the budget of the one before
    backwards       reports at a budget below one that was reached, or before any training
    other_channel   reports in a channel that does not count
    thinned         reports that did not enter, being too many
    """

    zero_based: bool | None = None
    started_over: bool = False
    repeated: int = 0
    duplicates: int = 0
    backwards: int = 0
    other_channel: int = 0
    thinned: int = 0

    def as_dict(self) -> dict[str, bool | int]:
        """What there is to note, for the journal: counts above 0, flags that are set, `zero_based` where known."""
        noted: dict[str, bool | int] = {} if self.zero_based is None else {"zero_based": self.zero_based}
        if self.started_over:
            noted["started_over"] = True
        for name in ("repeated", "duplicates", "backwards", "other_channel", "thinned"):
            if count := getattr(self, name):
                noted[name] = count
        return noted


class Intake:
    """The intake of one attempt. `take` what is found, in order; `close` when the output has ended."""

    def __init__(self, settings: IntakeSettings) -> None:
        self.notes = Notes(zero_based=settings.zero_based if settings.first is None else settings.first == 0)
        self._owner: Channel | None = None if settings.source == "auto" else settings.source
        self._previous = max(0.0, settings.previous_budget or 0.0)
        self._reached: float | None = None
        self._first_zero: Found | None = None  # a first 0.0, of which the next report will tell what it means
        self._thinning = _Thinning(settings, self._previous)

    def take(self, channel: Channel, found: Found) -> list[Entry]:
        """The reports that enter now: this one, an earlier one that was held back, both or none."""
        if self._owner is None:
            self._owner = channel
        if channel != self._owner:
            self.notes.other_channel += 1
            return []
        if found.budget is None:
            return self._enter(None, found)
        if found.budget < 0:  # such as the -1 of a check before training
            self.notes.backwards += 1
            return []
        if self._first_zero is not None:
            if found.budget == 0:
                self.notes.duplicates += 1
                return []
            return self._resolve(found.budget) + self._take_counted(found.budget, found)
        if self._reached is None and self.notes.zero_based is None and found.budget == 0:
            if not isinstance(found.budget, int):
                self._first_zero = found
                return []
            self.notes.zero_based = True
        return self._take_counted(found.budget, found)

    def close(self) -> list[Entry]:
        """The reports that were held back and are needed after all."""
        held = self._resolve(None) if self._first_zero is not None else []
        entries = held + self._thinning.close()
        self.notes.thinned = self._thinning.thinned
        return entries

    def _resolve(self, following: float | None) -> list[Entry]:
        """What a first report at 0.0 meant: the first of a count (0.0, 1.0, ...), or a fraction (0.0, 0.02, ...)."""
        found, self._first_zero = self._first_zero, None
        self.notes.zero_based = following is None or float(following).is_integer()
        return self._take_counted(0.0, found) if found is not None else []

    def _take_counted(self, budget: float, found: Found) -> list[Entry]:
        notes = self.notes
        if notes.zero_based:
            budget += 1
        elif notes.zero_based is None and self._reached is None and not self._previous and budget > 0:
            notes.zero_based = False
        before, self._reached = self._reached, budget if self._reached is None else max(self._reached, budget)
        if budget <= self._previous:
            if self._previous and before is None:
                notes.started_over = True
            if notes.started_over:
                notes.repeated += 1
            else:
                notes.backwards += 1
            return []
        if before is not None and budget <= before:
            if budget == before:
                notes.duplicates += 1
            else:
                notes.backwards += 1
            return []
        return self._enter(_whole(budget), found)

    def _enter(self, budget: float | None, found: Found) -> list[Entry]:
        entries = self._thinning.take(Entry(budget, found.value, found.also))
        self.notes.thinned = self._thinning.thinned
        return entries


def _whole(budget: float) -> float:
    """A whole budget as an int."""
    return int(budget) if budget < _LARGEST_WHOLE and budget == int(budget) else budget


class _Thinning:
    """Lets the reports through that matter; see the top of the file. `thinned`: how many have not entered so far."""

    def __init__(self, settings: IntakeSettings, previous: float) -> None:
        self._sign = settings.goal_sign
        self._rungs = sorted(settings.rungs)
        self._next_rung = bisect_right(self._rungs, previous)
        self._until = settings.max_full
        self._stride = 1
        self._count = 0
        self._entered = 0
        self._least = math.inf
        self._best: Entry | None = None  # the best so far and the last, where they have not entered
        self._last: Entry | None = None

    @property
    def thinned(self) -> int:
        return self._count - self._entered

    def take(self, entry: Entry) -> list[Entry]:
        self._count += 1
        at_rung = self._reaches_rung(entry.budget)
        if self._count > self._until:
            self._until *= 2
            self._stride *= 2
        improves = self._sign * entry.value < self._least  # never true of a nan
        if not at_rung and self._count % self._stride:
            if improves:
                self._least = self._sign * entry.value
                self._best = entry
            self._last = entry
            return []
        entries = self._release(last=at_rung)
        if improves:
            self._least = self._sign * entry.value
        self._last = None
        self._entered += 1
        return [*entries, entry]

    def close(self) -> list[Entry]:
        return self._release(last=True)

    def _release(self, *, last: bool) -> list[Entry]:
        """Enter the best if it has not, and the last if it is wanted."""
        held = [] if self._best is None else [self._best]
        if last and self._last is not None and self._last is not self._best:
            held.append(self._last)
        self._best = None
        if last:
            self._last = None
        self._entered += len(held)
        return held

    def _reaches_rung(self, budget: float | None) -> bool:
        if budget is None or self._next_rung == len(self._rungs) or budget < self._rungs[self._next_rung]:
            return False
        self._next_rung = bisect_right(self._rungs, budget, self._next_rung)
        return True
