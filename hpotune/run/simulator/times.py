"""When the jobs of a run started, reported and ended, and what a job takes beside its training.

Notation
    b_0       the budget from which a job trains
    b_i, t_i  budget and time of its i-th report of n, both ascending; t in seconds after the start of its process. Of
              reports that were seen at one look at its output only the last counts: it is the one that was not late
    pace      (t_n - t_1) / (b_n - b_1): seconds for a unit of budget; it takes two looks to tell
    startup   max(0, t_1 - (b_1 - b_0) * pace): until it trains
    ending    from the report at the end of the job to the end of its process

Each job is a process of its own, so a trial that is trained in several jobs pays both in each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import NamedTuple, Self

from hpotune import events as ev
from hpotune.events import Budget, Event
from hpotune.history import JobView, Trial

_ONE_LOOK = 0.01  # seconds between reports of one look, at the most; looks are further apart


class Mark(NamedTuple):
    """A report of a job, and the seconds after the start of its process."""

    budget: float
    value: float
    after: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is known of one job.

    Attributes:
        start: the budget from which it trains.
        marks: its reports, budgets ascending.
        seconds: how long its process ran.
        seen: whether the times of its reports are measured; else they are spread evenly.
        whole: whether it ended well, with a report at its end.
    """

    start: float
    marks: tuple[Mark, ...]
    seconds: float
    seen: bool
    whole: bool

    @property
    def _first(self) -> Mark:
        """The last report of the first look."""
        apart = (a for a, b in pairwise(self.marks) if b.after - a.after > _ONE_LOOK)
        return next(apart, self.marks[-1])

    @property
    def pace(self) -> float | None:
        """Seconds for a unit of budget; None: it cannot be told."""
        if not self.seen or not self.marks or self._first is self.marks[-1]:
            return None
        first, last = self._first, self.marks[-1]
        return (last.after - first.after) / (last.budget - first.budget)

    @property
    def startup(self) -> float | None:
        """Seconds until it trains; None: it cannot be told."""
        pace, first = self.pace, self._first if self.marks else None
        return None if pace is None or first is None else max(0.0, first.after - (first.budget - self.start) * pace)

    @property
    def ending(self) -> float | None:
        """Seconds from its last report to its end; None: it cannot be told."""
        return max(0.0, self.seconds - self.marks[-1].after) if self.seen and self.whole else None


class Usual(NamedTuple):
    """What some jobs take at the median, in seconds; None: none of them tells."""

    startup: float | None
    pace: float | None
    ending: float | None

    @classmethod
    def of(cls, jobs: Sequence[Stretch]) -> Self:
        """What these jobs tell."""
        return cls(
            _median(job.startup for job in jobs), _median(job.pace for job in jobs), _median(job.ending for job in jobs)
        )

    def otherwise(self, other: Usual) -> Usual:
        """This, and what it lacks from another."""
        return Usual(*(b if a is None else a for a, b in zip(self, other, strict=True)))


def _median(seconds: Iterable[float | None]) -> float | None:
    told = [one for one in seconds if one is not None]
    return median(told) if told else None


@dataclass(slots=True)
class _Attempt:
    """When an attempt began, its reports with their seconds after that (None: not known), and how long it took."""

    began: float | None = None
    reports: list[tuple[Budget | None, float, float | None]] = field(default_factory=list)
    seconds: float = 0.0

    def since(self, event: ev.Reported | ev.JobEnded) -> float | None:
        """How long after its start something happened."""
        at = event.measured.get("at")
        return None if at is None or self.began is None else float(at) - self.began


class Times:
    """The newest attempt of every job. `known`: whether the journal tells how long anything took."""

    def __init__(self) -> None:
        self.known = False
        self._of: dict[tuple[int, int], _Attempt] = {}

    def see(self, event: Event) -> None:
        """Take in the next event of a journal."""
        match event:
            case ev.JobPlanned():
                self._of[event.trial, event.job] = _Attempt()
            case ev.JobStarted():
                self._attempt(event).began = event.measured.get("at")
            case ev.Reported(late=False):
                attempt = self._attempt(event)
                attempt.reports.append((event.budget, event.value, attempt.since(event)))
            case ev.JobEnded():
                attempt = self._attempt(event)
                attempt.seconds = float(event.measured.get("seconds", attempt.since(event) or 0.0))
                self.known = self.known or attempt.seconds > 0

    def _attempt(self, event: ev.JobStarted | ev.Reported | ev.JobEnded) -> _Attempt:
        return self._of.setdefault((event.trial, event.job), _Attempt())

    def stretches(self, trial: Trial) -> Iterator[Stretch]:
        """The jobs of a trial, up to one that was cut off: nothing of that counts."""
        for number, job in enumerate(trial.jobs):
            if job.points is None and trial.state != "failed":
                return
            yield self._stretch(job, self._of.get((trial.number, number), _Attempt()))

    def _stretch(self, job: JobView, attempt: _Attempt) -> Stretch:
        start, to = float(job.start or 0), float(job.to or 0)
        seconds = attempt.seconds if self.known else to - start
        marks: list[Mark] = []
        for at, value, after in attempt.reports:
            budget = float(at) if at is not None else to if value == attempt.reports[-1][1] else None
            if budget is None or budget <= (marks[-1].budget if marks else start):
                continue
            share = min((budget - start) / ((to - start) or 1.0), 1.0)
            marks.append(Mark(budget, value, seconds * share if after is None or not self.known else after))
        seen = self.known and all(after is not None for _, _, after in attempt.reports)
        whole = job.outcome == "completed" and bool(marks) and marks[-1].budget == to
        return Stretch(start, tuple(marks), seconds, seen, whole)
