"""ASHA in its stopping form: every trial is one job up to the largest budget, judged at each rung by its reports.

Notation
    n        trials that have entered a rung, the one that is judged included
    quota    floor(n / eta): a trial goes on if its rank is no larger, or if n < eta

The stopping variant that Klein et al. 2020 (MOBSTER) describe of ASHA (Li et al. 2020): no trial waits, so none needs a
checkpoint; but one that was stopped is not gone back to when others turn out to be worse.

A trial enters a rung with its first report at or beyond it; one whose report skips rungs enters each, lowest first, and
is judged in each. Its loss there is that of its reports up to the rung's budget; if there are none, that of the report;
if the report is not finite, inf, which ranks last and goes on only while n < eta. A trial that fails enters the rung it
was on its way to with inf.

An attempt that was cut off or failed leaves the view, but its entries stand until the next attempt replaces them: the
trial is judged anew in every rung at or below which the new attempt has a report. Where it has none, since it went on
from a checkpoint beyond, what was entered and decided there stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hpotune import events as ev
from hpotune.events import Budget, Event
from hpotune.history import History, trial_loss
from hpotune.schedulers.base import New, Nothing, Room, Stop, Wish
from hpotune.schedulers.standings import Standings, is_out


@dataclass(slots=True)
class AshaStopState:
    """What has been seen.

    standings  of the rungs below the top
    next       the next rung of each trial that is out
    to_stop    trials that are to be stopped, and why
    cut_short  trials whose attempt was cut off when they were to be stopped: the next one is judged where it was
    """

    standings: list[Standings]
    next: dict[int, int] = field(default_factory=dict)
    to_stop: dict[int, dict[str, Any]] = field(default_factory=dict)
    cut_short: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class AshaStopScheduler:
    """Stops trials at the rungs `levels`; the last of them is the budget of every trial."""

    levels: tuple[Budget, ...]
    eta: int = 3
    needs_reports: ClassVar[bool] = True

    def initial(self) -> AshaStopState:
        """Empty rungs."""
        return AshaStopState([Standings() for _ in self.levels[:-1]])

    def step(self, state: AshaStopState, event: Event, history: History) -> AshaStopState:
        """See `Scheduler`; the state is changed in place."""
        match event:
            case ev.JobPlanned():
                state.next[event.trial] = 0
            case ev.Reported(late=False, budget=int() | float() as budget) if is_out(event, history):
                self._passed(state, event, budget, history)
            case ev.TrialStopped():
                _leave(state, event.trial)
                state.cut_short.discard(event.trial)
            case ev.JobEnded() if event.trial not in history.open and event.trial in state.next:
                if event.trial in state.to_stop and event.outcome in ("interrupted", "lost"):
                    state.cut_short.add(event.trial)
                _leave(state, event.trial)
                if history.trials[event.trial].state == "failed":
                    _enter_last(state, event.trial)
        return state

    def decide(self, state: AshaStopState, room: Room) -> Wish:
        """See `Scheduler`."""
        for trial, reason in state.to_stop.items():
            return Stop(trial, reason)
        return New(self.levels[-1], {}) if room.takes_new(self.levels[-1]) else Nothing()

    def _passed(self, state: AshaStopState, event: ev.Reported, budget: Budget, history: History) -> None:
        """A trial enters every rung up to the budget of its report, until it is to be stopped."""
        trial = event.trial
        while trial not in state.to_stop and state.next.get(trial, len(state.standings)) < len(state.standings):
            k = state.next[trial]
            if self.levels[k] > budget:
                return
            state.next[trial] += 1
            loss = self._loss(event, self.levels[k], history, known=trial in state.standings[k].losses)
            if loss is not None:
                state.standings[k].enter(trial, loss)
            if loss is not None or trial in state.cut_short:
                self._judge(state, k, trial, history.sign)

    def _loss(self, event: ev.Reported, level: Budget, history: History, *, known: bool) -> float | None:
        """The loss to enter with; None if what an earlier attempt entered stands."""
        loss = trial_loss(history.trials[event.trial], history.study.metric.use, level)
        if loss is None and known:
            return None
        if not math.isfinite(event.value):
            return math.inf
        return history.sign * event.value if loss is None else loss

    def _judge(self, state: AshaStopState, k: int, trial: int, sign: float) -> None:
        standings = state.standings[k]
        n, quota = len(standings), len(standings) // self.eta
        if n < self.eta or (standings.rank(trial) <= quota and math.isfinite(standings.losses[trial])):
            return
        numbers = standings.numbers(trial, quota, sign)
        state.to_stop[trial] = {"rule": "rung", "rung": k, "at": self.levels[k], **numbers}


def _leave(state: AshaStopState, trial: int) -> None:
    """A trial is no longer out, or no longer judged."""
    state.next.pop(trial, None)
    state.to_stop.pop(trial, None)


def _enter_last(state: AshaStopState, trial: int) -> None:
    """A failed trial enters the lowest rung that it has not come to."""
    for standings in state.standings:
        if trial not in standings.losses:
            standings.enter(trial, math.inf)
            return
