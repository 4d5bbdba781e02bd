"""`python -m mf_bench.worker RESULTS TABLES`: the runs that come as JSON lines on standard input, as in `search_bench`.

Time is virtual. A stretch of training takes its budget times the slowness of the configuration; the workers are
asynchronous: whoever is free asks. A run ends when the total budget is spent, counting the part of each stretch under
way that has passed.
"""

from __future__ import annotations

import heapq
import itertools
import math
import statistics
import time
import zlib
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from search_bench import worker
from search_bench.tools import spelt

from mf_bench import problems
from mf_bench.problem import Problem
from mf_bench.tools import Job, Setting, Tool, make

POINTS = 60  # of a curve, in a result
READ_AT = (3.0, 10.0, 30.0)  # full trainings after which a curve is read, so what counts there is kept
ROUNDING = 1e-9


def run_named(job: worker.Job, tables: Path) -> dict[str, Any]:
    """A run on the problem that the job names."""
    return Run(job, problems.get(job.problem, tables)).line()


class Stretch(NamedTuple):
    """A part of a job: where it ends, and what it spends."""

    to: float
    cost: float


@dataclass
class Training:
    """A job at work: the stretches that are left, and when the present one began and will end."""

    job: Job
    number: int  # of its trial, in the order of their beginnings
    slowness: float
    left: list[Stretch]
    begun: float = 0.0
    ends: float = 0.0
    order: int = 0

    def begin(self, now: float, order: int) -> None:
        """Begin the next stretch."""
        self.begun, self.order = now, order
        self.ends = now + self.cost * self.slowness

    @property
    def cost(self) -> float:
        """The budget that the present stretch spends."""
        return self.left[0].cost

    def spent(self, now: float) -> float:
        """What has been spent on the present stretch."""
        return min((now - self.begun) / self.slowness, self.cost)

    def __lt__(self, other: Training) -> bool:
        return (self.ends, self.order) < (other.ends, other.order)


@dataclass
class Incumbent:
    """The trial that reported at the highest budget and, of those, the least loss; `curve`: (spent, its score)."""

    budget: float = 0.0
    least: float = math.inf
    trial: int = -1
    curve: list[tuple[float, float]] = field(default_factory=list)

    def beaten(self, budget: float, loss: float) -> bool:
        """Whether a report is better."""
        return budget > self.budget or (budget == self.budget and loss < self.least)


class Run:
    """A tool at work on a problem with virtual workers."""

    def __init__(self, job: worker.Job, problem: Problem) -> None:
        self._job, self._problem = job, problem
        self._total = float(job.evaluations * problem.high)
        self._tool: Tool = make(job.tool, Setting(problem, job.seed, job.workers, self._total))
        self._running: list[Training] = []
        self._done = 0.0  # budget of the stretches that are over
        self._numbers: dict[Hashable, int] = {}
        self._trained: dict[Hashable, float] = {}
        self._seconds: list[float] = []
        self._counts = {"jobs": 0, "reports": 0, "failed": 0}
        self.incumbent = Incumbent()
        self._play()

    def _play(self) -> None:
        now = 0.0
        while True:
            self._fill(now)
            if not self._running:
                return
            training = heapq.heappop(self._running)
            now = training.ends
            self._done += training.cost
            spent = self._done + sum(each.spent(now) for each in self._running)
            if spent > self._total * (1 + ROUNDING):
                return
            self._arrived(training, now, spent)

    def _fill(self, now: float) -> None:
        """Let every free worker ask."""
        while len(self._running) < self._job.workers:
            begin = time.perf_counter()
            job = self._tool.ask()
            self._seconds.append(time.perf_counter() - begin)
            if job is None:
                return
            self._start(self._training(job), now)

    def _training(self, job: Job) -> Training:
        self._counts["jobs"] += 1
        number = self._numbers.setdefault(job.trial, len(self._numbers))
        start = self._trained.get(job.trial, 0.0) if job.start is None else job.start
        return Training(job, number, self._slowness(job), stretches(self._problem, job, start))

    def _slowness(self, job: Job) -> float:
        """The same for every tool: it depends on the problem, the seed and the configuration."""
        names = (self._job.problem, spelt(job.config))
        rng = np.random.default_rng([3, self._job.seed, *(zlib.crc32(name.encode()) for name in names)])
        return float(rng.lognormal(0.0, worker.SPREAD))

    def _start(self, training: Training, now: float) -> None:
        self._counts["reports"] += 1
        training.begin(now, self._counts["reports"])
        heapq.heappush(self._running, training)

    def _arrived(self, training: Training, now: float, spent: float) -> None:
        """A stretch is over: its loss goes to the tool, and the training goes on or ends."""
        job, budget = training.job, training.left.pop(0).to
        loss = self._problem.loss(job.config, budget, self._job.seed * 1_000_000 + training.number)
        if not math.isfinite(loss):
            self._counts["failed"] += 1
            self._tool.tell(job, budget, math.nan)
            return
        self._trained[job.trial] = max(budget, self._trained.get(job.trial, 0.0))
        self._note(training, budget, loss, spent)
        if training.left and self._tool.report(job, budget, loss):
            self._start(training, now)
        else:
            self._tool.tell(job, budget, loss)

    def _note(self, training: Training, budget: float, loss: float, spent: float) -> None:
        """Keep the incumbent. Its score is asked for only when it is another trial."""
        best = self.incumbent
        if best.beaten(budget, loss):
            if training.number != best.trial:
                best.curve.append((spent / self._problem.high, self._problem.score(training.job.config)))
            best.budget, best.least, best.trial = budget, loss, training.number

    def line(self) -> dict[str, Any]:
        """The fields of the result."""
        return {
            "improvements": [
                (round(at, 4), float(f"{score:.8g}") if math.isfinite(score) else None)
                for at, score in thinned(self.incumbent.curve)
            ],
            **self._counts,
            "trials": len(self._numbers),
            "suggest_seconds": [round(statistics.median(self._seconds), 4), round(sum(self._seconds), 2)],
        }


def stretches(problem: Problem, job: Job, start: float) -> list[Stretch]:
    """The stretches of a job, from where its trial has got to, over its reports, to its end.

    A trial that is to be trained to where it has been already begins anew. Where trainings cannot go on, there are only
    the reports that the tool needs, and each is a training of its own.
    """
    if not problem.resumes:
        return [Stretch(to, to) for to in (*(each for each in job.reports if each < job.to), job.to)]
    start = start if start < job.to else 0.0
    inner = [each for each in job.reports or problem.ladder() if start < each < job.to]
    stops = [start, *inner, job.to]
    return [Stretch(to, to - since) for since, to in itertools.pairwise(stops)]


def thinned(curve: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A curve without the points that change nothing, and with at most POINTS, even on a logarithmic scale."""
    changes = [point for i, point in enumerate(curve) if i == 0 or point[1] != curve[i - 1][1]]
    if len(changes) <= POINTS:
        return changes
    first, last = math.log(max(changes[0][0], 1e-6)), math.log(changes[-1][0])
    marks = [*READ_AT, *(math.exp(first + (last - first) * i / (POINTS - 5)) for i in range(1, POINTS - 4))]
    kept = {0, len(changes) - 1}
    kept.update(max((i for i, (at, _) in enumerate(changes) if at <= mark), default=0) for mark in marks)
    return [changes[i] for i in sorted(kept)]


if __name__ == "__main__":
    worker.serve(run_named)
