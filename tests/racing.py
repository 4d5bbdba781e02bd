"""A scheduler under `decide`, in virtual time, without a searcher or processes: what a training gives is a function."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hpotune import events as ev
from hpotune.events import Budget, Event
from hpotune.history import History, Trial
from hpotune.schedulers import Drop, Pause, Promote, Room, Scheduler, Stop, Wish, room
from hpotune.tuner import Action, Finish, Interrupt, Launch, Propose, Wait, decide
from hpotune.tuner.decisions import decision
from studies import study as small_study

Loss = Callable[[int, Budget], float]
Fate = Callable[[int, int, int], ev.Outcome]
CONFIG = {"lr": 0.01, "batch": 32}


def fine(trial: int, job: int, attempt: int) -> ev.Outcome:
    """Nothing fails."""
    return "completed"


def seconds(trial: int, to: Budget) -> float:
    """Different for each trial, the same in every run."""
    return to * (1 + (trial * 7919 % 13) / 13)


@dataclass
class Race:
    """The events of a run under one scheduler; `told` may also be driven by hand.

    loss    of a trial at a budget; the metric is minimised unless the study says otherwise
    fate    how the attempt (trial, job, attempt) ends
    reports the budgets of a job's reports; the end of the job by default
    """

    scheduler: Scheduler[Any]
    maximum: Budget
    loss: Loss = lambda trial, budget: float(trial)
    fate: Fate = fine
    workers: int = 1
    minimum: Budget = 1
    study: dict[str, Any] = field(default_factory=dict)
    reports: Callable[[Budget, Budget], list[Budget]] = lambda start, to: [to]
    watch: Callable[[Race, Action], None] | None = None
    seconds: Callable[[int, Budget], float] = seconds

    def __post_init__(self) -> None:
        self.events: list[Event] = []
        self.history = History()
        self.state = self.scheduler.initial()
        self.now = 0.0
        self._out: list[tuple[float, int, Event]] = []
        self._count = 0
        resume = getattr(self.scheduler, "resume", True)
        budget = {"name": "epochs", "min": self.minimum, "max": self.maximum, "resume": resume}
        self.declared = small_study(**{"budget": budget, "limits": {"trials": 10}, **self.study})
        self.tell(ev.StudyStarted(ev.FORMAT, self.declared.to_dict(), 7), ev.Capacity(self.workers))

    # By hand

    def tell(self, *events: Event) -> Race:
        for event in events:
            self.events.append(event)
            self.history.fold(event)
            self.state = self.scheduler.step(self.state, event, self.history)
        return self

    def wish(self, left: Room | None = None) -> Wish:
        return self.scheduler.decide(self.state, room(self.history) if left is None else left)

    def action(self) -> Action:
        return decide(self.history, self.scheduler, self.state)

    def take(self, action: Action) -> None:
        """Carry out one action; a launched job is out from then on."""
        if self.watch is not None:
            self.watch(self, action)
        match action:
            case Propose(trial, budget, reason):
                self.tell(ev.TrialPlanned(trial, CONFIG, "search", self.history.n, budget, reason))
            case Launch() as launch:
                self.tell(
                    decision(launch, self.history.n), ev.JobStarted(launch.trial, launch.job, launch.attempt, "race")
                )
                self._launched(launch)
            case Stop(trial):
                self.tell(decision(action, self.history.n))
                self._later(0, ev.JobEnded(trial, *self.attempt(trial), "stopped"))
            case Pause() | Promote() | Drop() | Finish():
                self.tell(decision(action, self.history.n))
            case Interrupt() | Wait():
                raise AssertionError(action)

    def attempt(self, trial: int) -> tuple[int, int]:
        """The job and the attempt of a trial that is out."""
        return len(self.history.trials[trial].jobs) - 1, self.history.open[trial].attempt

    def plan(self, budget: Budget, reason: dict[str, Any] | None = None) -> int:
        """A new trial, whether or not one is wished for."""
        number = len(self.history.trials)
        self.tell(ev.TrialPlanned(number, CONFIG, "search", self.history.n, budget, reason or {}))
        return number

    def train(
        self, trial: int, start: Budget, to: Budget, loss: float | None, outcome: ev.Outcome = "completed"
    ) -> None:
        """A whole job of a trial, whether or not it is due."""
        self.begin(trial, start, to)
        name = (trial, *self.attempt(trial))
        if loss is not None:
            self.tell(ev.Reported(*name, to, self.history.sign * loss))
        self.tell(ev.JobEnded(*name, outcome, "exit" if outcome == "failed" else None))

    def begin(self, trial: int, start: Budget, to: Budget) -> None:
        """An attempt at a job of a trial is launched: another one at the same job, if it is none of a further one."""
        jobs = self.history.trials[trial].jobs
        again = bool(jobs) and jobs[-1].to == to
        name = (trial, len(jobs) - again, jobs[-1].attempt + 1 if again else 0)
        saw = self.history.n
        self.tell(ev.JobPlanned(*name, start, to, "retry" if again else "first", saw), ev.JobStarted(*name, "race"))

    def settle(self) -> Race:
        """Every pause and drop that is due."""
        while isinstance(wish := self.wish(), Pause | Drop):
            self.take(wish)
        return self

    def ask(self) -> None:
        """Every action that is due now."""
        while not isinstance(action := self.action(), Wait):
            self.take(action)
            if isinstance(action, Finish):
                return

    def end(self, trial: int, loss: float | None = None, outcome: ev.Outcome = "completed") -> None:
        """The job of a trial is over, by hand; then every action that is due."""
        job = self.history.open[trial]
        name = (trial, *self.attempt(trial))
        if loss is not None:
            self.tell(ev.Reported(*name, job.to, self.history.sign * loss))
        self.tell(ev.JobEnded(*name, outcome, "exit" if outcome == "failed" else None))
        self.ask()

    # By itself

    def run(self, most: int = 100_000) -> Race:
        """Until it finishes."""
        for _ in range(most):
            action = self.action()
            if not isinstance(action, Wait):
                self.take(action)
                if isinstance(action, Finish):
                    return self
            else:
                assert self._out, "nothing is out, and nothing is due"
                self.now, _, event = heapq.heappop(self._out)
                self._happen(event)
        raise AssertionError("it does not end")

    def resume(self, *, retry_failed: bool = False, **study: Any) -> Race:
        """A later session, with some keys of the study changed."""
        self.declared = self.declared.replace(**study)
        causes = ["exit"] if retry_failed else []
        self._out.clear()
        self.tell(ev.StudyResumed([], self.declared.to_dict() if study else None, causes))
        for trial in list(self.history.open):
            self.tell(ev.JobEnded(trial, *self.attempt(trial), "interrupted", "tuner_died"))
        return self

    def _launched(self, launch: Launch) -> None:
        name = (launch.trial, launch.job, launch.attempt)
        start, to = launch.start or 0, launch.to or 0
        outcome = self.fate(*name)
        took = self.seconds(launch.trial, to) - self.seconds(launch.trial, start)
        for budget in self.reports(start, to) if outcome == "completed" else []:
            share = (budget - start) / (to - start)
            self._later(took * share, ev.Reported(*name, budget, self.history.sign * self.loss(launch.trial, budget)))
        self._later(took, ev.JobEnded(*name, outcome, "exit" if outcome == "failed" else None))

    def _later(self, after: float, event: Event) -> None:
        self._count += 1
        heapq.heappush(self._out, (self.now + after, self._count, event))

    def _happen(self, event: Event) -> None:
        assert isinstance(event, ev.Reported | ev.JobEnded)
        job = self.history.open.get(event.trial)
        if job is None or self.attempt(event.trial) != (event.job, event.attempt):
            return
        stopped = self.history.trials[event.trial].state == "stopped"
        if stopped:
            event = event._replace(late=True) if isinstance(event, ev.Reported) else event._replace(outcome="stopped")
        elif isinstance(event, ev.JobEnded) and event.outcome == "completed":
            points = list(job.reports())
            if not points or not abs(points[-1][1]) < float("inf"):
                event = event._replace(outcome="failed", cause="nan")
        self.tell(event)

    # What came of it

    def of(self, kind: type[Event]) -> Iterator[Any]:
        return (event for event in self.events if isinstance(event, kind))

    def jobs(self) -> Counter[tuple[Budget, Budget]]:
        """How many jobs went from where to where."""
        return Counter((event.start, event.to) for event in self.of(ev.JobPlanned) if event.attempt == 0)

    def promotions(self) -> list[tuple[int, Budget]]:
        return [(event.trial, event.to) for event in self.of(ev.TrialPromoted)]

    def dropped(self) -> list[int]:
        return [event.trial for event in self.of(ev.CheckpointDropped)]

    def trial(self, number: int) -> Trial:
        return self.history.trials[number]

    def stuck(self) -> list[int]:
        """Trials that have something due for them although nothing is done any more."""
        return [trial.number for trial in self.history.trials if trial.state in ("planned", "running")]


def assert_same_afresh(run: Race) -> None:
    """Every decision of a run follows from the events before it, folded afresh."""
    history, scheduler = History(), run.scheduler
    state = scheduler.initial()
    for event in run.events:
        if isinstance(event, ev.DECISIONS):
            action = decide(history, scheduler, state)
            if isinstance(action, Propose):
                assert isinstance(event, ev.TrialPlanned)
                assert (event.trial, event.budget, event.reason) == (action.trial, action.budget, action.reason)
            else:
                assert not isinstance(action, Wait | Interrupt)
                assert decision(action, history.n) == event
        history.fold(event)
        state = scheduler.step(state, event, history)
    assert state == run.state
