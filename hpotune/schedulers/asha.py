"""ASHA, which promotes a trial as soon as it is good enough and never makes a worker wait.

Notation
    n_k      trials that have arrived in rung k, failed ones included
    quota    floor(n_k / eta): how many of them may have gone on to rung k + 1
    N        `limits.trials`

Li et al. 2020 (ASHA), algorithm 2: from the top rung down, the best trial of a rung that has not gone on does so if its
rank is within the quota; if there is none, a new trial starts in the lowest rung.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from hpotune import events as ev
from hpotune.events import Budget, Event
from hpotune.history import History
from hpotune.schedulers.base import Drop, New, Nothing, Pause, Promote, Room, Wish
from hpotune.schedulers.pausing import Place, Rung, Traffic
from hpotune.schedulers.standings import loss_at, shown

LAST_CHANCE = "last_chance"


@dataclass(slots=True)
class AshaState:
    """The rungs and the ways of the trials.

    chances   trials that went up because nothing else was left to do
    missed    how many of those failed
    """

    rungs: list[Rung]
    traffic: Traffic = field(default_factory=Traffic)
    workers: int = 1
    chances: set[int] = field(default_factory=set)
    missed: int = 0


@dataclass(frozen=True, slots=True)
class AshaScheduler:
    """Promotes asynchronously.

    When nothing runs, no new trial may come and no promotion is due, but no trial has got to the top, the best trial of
    the highest rung that has one goes up by a rung (rule `last_chance`), so that a short study too ends with a trial
    trained in full. That is given up after `eta` trials have failed on such a way.

    Checkpoints that are not worth their place are dropped, the worst first, but never that of the best trial: those of
    trials whose value is not finite; those with a rank beyond floor(N / eta), which will never be within the quota; and
    those that are not among the best `checkpoints` of the waiting trials of their rung. Unless `checkpoints` is a
    number, the last rule holds only if there is no N, with twice as many as there are workers.

    levels       budgets of the rungs
    trials       N, if there is one
    resume       whether a promoted trial goes on from its checkpoint
    checkpoints  how many to keep in each rung; all: every one
    """

    levels: tuple[Budget, ...]
    eta: int = 3
    trials: int | None = None
    resume: bool = True
    checkpoints: int | Literal["auto", "all"] = "auto"
    needs_reports: ClassVar[bool] = False

    def initial(self) -> AshaState:
        """Empty rungs."""
        return AshaState([Rung() for _ in self.levels])

    def step(self, state: AshaState, event: Event, history: History) -> AshaState:
        """See `Scheduler`; the state is changed in place."""
        traffic = state.traffic
        traffic.see(history)
        match event:
            case ev.Capacity():
                state.workers = event.workers
            case ev.TrialPlanned(trial=trial, budget=int() | float() as budget):
                traffic.send(trial, Place(0, self._rung_at(budget)))
            case ev.TrialPromoted():
                self._promoted(state, event)
            case ev.TrialPaused():
                traffic.to_pause.pop(event.trial, None)
            case ev.CheckpointDropped():
                state.rungs[traffic.place[event.trial].rung].give_up(event.trial)
            case ev.JobEnded() | ev.TrialStopped():
                self._settle(state, event, history)
            case ev.StudyResumed():
                state.missed = 0
                for trial in traffic.revived(history):
                    state.rungs[traffic.place[trial].rung].standings.leave(trial)
        return state

    def decide(self, state: AshaState, room: Room) -> Wish:
        """See `Scheduler`."""
        return (
            self._pause(state)
            or self._drop(state)
            or self._promotion(state, room)
            or self._new(room)
            or self._last_chance(state, room)
            or Nothing()
        )

    # The fold

    def _rung_at(self, budget: Budget) -> int:
        return min(bisect_left(self.levels, budget), len(self.levels) - 1)

    def _promoted(self, state: AshaState, event: ev.TrialPromoted) -> None:
        _, k = state.traffic.place[event.trial]
        state.rungs[k].promote(event.trial)
        state.traffic.send(event.trial, Place(0, k + 1))
        if event.reason.get("rule") == LAST_CHANCE:
            state.chances.add(event.trial)

    def _settle(self, state: AshaState, event: ev.JobEnded | ev.TrialStopped, history: History) -> None:
        trial = state.traffic.arrival(event, history)
        if trial is None:
            return
        number, (_, k) = trial.number, state.traffic.place[trial.number]
        loss = loss_at(trial, history.study.metric.use, self.levels[k])
        pauses = trial.state == "completed" and k < len(self.levels) - 1
        state.rungs[k].arrive(number, loss, pauses=pauses)
        if pauses:
            state.traffic.to_pause[number] = None
        if trial.state == "failed" and number in state.chances:
            state.missed += 1

    # The wishes

    def _pause(self, state: AshaState) -> Pause | None:
        for trial in state.traffic.to_pause:
            k = state.traffic.place[trial].rung
            return Pause(trial, self._reason(state, k, trial, self._quota(state, k)))
        return None

    def _drop(self, state: AshaState) -> Drop | None:
        if self.checkpoints == "all":
            return None
        for k, rung in enumerate(state.rungs):
            for loss, trial in reversed(rung.kept):
                reason = self._why_drop(state, k, loss, trial)
                if reason is None:
                    break  # those before it are better
                if trial != state.traffic.best:
                    return Drop(trial, reason)
        return None

    def _why_drop(self, state: AshaState, k: int, loss: float, trial: int) -> dict[str, Any] | None:
        """Why a checkpoint need not be kept, if so. What holds for a trial holds for all worse ones."""
        rung = state.rungs[k]
        quota = self._quota(state, k) if self.trials is None else max(1, self.trials // self.eta)
        if loss == math.inf or (self.trials is not None and rung.standings.rank(trial) > quota):
            return self._reason(state, k, trial, quota)
        most = self._most_checkpoints(state)
        place = bisect_left(rung.waiting, (loss, trial)) + 1
        if most is None or place <= most:
            return None
        numbers = {"rank": place, "of": len(rung.waiting), "quota": most, "value": shown(state.traffic.sign, loss)}
        return {"rule": "checkpoints", "rung": k, "at": self.levels[k], **numbers}

    def _most_checkpoints(self, state: AshaState) -> int | None:
        if isinstance(self.checkpoints, int):
            return self.checkpoints
        return 2 * state.workers if self.trials is None else None

    def _promotion(self, state: AshaState, room: Room) -> Promote | None:
        for k in range(len(self.levels) - 2, -1, -1):
            rung = state.rungs[k]
            if not rung.waiting:
                continue
            quota, trial = self._quota(state, k), rung.waiting[0][1]
            if rung.standings.rank(trial) <= quota and room.takes(self._cost(rung, k, trial)):
                return Promote(trial, self.levels[k + 1], self._reason(state, k, trial, quota))
        return None

    def _new(self, room: Room) -> New | None:
        lowest = self.levels[0]
        return New(lowest, {"rung": 0}) if room.takes_new(lowest) else None

    def _last_chance(self, state: AshaState, room: Room) -> Promote | None:
        """The way up when nothing else is left to do; see the class."""
        if state.traffic.under_way or state.missed >= self.eta or state.rungs[-1].waiting:
            return None
        for k in range(len(self.levels) - 2, -1, -1):
            rung = state.rungs[k]
            if rung.waiting:
                trial = rung.waiting[0][1]
                reason = self._reason(state, k, trial, self._quota(state, k), rule=LAST_CHANCE)
                return Promote(trial, self.levels[k + 1], reason) if room.takes(self._cost(rung, k, trial)) else None
        return None

    def _quota(self, state: AshaState, k: int) -> int:
        return len(state.rungs[k].standings) // self.eta

    def _cost(self, rung: Rung, k: int, trial: int) -> float:
        """What it costs to go up by one rung: all of it from 0 without a checkpoint."""
        return self.levels[k + 1] - (self.levels[k] if self.resume and rung.keeps(trial) else 0)

    def _reason(self, state: AshaState, k: int, trial: int, quota: int, rule: str = "rung") -> dict[str, Any]:
        numbers = state.rungs[k].standings.numbers(trial, quota, state.traffic.sign)
        return {"rule": rule, "rung": k, "at": self.levels[k], **numbers}
