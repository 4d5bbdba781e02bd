"""One trial, the jobs that were done on it, and the one reduction of a trial to a value.

Notation
    loss      the metric, minimised: its value when the goal is `minimize`, minus its value when it is `maximize`
    points    the view of one job: [budget_0, loss_0, budget_1, loss_1, ...] of its latest attempt, as doubles;
              a budget of nan marks a report that named none
    view      what decisions and `best` see: the points of all jobs of a trial. Reports of an attempt that was
              interrupted or retried leave it; the next attempt gives them anew. Those below the first that it gives
              come back, since it has gone on from a checkpoint beyond them
    reached   the budget to which a trial's value belongs (None without budgets)
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from itertools import chain
from sys import intern
from typing import Literal

from hpotune.events import Budget, Origin, Outcome, TrialPlanned

# An attempt that takes the whole tuner down with it this often in a row, without a report, is not tried again.
MAX_CRASHES = 3
# Why an attempt counts as interrupted that ended well and had nothing to report: its checkpoint had it all behind it.
NOTHING_LEFT = "nothing_left"

State = Literal["planned", "running", "paused", "completed", "stopped", "failed"]


class JobView:
    """One stretch of a trial's training, from budget `start` to budget `to`, as its latest attempt stands."""

    __slots__ = (
        "attempt", "cut", "failure", "fresh", "kept", "level", "outcome", "points", "repeated", "seconds", "start",
        "started", "to",
    )  # fmt: skip

    def __init__(self, start: Budget | None, to: Budget | None) -> None:
        self.start = start
        self.to = to
        self.attempt = 0
        self.points: array[float] | None = None  # None until the first report
        self.kept: array[float] | None = None  # the points of the attempt before
        self.outcome: Outcome | None = None  # None while the attempt is out
        self.started = False
        self.seconds = 0.0  # of all attempts
        self.failure: str | None = None  # why its last attempt that failed did so
        self.fresh = False  # whether its latest attempt had no checkpoint to go on from
        self.repeated = False  # whether the next attempt must have none, since going on from it led nowhere
        self.cut = False  # whether the attempt before was interrupted
        self.level = 0  # the place of the next level of the schedule that it comes to

    def begin(self, attempt: int, start: Budget | None, *, fresh: bool, level: int) -> None:
        """Another attempt is planned; nothing is known of it."""
        self.attempt, self.start, self.fresh, self.level = attempt, start, fresh, level
        self.cut = self.started and self.outcome in ("interrupted", "lost")
        self.points = self.outcome = None
        self.started = self.repeated = False
        if fresh:
            self.kept = None

    def set_aside(self) -> None:
        """Its reports leave the view."""
        self.kept, self.points = self.points or self.kept, None

    def bring_back(self, below: float = math.inf) -> array[float]:
        """What the attempt before had reported below a budget comes back into the view, which is returned."""
        kept = self.kept or ()
        pairs = (kept[i : i + 2] for i in range(0, len(kept), 2) if kept[i] < below)
        self.points = array("d", chain.from_iterable(pairs))
        return self.points

    @property
    def has_been_there(self) -> bool:
        """Whether the attempt before had reported at the end of the job, so that there is nothing left to train."""
        return self.to is not None and self.kept is not None and any(at >= self.to for at in self.kept[::2])

    @property
    def leads_nowhere(self) -> bool:
        """Whether an end without a report is likely to be its checkpoint's fault: an earlier attempt had trained."""
        return self.to is not None and not self.fresh and (self.cut or self.kept is not None)

    def add(self, budget: Budget | None, loss: float) -> float:
        """Enter one report. The least finite loss that has come into the view with it; inf if there is none."""
        points, first = self.points, 0 if self.points is None else len(self.points)
        if points is None:
            points = self.bring_back(-math.inf if budget is None else budget)
        points.append(math.nan if budget is None else budget)
        points.append(loss)
        return min(filter(math.isfinite, points[first + 1 :: 2]), default=math.inf)

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

    def untrained(self, least: Budget) -> float:
        """How much of the budget that it was planned to spend lies beyond its last report. Without one it counts as
        trained for the `least` budget there is: a script that always fails must come to an end.
        """
        if self.to is None:
            return 0
        start = self.start or 0
        return max(0, self.to - max(self.furthest or start + least, start))

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
    found, furthest = math.inf, -math.inf
    for job in trial.jobs:
        end = job.to if job.outcome == "completed" else None
        for at, loss in job.reports():
            place = end if at is None else at
            if not math.isfinite(loss) or (budget is not None and (place is None or place > budget)):
                continue
            # The last is the furthest: a job that had to start from 0 comes by where others have been.
            if use == "last" and (place is None or place >= furthest):
                found, furthest = loss, furthest if place is None else place
            elif use == "best":
                found = min(found, loss)
    return found if math.isfinite(found) else None


def rank(trial: Trial) -> tuple[float, float]:
    """Sorts the best trial first: the highest budget reached, then the least loss; nothing to show comes last."""
    if trial.loss is None:
        return (math.inf, math.inf)
    return (-(trial.budget or 0), trial.loss)
