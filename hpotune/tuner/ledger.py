"""`Ledger`: where every event is appended before it is folded, and from which the next action is decided.

It is the one place where the history, the scheduler's state and the record of events move, always in this order:
append, fold, step. The loop of a run and the ask-and-tell `Tuner` both stand on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from hpotune import events as ev
from hpotune.causes import Cause
from hpotune.errors import StudyError
from hpotune.events import Budget, Event
from hpotune.history import NOTHING_LEFT, History, JobView, Trial
from hpotune.schedulers import Drop, Pause, Promote, Stop, must_end, room, target_reached
from hpotune.searchers import Exhausted
from hpotune.strategies import Strategy, resolve
from hpotune.tuner.actions import Action, Finish, Launch, Propose, Wait
from hpotune.tuner.decide import decide
from hpotune.tuner.decisions import decision, proposal_decision
from hpotune.tuner.propose import Planned, propose


class Sink(Protocol):
    """Where events are kept: the journal of a run, or a list."""

    def append(self, n: int, event: Event) -> None:
        """Keep event number `n`. It is on its way to safety before anything is made of it."""
        ...


class Memory:
    """A sink that keeps the events in a list."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, n: int, event: Event) -> None:
        """Keep the event."""
        del n
        self.events.append(event)


class Ledger:
    """The state of a study in progress. `history` is for reading; it moves through `append` alone.

    `watch` is told of every event that was appended, once it is folded. `clock` gives the seconds since the session
    began, which every event notes under `measured`; without one nothing is noted. In `virtual` time, in which computing
    takes none, every proposal may be made inside the loop.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        watch: Callable[[int, Event], None] | None = None,
        clock: Callable[[], float] | None = None,
        virtual: bool = False,
    ) -> None:
        self.history = History()
        self._sink = sink
        self._watch = watch
        self._clock = clock
        self._virtual = virtual
        self._strategy: Strategy
        self._state: Any = None
        self._proposing: Propose | None = None

    def append(self, event: Event) -> None:
        """Keep an event, then take it in."""
        n = self.history.n + 1
        if self._clock is not None:
            event = event._replace(measured={"at": round(self._clock(), 3), **event.measured})
        self._sink.append(n, event)
        self._take_in(event)
        if self._watch is not None:
            self._watch(n, event)

    def replay(self, events: Iterable[Event]) -> None:
        """Take in events that the sink has already."""
        for event in events:
            self._take_in(event)

    def _take_in(self, event: Event) -> None:
        self.history.fold(event)
        if isinstance(event, ev.StudyStarted):
            self._adopt()
            self._state = self._strategy.scheduler.initial()
        elif isinstance(event, ev.StudyResumed) and event.study is not None:
            self._adopt()
        self._state = self._strategy.scheduler.step(self._state, event, self.history)

    def _adopt(self) -> None:
        self._strategy = resolve(self.history.study)
        self.history.levels = tuple(_doubling(self._strategy.scheduler.levels))

    @property
    def levels(self) -> tuple[Budget, ...]:
        """The budgets at which the scheduler decides about trials."""
        return self._strategy.scheduler.levels

    def check_report(self, job: JobView, budget: Budget | None) -> None:
        """Refuse the first report of an attempt if it names no budget, and trials are judged by their reports.

        Raises:
            StudyError: it does not, and they are.
        """
        if budget is None and job.points is None and self._strategy.scheduler.needs_reports:
            study = self.history.study
            key = study.budget.key or study.budget.name if study.budget else "epoch"
            words = "this strategy stops trials by their reports, but a report of the script names no budget"
            remedy = f"print it on the line of the metric, such as `{key}=3 {study.metric.name}=0.5`"
            raise StudyError([study.problem(("strategy",), words, remedy)])

    @property
    def quick_proposals(self) -> bool:
        """Whether the searcher may be asked inside the loop, since it answers in microseconds of the loop's time."""
        return self._virtual or self._strategy.quick

    def next_action(self) -> Action:
        """The action that comes first now. While a proposal is out, its slot stays reserved for it."""
        action = self.decide()
        if self._proposing is not None:
            reserved_last = len(self.history.open) >= self.history.workers - 1
            if isinstance(action, Propose) or (isinstance(action, Launch) and reserved_last):
                return Wait()
        return action

    def decide(self) -> Action:
        """The pure decision, whether or not a proposal is out."""
        return decide(self.history, self._strategy.scheduler, self._state)

    def begin_proposal(self, action: Propose) -> Proposing:
        """Reserve the slot and take the snapshot on which a proposal is computed, inside the loop or outside of it."""
        self._proposing = action
        return Proposing(self.history, self._strategy, action)

    def end_proposal(self, proposing: Proposing, answer: Planned | Exhausted) -> None:
        """Enter the answer, unless the study has been ending since, or promotions have used up the budget: then it will
        be asked anew, if at all.
        """
        self.give_up_proposal()
        if self._ending() or not room(self.history).takes_new(proposing.action.budget):
            return
        self.append(proposal_decision(proposing.action, answer, proposing.saw))

    def give_up_proposal(self) -> None:
        """Free the slot of the proposal that is out: it was answered, or failed."""
        self._proposing = None

    def _ending(self) -> bool:
        history = self.history
        return (
            history.finished is not None or history.draining or must_end(history) is not None or target_reached(history)
        )

    def enter(self, action: Launch | Stop | Pause | Promote | Drop | Finish) -> None:
        """Append the decision that an action stands for."""
        self.append(decision(action, self.history.n))

    def stops(self) -> Iterator[int]:
        """Carry out the stops that are due now, and pauses that come before them; gives the trials that are stopped."""
        while isinstance(action := self.next_action(), Stop | Pause):
            self.enter(action)
            if isinstance(action, Stop):
                yield action.trial

    def judged(self, ended: ev.JobEnded) -> ev.JobEnded:
        """The end of an attempt as it counts: a stopped trial is stopped whatever its exit, and what says `completed`
        may still lack a value to show for it. An attempt that goes on from a checkpoint may find nothing left to train:
        then what the attempt before had reported stands; if it had not come so far, the job begins from nothing.
        """
        trial = self.history.trials[ended.trial]
        if trial.state == "stopped":
            return ended._replace(outcome="stopped", cause=None)
        job = trial.jobs[-1]
        if ended.outcome != "completed" or (job.points is None and job.has_been_there):
            return ended
        if job.points is None and job.leads_nowhere:
            return ended._replace(outcome="interrupted", cause=NOTHING_LEFT)
        if fault := missing_value(trial, self.history.study.metric.use):
            return ended._replace(outcome="failed", cause=fault)
        return ended


class Proposing:
    """A proposal that is being computed, on the history as it was when it was asked for."""

    def __init__(self, history: History, strategy: Strategy, action: Propose) -> None:
        self.action = action
        self.saw = history.n
        self._study = history.study
        self._observations = history.observations(results=strategy.learns)
        self._strategy = strategy

    def compute(self) -> Planned | Exhausted:
        """Ask for the configuration. Pure: nothing of the tuner is touched."""
        return propose(
            self._study,
            self._strategy.searcher,
            self._observations,
            self.action.budget,
            try_default=self._strategy.takes_default,
        )


def _doubling(levels: Iterable[Budget]) -> Iterator[Budget]:
    """Those levels that are at least twice the one before: every rung, and of frequent checks a few."""
    last: Budget = 0
    for level in levels:
        if level >= 2 * last:
            yield level
            last = level


def missing_value(trial: Trial, use: str) -> Cause | None:
    """Why a job that came to its end in order has no value all the same: `no_metric`, `nan`; None if it has one."""
    losses = [loss for _, loss in trial.jobs[-1].reports()]
    if not losses:
        return "no_metric"
    counted = losses[-1:] if use == "last" else losses
    return None if any(math.isfinite(loss) for loss in counted) else "nan"
