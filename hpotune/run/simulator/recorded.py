"""The learning curves that a run has recorded, and the scripts that train along them again.

Notation
    points    (budget, value, seconds) of one trial, budgets ascending: what it had reported there, and how long it had
              trained by then, over all its jobs. Before the first lies (0, -, 0)
    known_to  the budget of the last point; beyond it the run does not know the trial
    startup, pace, ending  seconds of each job before it trains, for a unit of budget, and after it; see `times`

Between two points value and seconds lie on the straight line. Beyond the last one the value stays as it was and time
goes on at the usual pace: a guess, which is noted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from hpotune.events import Budget, Event
from hpotune.history import History, Trial, reading
from hpotune.protocol import budget_keys
from hpotune.run.simulator.executor import End, Script
from hpotune.run.simulator.times import Stretch, Times, Usual
from hpotune.study import Study
from hpotune.tuner import Job


class Point(NamedTuple):
    """What was reported at a budget, and the seconds of training until then."""

    budget: float
    value: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Curve:
    """What the run knows of one trial.

    Attributes:
        trial: its number.
        config: its configuration.
        points: what it reported.
        failed_at: how many seconds of training its failure took, less than it had had if it failed before it trained
            on; None: it has not failed.
        startup: seconds of each of its jobs before it trains; None: the run does not tell.
        pace: seconds for a unit of budget beyond what is known; None: the mean of what is.
        ending: seconds of each of its jobs after it has trained.
    """

    trial: int
    config: Mapping[str, Any]
    points: tuple[Point, ...]
    failed_at: float | None = None
    startup: float | None = None
    pace: float | None = None
    ending: float = 0.0

    @property
    def known_to(self) -> float:
        """The last budget with a value."""
        return self.points[-1].budget if self.points else 0.0

    def seconds(self, budget: float) -> float:
        """Seconds of training up to a budget."""
        if budget > self.known_to:
            if not self.points:
                return 0.0
            known = self.points[-1].seconds
            return known + (budget - self.known_to) * (known / self.known_to if self.pace is None else self.pace)
        before, after, share = self._around(budget)
        return before.seconds + share * (after.seconds - before.seconds)

    def value(self, budget: float) -> float:
        """The metric at a budget; there is at least one point."""
        if budget >= self.known_to:
            return self.points[-1].value
        before, after, share = self._around(budget)
        if not (math.isfinite(before.value) and math.isfinite(after.value)):
            return after.value if share == 1 else before.value
        return before.value + share * (after.value - before.value)

    def _around(self, budget: float) -> tuple[Point, Point, float]:
        """The points around a budget that is known, and where it lies between them."""
        before = Point(0.0, self.points[0].value if self.points else math.nan, 0.0)
        for after in self.points:
            if after.budget >= budget:
                return before, after, (budget - before.budget) / (after.budget - before.budget)
            before = after
        return before, before, 1.0


def curves(events: Iterable[Event]) -> tuple[History, list[Curve], bool]:
    """What a journal holds: its history, the curves of its trials in their order, and whether times are known.

    A trial of which nothing is known (no report that named its budget, and no failure) has no curve. Without times, a
    unit of budget counts as a second. Where a trial does not tell its startup, pace or ending, it is the median of all
    jobs.
    """
    history, times = History(), Times()
    with reading(history):
        for event in events:
            history.fold(event)
            times.see(event)
    jobs = {trial.number: list(times.stretches(trial)) for trial in history.trials}
    usual = Usual.of(list(chain.from_iterable(jobs.values())))
    found = (_curve(trial, jobs[trial.number], usual) for trial in history.trials)
    return history, [curve for curve in found if curve is not None], times.known


def _curve(trial: Trial, jobs: Sequence[Stretch], usual: Usual) -> Curve | None:
    startup, pace, ending = Usual.of(jobs).otherwise(usual)
    points: list[Point] = []
    trained = 0.0  # seconds, over the jobs so far
    for job in jobs:
        points = [point for point in points if point.budget <= job.start]  # the rest is trained anew
        began = (points[-1].seconds if points else 0.0) - (startup or 0.0)
        for budget, value, after in job.marks:
            points.append(Point(budget, value, max(began + after, points[-1].seconds if points else 0.0)))
        trained = began + job.seconds
    failed_at = trained if trial.state == "failed" else None
    if failed_at is not None and points and points[-1].budget >= (trial.jobs[-1].to or 0):
        del points[-1]  # it came to its end and failed there: that value did not count
    if not points and failed_at is None:
        return None
    return Curve(trial.number, trial.config, tuple(points), failed_at, startup, pace, ending or 0.0)


class Recorded:
    """The scripts of the trials of a run, trained once more: the `behave` of a `VirtualExecutor`.

    Trial k of the simulation is the k-th of the curves.
    """

    def __init__(self, study: Study, pool: Sequence[Curve]) -> None:
        budget = study.budget
        self._pool = pool
        self._metric = json.dumps(study.metric.name)
        self._budget = json.dumps(budget_keys(budget.name, budget.key)[0]) if budget else ""

    def __call__(self, job: Job) -> Script:
        """What the attempt of a job does."""
        curve = self._pool[job.trial_id]
        start, to = job.previous_budget or 0, job.budget or 0
        began = curve.seconds(start) - (curve.startup or 0.0)
        fails = curve.failed_at is not None and to > curve.known_to
        budgets: list[Budget] = [_plain(point.budget) for point in curve.points if start < point.budget < to]
        if not fails:
            budgets.append(to)
        output = [(curve.seconds(budget) - began, self._line(curve, budget)) for budget in budgets]
        if fails and curve.failed_at is not None:
            return Script(output, End(max(curve.failed_at - began, output[-1][0] if output else 0.0), code=1))
        return Script(output, End(output[-1][0] + curve.ending))

    def _line(self, curve: Curve, budget: Budget) -> bytes:
        value = json.dumps(curve.value(budget))
        return f"{{{self._budget}: {json.dumps(budget)}, {self._metric}: {value}}}\n".encode()


def _plain(budget: float) -> Budget:
    return int(budget) if budget.is_integer() else budget
