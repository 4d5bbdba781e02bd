"""One trial, the jobs that were done on it, and the one reduction of a trial to a value.

Notation
    loss      the metric, minimised: its value when the goal is `minimize`, minus its value when it is `maximize`
    points    the view of one job: [budget_0, loss_0, budget_1, loss_1, ...] of its latest attempt, as doubles;
              a budget of nan marks a report that named none
    view      what decisions and `best` see: the points of all jobs of a trial. Reports of an attempt that was
              interrupted or retried leave it; the next attempt gives them anew
    reached   the budget to which a trial's value belongs (None without budgets)
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from sys import intern
from typing import Literal

from hpotune.events import Budget, Origin, Outcome, TrialPlanned

State = Literal["planned", "running", "paused", "completed", "stopped", "failed"]


class JobView:
    """One stretch of a trial's training, from budget `start` to budget `to`, as its latest attempt stands."""

    __slots__ = (
        "attempt", "failure", "fresh", "level", "outcome", "points", "repeated", "seconds", "start", "started", "to",
    )  # fmt: skip

    def __init__(self, start: Budget | None, to: Budget | None) -> None:
        self.start = start
        self.to = to
        self.attempt = 0
        self.points: array[float] | None = None  # None until the first report
        self.outcome: Outcome | None = None  # None while the attempt is out
        self.started = False
        self.seconds = 0.0  # of all attempts
        self.failure: str | None = None  # why its last attempt that failed did so
        self.fresh = False  # whether its latest attempt had no checkpoint to go on from
        self.repeated = False  # whether the one before had failed the same way
        self.level = 0  # the place of the next level of the schedule that it comes to

    def add(self, budget: Budget | None, loss: float) -> None:
        """Enter one report."""
        if self.points is None:
            self.points = array("d")
        self.points.append(math.nan if budget is None else budget)
        self.points.append(loss)

    def reports(self) -> Iterator[tuple[float | None, float]]:
        """The (budget, loss) pairs of the view, oldest first."""
        points = self.points or ()
        for i in range(0, len(points), 2):
            budget = points[i]
            yield (None if math.isnan(budget) else budget), points[i + 1]

    @property
    def last(self) -> tuple[float | None, float] | None:
        """The newest (budget, loss) of the view."""
        if not self.points:
            return None
        budget, loss = self.points[-2:]
        return (None if math.isnan(budget) else budget), loss

    @property
    def furthest(self) -> float | None:
        """The largest budget reported in the view."""
        return max((budget for budget, _ in self.reports() if budget is not None), default=None)


class Trial:
    """One configuration, and everything that was done with it.

    State `planned` means that something is due for it: its first launch, or another attempt.
    """

    __slots__ = (
        "budget", "cause", "config", "crashes", "dropped", "failures", "jobs", "loss", "number", "origin", "record",
        "replicate", "state", "zero_based",
    )  # fmt: skip

    def __init__(self, number: int, planned: TrialPlanned) -> None:
        self.number = number
        self.config = {intern(name): value for name, value in planned.config.items()}
        self.origin: Origin = planned.origin
        self.replicate = planned.replicate
        self.record = planned.record
        self.state: State = "planned"
        self.cause: str | None = None  # why it failed
        self.jobs: list[JobView] = []
        self.loss: float | None = None  # its value at `budget`, once a job has ended well or was stopped
        self.budget: Budget | None = None
        self.failures = 0  # attempts of the present job that failed
        self.crashes = 0  # attempts in a row that took the tuner with them, without a report
        self.dropped = False  # whether its checkpoint has been deleted
        self.zero_based: bool | None = None  # whether the script counts its budget from 0; None: not known yet

    @property
    def seconds(self) -> float:
        """The running time of all its attempts."""
        return sum(job.seconds for job in self.jobs)


def trial_loss(trial: Trial, use: str, budget: float | None = None) -> float | None:
    """The value of a trial at a budget: the last or the best finite report of the view at a budget no larger.

    Without `budget` every report counts. A report that names no budget counts as made at the end of its job, once
    that job has ended well. None if there is no such report.
    """
    found: float | None = None
    for job in trial.jobs:
        end = job.to if job.outcome == "completed" else None
        for at, loss in job.reports():
            place = end if at is None else at
            if not math.isfinite(loss) or (budget is not None and (place is None or place > budget)):
                continue
            if found is None or use == "last" or loss < found:
                found = loss
    return found


def rank(trial: Trial) -> tuple[float, float]:
    """Sorts the best trial first: the highest budget reached, then the least loss; nothing to show comes last."""
    if trial.loss is None:
        return (math.inf, math.inf)
    return (-(trial.budget or 0), trial.loss)
