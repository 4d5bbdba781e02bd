"""Journals of every valid shape: trials that are launched, retried, interrupted, promoted, stopped and revived in any
order, with late reports and events of stale attempts among them.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field

from histories import Tale
from hypothesis import strategies as st

from hpotune import events as ev
from hpotune.history import MAX_CRASHES

VALUES = [0.0, 1.0, 1.0, 2.0, 2.0, math.nan, math.inf, -math.inf]
CAUSES = ["exit", "nan", "timeout"]
WAYS: list[tuple[ev.Outcome, str | None]] = [
    *[("completed", None)] * 6,
    *[("failed", cause) for cause in CAUSES],
    *[("interrupted", "tuner_died"), ("interrupted", "time"), ("lost", "gone")],
]


@dataclass
class Teller:
    """Takes valid steps of a run; keeps its own books."""

    tale: Tale
    budgets: list[int] | None  # the rungs
    retries: int
    running: list[int] = field(default_factory=list)
    planned: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    stopped: set[int] = field(default_factory=set)
    jobs: Counter[int] = field(default_factory=Counter)
    failures: Counter[int] = field(default_factory=Counter)
    crashes: Counter[int] = field(default_factory=Counter)
    reported: dict[int, list[float]] = field(default_factory=dict)

    def to(self, trial: int) -> int | None:
        return None if self.budgets is None else self.budgets[self.jobs[trial]]

    def plan(self) -> None:
        self.planned.append(self.tale.plan(budget=None if self.budgets is None else self.budgets[0]))

    def launch(self, trial: int) -> None:
        for due in (self.planned, self.again):
            if trial in due:
                due.remove(trial)
        self.tale.launch(trial, to=self.to(trial), job=self.jobs[trial])
        self.running.append(trial)
        self.reported[trial] = []

    def report(self, trial: int, budget: float | None, value: float) -> None:
        if trial in self.stopped:
            job, attempt = self.tale._attempts[trial]
            self.tale.tell(ev.Reported(trial, job, attempt, budget, value, late=True))
        else:
            self.tale.report(trial, value, budget)
            self.reported[trial].append(value)

    def stale(self, trial: int, value: float) -> None:
        """Events of an attempt or a job that is not out."""
        job, attempt = self.tale._attempts[trial]
        for identity in ((trial, job, attempt + 1), (trial, job + 1, attempt), (trial, job, attempt - 1)):
            self.tale.tell(ev.Reported(*identity, 1, value), ev.JobStarted(*identity, "local"))
            self.tale.tell(ev.JobEnded(*identity, "completed"))

    def end(self, trial: int, outcome: ev.Outcome, cause: str | None) -> None:
        self.running.remove(trial)
        if trial in self.stopped:
            outcome, cause = "stopped", None
        elif outcome == "completed" and not any(map(math.isfinite, self.reported[trial])):
            outcome, cause = "failed", "no_metric"  # as `judged` has it
        self.tale.end(trial, outcome, cause)
        if outcome == "completed":
            self.crashes[trial] = 0
            self.settled.append(trial)
        elif outcome == "failed":
            self._failed(trial)
        elif outcome in ("interrupted", "lost"):
            self._interrupted(trial, cause)

    def _failed(self, trial: int) -> None:
        self.crashes[trial] = 0
        if self.failures[trial] < self.retries:
            self.failures[trial] += 1
            self.again.append(trial)

    def _interrupted(self, trial: int, cause: str | None) -> None:
        if self.reported[trial]:
            self.crashes[trial] = 0
        elif cause == "tuner_died":
            self.crashes[trial] += 1
        if self.crashes[trial] < MAX_CRASHES:
            self.again.append(trial)

    def promote(self, trial: int) -> None:
        self.settled.remove(trial)
        self.tale.tell(ev.TrialPaused(trial, {}, self.tale.history.n))
        self.jobs[trial] += 1
        self.failures[trial] = 0
        self.tale.tell(ev.TrialPromoted(trial, self.to(trial) or 0, {}, self.tale.history.n))
        self.launch(trial)

    def stop(self, trial: int) -> None:
        self.stopped.add(trial)
        self.tale.tell(ev.TrialStopped(trial, {}, self.tale.history.n))

    def resume(self, retry: list[str]) -> None:
        for trial in list(self.running):
            self.end(trial, "interrupted", "tuner_died")
        revived = [trial.number for trial in self.tale.history.trials if trial.state == "failed"]
        revived = [number for number in revived if self.tale.history.trials[number].cause in retry]
        self.tale.tell(ev.StudyResumed([], retry_failed=retry))
        for number in revived:
            self.again.append(number)
            self.failures[number] = self.crashes[number] = 0


@st.composite
def stories(draw: st.DrawFn) -> tuple[Tale, int, str]:
    """A run, how many retries it grants, and which report of a trial counts.

    The steps come from a seed: drawn one by one by hypothesis they would be much alike, and few trials would come far.
    """
    retries, use = draw(st.integers(0, 2)), draw(st.sampled_from(["last", "best"]))
    budgets = draw(st.sampled_from([None, [3, 9, 27]]))
    tale = Tale(
        workers=3,
        metric={"name": "loss", "goal": draw(st.sampled_from(["minimize", "maximize"])), "use": use, "target": 0.5},
        trial={"retries": retries},
        **({"budget": {"name": "epochs", "max": 27}} if budgets else {}),
    )
    teller = Teller(tale, budgets, retries)
    length, chance = draw(st.integers(0, 80)), random.Random(draw(st.integers(0, 2**32)))
    for _ in range(length):
        _step(chance, teller)
    return tale, retries, use


def _step(chance: random.Random, teller: Teller) -> None:
    actions = ["plan"] if len(teller.planned) < 2 else []
    actions += ["launch"] * 3 if teller.planned or teller.again else []
    actions += ["report"] * 4 + ["end"] * 3 + ["stop", "stale"] if teller.running else []
    actions += ["resume"] if teller.tale.trials else []
    promotable = [t for t in teller.settled if teller.budgets and teller.jobs[t] + 1 < len(teller.budgets)]
    actions += ["promote"] * 2 if promotable else []
    match chance.choice(actions):
        case "plan":
            teller.plan()
        case "launch":
            teller.launch(chance.choice(teller.planned + teller.again))
        case "report":
            trial = chance.choice(teller.running)
            teller.report(
                trial, chance.choice([None, chance.randint(1, teller.to(trial) or 27)]), chance.choice(VALUES)
            )
        case "end":
            teller.end(chance.choice(teller.running), *chance.choice(WAYS))
        case "stop":
            teller.stop(chance.choice(teller.running))
        case "stale":
            teller.stale(chance.choice(teller.running), chance.choice(VALUES))
        case "promote":
            teller.promote(chance.choice(promotable))
        case "resume":
            teller.resume(chance.sample(CAUSES, chance.randint(0, 2)))
