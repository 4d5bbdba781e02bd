"""A second implementation of the fold, by DESIGN's sentences: it looks at the whole journal again for each question."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from hpotune import events as ev
from hpotune.events import Event


@dataclass
class Attempt:
    """One attempt as the journal tells of it."""

    planned: ev.JobPlanned
    reports: list[tuple[float | None, float]] = field(default_factory=list)
    end: ev.JobEnded | None = None
    started: bool = False
    left: bool = False  # its reports have left the view


@dataclass
class Second:
    """What a journal amounts to, told trial by trial."""

    state: dict[int, str] = field(default_factory=dict)
    cause: dict[int, str] = field(default_factory=dict)
    attempts: defaultdict[int, list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    values: list[tuple[int, float | None, float]] = field(default_factory=list)  # (trial, budget, loss) as they stood
    failures: int = 0

    def view(self, trial: int) -> list[tuple[float | None, bool, list[tuple[float | None, float]]]]:
        """For each job: its budget, whether it ended well, its reports."""
        jobs: defaultdict[int, list[Attempt]] = defaultdict(list)
        for attempt in self.attempts[trial]:
            jobs[attempt.planned.job].append(attempt)
        return [
            (
                attempts[-1].planned.to,
                attempts[-1].end is not None and attempts[-1].end.outcome == "completed",
                [] if attempts[-1].left else reports_of(attempts),
            )
            for attempts in jobs.values()
        ]

    def best(self) -> int | None:
        """The highest budget first, then the least loss; of equal ones the one that was there first."""
        latest = {trial: (-(budget or 0), loss, order) for order, (trial, budget, loss) in enumerate(self.values)}
        return min(latest, key=latest.__getitem__) if latest else None


def reports_of(attempts: list[Attempt]) -> list[tuple[float | None, float]]:
    """The reports of a job's attempts: of an earlier one those below the first of the next, which went on from there.

    A job that ended well without a report has nothing to add to what had been reported before.
    """
    found: list[tuple[float | None, float]] = []
    for attempt in attempts:
        before = [] if attempt.planned.fresh else found
        if attempt.reports:
            first = attempt.reports[0][0]
            below = [(at, loss) for at, loss in before if at is not None and first is not None and at < first]
            found = below + attempt.reports
        else:
            found = before
    ended_well = attempts[-1].end is not None and attempts[-1].end.outcome == "completed"
    return found if attempts[-1].reports or ended_well else []


def loss_of(view: list[tuple[float | None, bool, list[tuple[float | None, float]]]], use: str, at: float | None) -> Any:
    """The value of a trial at a budget, by DESIGN's sentence."""
    placed = [
        (budget if budget is not None else to if ended_well else None, loss)
        for to, ended_well, reports in view
        for budget, loss in reports
        if math.isfinite(loss)
    ]
    eligible = [(place, loss) for place, loss in placed if at is None or (place is not None and place <= at)]
    if not eligible:
        return None
    if use == "best":
        return min(loss for _, loss in eligible)
    last = eligible[0]
    for place, loss in eligible[1:]:
        if place is None or last[0] is None or place >= last[0]:
            last = (last[0] if place is None else place, loss)
    return last[1]


@dataclass
class Retelling:
    """Goes through a journal once, event by event."""

    told: Second
    retries: int
    use: str
    sign: float
    out: dict[tuple[int, int, int], Attempt] = field(default_factory=dict)
    failures: Counter[int] = field(default_factory=Counter)
    crashes: Counter[int] = field(default_factory=Counter)

    def hear(self, event: Event) -> None:
        told = self.told
        match event:
            case ev.TrialPlanned(trial):
                told.state[trial] = "planned"
            case ev.JobPlanned():
                self.launched(event)
            case ev.JobStarted() | ev.Reported() | ev.JobEnded():
                attempt = self.out.get((event.trial, event.job, event.attempt))
                if attempt is not None:
                    self.about(attempt, event)
            case ev.TrialPaused(trial):
                told.state[trial] = "paused"
            case ev.TrialStopped(trial):
                told.state[trial] = "stopped"
            case ev.StudyResumed(retry_failed=causes):
                self.resumed(causes)

    def launched(self, event: ev.JobPlanned) -> None:
        trial = event.trial
        if event.job not in {attempt.planned.job for attempt in self.told.attempts[trial]}:
            self.failures[trial] = 0
        self.out[trial, event.job, event.attempt] = Attempt(event)
        self.told.attempts[trial].append(self.out[trial, event.job, event.attempt])
        self.told.state[trial] = "running"

    def about(self, attempt: Attempt, event: ev.JobStarted | ev.Reported | ev.JobEnded) -> None:
        match event:
            case ev.JobStarted():
                attempt.started = True
            case ev.Reported(budget=budget, value=value, late=False):
                attempt.reports.append((budget, self.sign * value))
            case ev.JobEnded():
                del self.out[event.trial, event.job, event.attempt]
                attempt.end = event
                self.ended(attempt, event)

    def ended(self, attempt: Attempt, event: ev.JobEnded) -> None:
        told, trial = self.told, event.trial
        failed: str | None = None
        if event.outcome == "completed":
            self.crashes[trial] = 0
            told.state[trial] = "completed"
            told.values.append((trial, attempt.planned.to, loss_of(told.view(trial), self.use, None)))
            return
        if event.outcome == "stopped":
            _stopped(told, trial, attempt, self.use)
            return
        if event.outcome == "failed":
            self.crashes[trial] = 0
            self.failures[trial] += 1
            failed = event.cause if self.failures[trial] > self.retries else None
            attempt.left = failed is None
        else:
            attempt.left = True
            crash = event.cause == "tuner_died" and attempt.started
            self.crashes[trial] = 0 if attempt.reports else self.crashes[trial] + crash
            failed = "interrupted" if self.crashes[trial] >= 3 else None
        told.state[trial] = "planned"
        if failed is not None:
            told.state[trial], told.cause[trial] = "failed", failed
            told.failures += 1

    def resumed(self, causes: list[str]) -> None:
        told = self.told
        told.failures = 0
        for trial in [trial for trial, cause in told.cause.items() if cause in causes]:
            del told.cause[trial]
            told.state[trial] = "planned"
            told.attempts[trial][-1].left = True
            self.failures[trial] = self.crashes[trial] = 0


def _stopped(told: Second, trial: int, attempt: Attempt, use: str) -> None:
    """A stopped trial's value belongs to the budget it got to, unless it had got as far before."""
    reached = max((budget for budget, _ in attempt.reports if budget is not None), default=None)
    earlier = [budget or 0 for number, budget, _ in told.values if number == trial]
    loss = loss_of(told.view(trial), use, None)
    if loss is not None and (not earlier or (reached or 0) > max(earlier)):
        told.values.append((trial, reached, loss))


def second(events: list[Event], retries: int, use: str) -> Second:
    told = Second()
    sign = -1.0 if events[0].study["metric"]["goal"] == "maximize" else 1.0
    retelling = Retelling(told, retries, use, sign)
    for event in events:
        retelling.hear(event)
    return told
