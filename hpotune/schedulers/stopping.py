"""Trials in full, but for those that a rule stops on the way: the median rule, and its like for other percentiles.

Notation
    B        a check budget: after, after + every, ... below the largest budget
    best     the least finite loss of a trial's reports at budgets <= B
    mean     the mean of the finite losses of a trial's reports at budgets <= B (its running mean)
    m        trials other than the one that is judged that have come to B, finished or not
    p        the percentile, 50 for the median: of m sorted numbers it is at place (m - 1) p / 100, counted from 0,
             linear between two of them

Golovin et al. 2017 (Vizier), the median automated stopping rule: a trial is stopped at B if its best is strictly worse
than the median of the running means of the others; at least five of them. Vizier compares with completed trials only;
here all that have come to B count, since a full training may be long in coming.

A trial comes to B with its first report at or beyond it, and is judged there, once for each attempt. Non-finite reports
count for nothing; a trial that has no finite report up to B is not judged there, and no measure for others. Of an
attempt that was cut off or failed, the means stand until the next one replaces them.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Literal

from hpotune import events as ev
from hpotune.events import Budget, Event
from hpotune.history import History
from hpotune.schedulers.base import New, Nothing, Room, Stop, Wish
from hpotune.schedulers.standings import is_out, shown

LEAST_OTHERS = 5


@dataclass(slots=True)
class Course:
    """The reports of a trial's present attempt, and the means that it has at the checks, by their index."""

    next: int = 0
    best: float = math.inf
    total: float = 0.0
    count: int = 0
    means: dict[int, float] = field(default_factory=dict)

    def add(self, loss: float) -> None:
        """One more report."""
        if math.isfinite(loss):
            self.best = min(self.best, loss)
            self.total += loss
            self.count += 1


@dataclass(slots=True)
class StoppingState:
    """The sorted means at each check; the trials that may still report; those to be stopped, and why."""

    means: list[array[float]]
    courses: dict[int, Course] = field(default_factory=dict)
    to_stop: dict[int, dict[str, Any]] = field(default_factory=dict)


def checks(after: Budget, every: Budget, maximum: Budget) -> tuple[Budget, ...]:
    """The check budgets: after, after + every, ... below `maximum`, each as exact as its decimals."""
    first, step, end = (Fraction(str(budget)) for budget in (after, every, maximum))
    count = max(0, math.ceil((end - first) / step))
    found = (first + k * step for k in range(count))
    return tuple(int(at) if at.denominator == 1 else float(at) for at in found)


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """Trains every trial to `budget`, unless it is stopped at one of the `levels`.

    levels      the check budgets, ascending, below `budget`
    rule        what it is called in a reason
    percentile  p; a larger one stops fewer trials
    """

    budget: Budget
    levels: tuple[Budget, ...]
    rule: Literal["median", "percentile"] = "median"
    percentile: float = 50.0
    needs_reports: ClassVar[bool] = True

    def initial(self) -> StoppingState:
        """Nothing has been seen."""
        return StoppingState([array("d") for _ in self.levels])

    def step(self, state: StoppingState, event: Event, history: History) -> StoppingState:
        """See `Scheduler`; the state is changed in place."""
        match event:
            case ev.JobPlanned():
                earlier = state.courses.get(event.trial)
                state.courses[event.trial] = Course(means={} if earlier is None else earlier.means)
            case ev.Reported(late=False, budget=int() | float() as budget) if is_out(event, history):
                self._reported(state, event.trial, budget, history.sign * event.value, history.sign)
            case ev.TrialStopped():
                state.to_stop.pop(event.trial, None)
                state.courses.pop(event.trial, None)
            case ev.JobEnded() if event.trial not in history.open:
                state.to_stop.pop(event.trial, None)
                if history.trials[event.trial].state == "completed":
                    state.courses.pop(event.trial, None)
        return state

    def decide(self, state: StoppingState, room: Room) -> Wish:
        """See `Scheduler`."""
        for trial, reason in state.to_stop.items():
            return Stop(trial, reason)
        return New(self.budget) if room.takes_new(self.budget) else Nothing()

    def _reported(self, state: StoppingState, trial: int, budget: Budget, loss: float, sign: float) -> None:
        """The checks below the report's budget see what came before it; one at its budget sees it too."""
        course = state.courses.get(trial)
        if course is None:
            return
        self._check(state, trial, course, bisect_left(self.levels, budget), sign)
        course.add(loss)
        at = bisect_left(self.levels, budget)
        if at < len(self.levels) and self.levels[at] == budget:
            self._check(state, trial, course, at + 1, sign)

    def _check(self, state: StoppingState, trial: int, course: Course, until: int, sign: float) -> None:
        """Come to the checks before number `until`, lowest first, until the trial is to be stopped."""
        for k in range(course.next, until):
            if trial in state.to_stop:
                return
            course.next = k + 1
            if course.count == 0:
                continue
            others = state.means[k]
            _take_out(others, course.means.get(k))
            self._judge(state, trial, course.best, k, sign)
            course.means[k] = max(course.total / course.count, course.best)  # in spite of rounding
            insort(others, course.means[k])

    def _judge(self, state: StoppingState, trial: int, best: float, k: int, sign: float) -> None:
        others = state.means[k]
        if len(others) < LEAST_OTHERS:
            return
        cutoff = percentile_of(others, self.percentile)
        if best > cutoff:
            numbers = {"of": len(others), "cutoff": shown(sign, cutoff), "value": shown(sign, best)}
            if self.rule == "percentile":
                numbers["percentile"] = self.percentile
            state.to_stop[trial] = {"rule": self.rule, "at": self.levels[k], **numbers}


def percentile_of(ascending: array[float], percentile: float) -> float:
    """The percentile of sorted numbers, at least one, linear between two."""
    place = (len(ascending) - 1) * percentile / 100
    low = min(math.floor(place), len(ascending) - 1)
    high = min(low + 1, len(ascending) - 1)
    return min(ascending[low] + (place - low) * (ascending[high] - ascending[low]), ascending[high])


def _take_out(ascending: array[float], number: float | None) -> None:
    if number is not None:
        del ascending[bisect_left(ascending, number)]
