"""The learning curves that a run has recorded, and the scripts that train along them again.

Notation
    points    (budget, value, seconds) of one trial, budgets ascending: what it had reported there, and how long it had
              trained by then, over all its jobs. Before the first lies (0, -, 0)
    known_to  the budget of the last point; beyond it the run does not know the trial

Between two points value and seconds lie on the straight line. Beyond the last one the value stays as it was and time
goes on at the mean pace: a guess, which is noted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hpotune import events as ev
from hpotune.events import Budget, Event
from hpotune.history import History, Trial
from hpotune.protocol import budget_keys
from hpotune.run.simulator.executor import End, Script
from hpotune.study import Study
from hpotune.tuner import Job


class Point(NamedTuple):
    """What was reported at a budget, and the seconds of training until then."""

    budget: float
    value: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Curve:
    """What the run knows of one trial. `failed_at`: how many seconds of training its failure took; None: it has not."""

    trial: int
    config: Mapping[str, Any]
    points: tuple[Point, ...]
    failed_at: float | None = None

    @property
    def known_to(self) -> float:
        """The last budget with a value."""
        return self.points[-1].budget if self.points else 0.0

    def seconds(self, budget: float) -> float:
        """Seconds of training up to a budget."""
        if budget > self.known_to:
            return self.points[-1].seconds * budget / self.known_to if self.points else 0.0
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
    unit of budget counts as a second.
    """
    history, clock = History(), _Times()
    for event in events:
        history.fold(event)
        clock.see(event)
    timed = any(times.seconds for times in clock.of.values())
    found = (_curve(trial, clock, timed=timed) for trial in history.trials)
    return history, [curve for curve in found if curve is not None], timed


@dataclass(slots=True)
class _Attempt:
    """When the reports of an attempt came, in seconds after its start, and how long it took; 0: not known."""

    began: float | None = None
    reports: list[tuple[Budget | None, float, float | None]] = field(default_factory=list)
    seconds: float = 0.0


class _Times:
    """The newest attempt of every job."""

    def __init__(self) -> None:
        self.of: dict[tuple[int, int], _Attempt] = {}

    def see(self, event: Event) -> None:
        match event:
            case ev.JobPlanned():
                self.of[event.trial, event.job] = _Attempt()
            case ev.JobStarted():
                self._attempt(event).began = event.measured.get("at")
            case ev.Reported(late=False):
                attempt, at = self._attempt(event), event.measured.get("at")
                after = None if at is None or attempt.began is None else float(at) - attempt.began
                attempt.reports.append((event.budget, event.value, after))
            case ev.JobEnded():
                attempt, at = self._attempt(event), event.measured.get("at")
                measured = 0.0 if at is None or attempt.began is None else float(at) - attempt.began
                attempt.seconds = float(event.measured.get("seconds", measured))

    def _attempt(self, event: ev.JobStarted | ev.Reported | ev.JobEnded) -> _Attempt:
        return self.of.setdefault((event.trial, event.job), _Attempt())


def _curve(trial: Trial, clock: _Times, *, timed: bool) -> Curve | None:
    points: list[Point] = []
    trained = 0.0  # seconds, over the jobs so far
    for number, job in enumerate(trial.jobs):
        attempt = clock.of.get((trial.number, number), _Attempt())
        if job.points is None and trial.state != "failed":  # it was cut off: nothing of it counts
            break
        start = float(job.start or 0)
        points = [point for point in points if point.budget <= start]  # the rest is trained anew
        trained = points[-1].seconds if points else 0.0
        points += _points(attempt, start, job.to, trained, timed=timed)
        trained += attempt.seconds if timed else float(job.to or 0) - start
    failed_at = trained if trial.state == "failed" else None
    if failed_at is not None and points and points[-1].budget >= (trial.jobs[-1].to or 0):
        del points[-1]  # it came to its end and failed there: that value did not count
    if not points and failed_at is None:
        return None
    return Curve(trial.number, trial.config, tuple(points), failed_at)


def _points(attempt: _Attempt, start: float, to: Budget | None, trained: float, *, timed: bool) -> list[Point]:
    """The points of one job, which begins at `start` after so many seconds of training."""
    points: list[Point] = []
    length = (float(to or 0) - start) or 1.0
    for at, value, after in attempt.reports:
        budget = float(at) if at is not None else float(to or 0) if value == attempt.reports[-1][1] else None
        if budget is None or budget <= (points[-1].budget if points else start):
            continue
        share = min((budget - start) / length, 1.0)
        seconds = (attempt.seconds * share if after is None else after) if timed else budget - start
        points.append(Point(budget, value, max(trained + seconds, points[-1].seconds if points else trained)))
    if points and timed and points[-1].budget == to:  # the way out is part of the job
        points[-1] = points[-1]._replace(seconds=max(points[-1].seconds, trained + attempt.seconds))
    return points


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
        began = curve.seconds(start)
        fails = curve.failed_at is not None and to > curve.known_to
        budgets: list[Budget] = [_plain(point.budget) for point in curve.points if start < point.budget < to]
        if not fails:
            budgets.append(to)
        output = [(curve.seconds(budget) - began, self._line(curve, budget)) for budget in budgets]
        if fails and curve.failed_at is not None:
            return Script(output, End(max(curve.failed_at - began, output[-1][0] if output else 0.0), code=1))
        return Script(output, End(output[-1][0]))

    def _line(self, curve: Curve, budget: Budget) -> bytes:
        value = json.dumps(curve.value(budget))
        return f"{{{self._budget}: {json.dumps(budget)}, {self._metric}: {value}}}\n".encode()


def _plain(budget: float) -> Budget:
    return int(budget) if budget.is_integer() else budget
