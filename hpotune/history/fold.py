"""What has happened: the fold of a journal's events. It costs the same for the first event and the millionth: all that
a decision needs is kept up to date, never counted. The fold applies decisions, it does not judge."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from hpotune import events as ev
from hpotune.events import Budget, Event, JsonObject, Origin
from hpotune.history.alike import Alike
from hpotune.history.dues import Dues
from hpotune.history.observations import Gathered, Observations
from hpotune.history.trial import MAX_CRASHES, NOTHING_LEFT, JobView, State, Trial, rank, trial_loss
from hpotune.study import Study


class History:
    """The state of a run after some events. Feed it with `fold`; read everything else."""

    def __init__(self) -> None:
        self.n = -1  # the number of the last event folded
        self.study: Study
        self.seed = 0
        self.sign = 1.0  # loss = sign * value
        self.trials: list[Trial] = []
        self.workers = 0
        self.levels: tuple[Budget, ...] = ()  # of the schedule: searchers are told of values there too
        self.open: dict[int, JobView] = {}  # by trial, in the order of their launches
        self.dues = Dues()
        self.states: Counter[State] = Counter()
        self.causes: Counter[str] = Counter()
        self.origins: Counter[Origin] = Counter()
        self.best: Trial | None = None
        self.least: float | None = None  # the least loss that may count against the target
        self.budget_planned = 0.0
        self.failures = 0  # since the last start or resume
        self.alike = Alike()
        self.reports = 0
        self.draining = False
        self.halting: str | None = None
        self.exhausted: str | None = None
        self.finished: str | None = None
        self.sessions = 0
        self._hashes: JsonObject = ev.NOTHING  # of the study and its script
        self._was_ending = False
        self._seconds_before = 0.0
        self._at = 0.0
        self._gathered: Gathered

    @property
    def at(self) -> float:
        """Seconds into this session at its last event."""
        return self._at

    @property
    def elapsed(self) -> float:
        """Running time in seconds, summed over all sessions up to the last event."""
        return self._seconds_before + self._at

    def value(self, loss: float | None) -> float | None:
        """A loss as the user knows it: with the metric's own sign."""
        return None if loss is None else self.sign * loss

    def observations(self, *, results: bool = False) -> Observations:
        """The searcher's view as of now, with what came of the trials if it learns from `results`."""
        enqueued, defaulted = self.origins["enqueue"], self.origins["default"] > 0
        return self._gathered.observations(self.trials, enqueued, defaulted=defaulted, results=results)

    def fold(self, event: Event) -> None:
        """Take in the next event."""
        self.n += 1
        _FOLDS[type(event)](self, event)
        self._at = event.measured.get("at", self._at)

    # Facts

    def _study_started(self, event: ev.StudyStarted) -> None:
        self.seed = event.seed
        self.sessions = 1
        self._hashes = event.hashes
        self._adopt(event.study)
        self._gathered = Gathered(self.study.space)

    def _study_resumed(self, event: ev.StudyResumed) -> None:
        if event.study is not None:
            self._adopt(event.study)
            self.exhausted = None
        self.sessions += 1
        self._seconds_before, self._at = self.elapsed, 0.0
        self.failures = 0
        again = [trial for trial in self.trials if trial.state == "failed" and trial.cause in event.retry_failed]
        if (event.changes or again or event.hashes != self._hashes) and self.best is None:
            self.alike = Alike()
        self._hashes = event.hashes
        self.dues.retry_all()
        # Attempts that are cut off now were being ended already, by the user or a limit.
        self._was_ending = self.draining or self.halting is not None
        self.draining = False
        self.halting = self.finished = None
        for trial in again:
            self._revive(trial)

    def _adopt(self, study: JsonObject) -> None:
        self.study = Study.from_dict(study)
        self._least_budget: Budget = 0 if self.study.budget is None else self.study.budget.min
        self.sign = -1.0 if self.study.metric.goal == "maximize" else 1.0

    def _revive(self, trial: Trial) -> None:
        self.causes[trial.cause or ""] -= 1
        trial.cause = None
        trial.failures = trial.crashes = 0
        self.budget_planned += trial.jobs[-1].untrained(self._least_budget)
        self._take_out_of_view(trial.jobs[-1])
        self.dues.to_retry[trial.number] = None
        self._enter(trial, "planned")

    def _capacity(self, event: ev.Capacity) -> None:
        self.workers = event.workers

    def _job_started(self, event: ev.JobStarted) -> None:
        if (job := self._current(event)) is not None:
            job.started = True

    def _reported(self, event: ev.Reported) -> None:
        self.reports += 1
        if event.late or (job := self._current(event)) is None:
            return
        least = job.add(event.budget, self.sign * event.value)
        self.alike.reported(len(job.points or ()) // 2)
        trial = self.trials[event.trial]
        if event.zero_based is not None:
            trial.zero_based = event.zero_based
        if self.levels and event.budget is not None:
            self._gathered.passed(trial, job, self.levels, self.study.metric.use)
        if self.study.metric.use == "best":
            self._count_towards_target(least)

    def _timer_fired(self, event: ev.TimerFired) -> None:
        if event.timer == "time_limit":
            self.halting = self.halting or "time"
        elif event.timer == "retry":
            self.dues.retry(event.trial)

    def _signal_received(self, event: ev.SignalReceived) -> None:
        self.draining = True
        if event.mode == "stop":
            self.halting = self.halting or "interrupted"

    def _job_ended(self, event: ev.JobEnded) -> None:
        if (job := self._current(event)) is None:
            return
        trial = self.trials[event.trial]
        del self.open[event.trial]
        job.outcome = event.outcome
        if event.notes.get("started_over") and event.outcome not in ("interrupted", "lost"):
            self.budget_planned += job.start or 0
        job.seconds += event.measured.get("seconds", 0.0)
        match event.outcome:
            case "completed":
                trial.crashes = 0
                if job.points is None:
                    job.bring_back()
                self._settle(trial, "completed", job.to)
            case "stopped":
                self.budget_planned -= job.untrained(self._least_budget)
                self._settle(trial, "stopped", job.furthest)
            case "failed":
                self._failed(trial, job, event)
            case "interrupted" | "lost":
                self._interrupted(trial, job, event.cause)

    def _settle(self, trial: Trial, state: State, reached: Budget | None) -> None:
        """A job ended with something to show. The value at the highest budget reached stands, and may be the best."""
        self.alike.refute()
        loss = trial_loss(trial, self.study.metric.use)
        if loss is not None and (trial.loss is None or (reached or 0) > (trial.budget or 0)):
            trial.loss, trial.budget = loss, reached
            self._gathered.evaluated(trial, reached, loss)
            self._count_towards_target(loss)
            if self.best is None or rank(trial) < rank(self.best):
                self.best = trial
        self._enter(trial, state)

    def _failed(self, trial: Trial, job: JobView, event: ev.JobEnded) -> None:
        trial.crashes = 0
        cause, policy = event.cause or "exit", self.study.trial.retries
        job.repeated, job.failure = job.failure == cause, cause
        self.alike.attempted(len(job.points or ()) // 2)
        if trial.failures < policy.max and policy.covers(cause):
            trial.failures += 1
            self._take_out_of_view(job)
            (self.dues.waiting if policy.delay else self.dues.to_retry)[trial.number] = None
            self._enter(trial, "planned")
        else:
            self._fail(trial, cause, event.fingerprint, event.message)

    def _interrupted(self, trial: Trial, job: JobView, cause: str | None) -> None:
        # Only attempts that the tuner did not survive are suspicious: a trial is not at fault when the user ends the
        # run, its time is up or a machine goes away.
        if job.points:
            trial.crashes = 0
        elif cause == "tuner_died" and job.started and not self._was_ending:
            trial.crashes += 1
        self._take_out_of_view(job)
        job.repeated = cause == NOTHING_LEFT
        if trial.crashes >= MAX_CRASHES:
            self._fail(trial, "interrupted")
        else:
            self.dues.interrupted[trial.number] = None
            self._enter(trial, "planned")

    def _fail(self, trial: Trial, cause: str, fingerprint: str = "", message: str = "") -> None:
        trial.cause = cause
        self.budget_planned -= trial.jobs[-1].untrained(self._least_budget)
        self.causes[cause] += 1
        self.failures += 1
        self.alike.failed(trial, fingerprint, message)
        self._enter(trial, "failed")

    # Decisions

    def _trial_planned(self, event: ev.TrialPlanned) -> None:
        trial = Trial(len(self.trials), event)
        self.trials.append(trial)
        self.states["planned"] += 1
        self._gathered.planned(trial)
        self.origins[event.origin] += 1
        self.dues.unlaunched[trial.number] = event.budget

    def _space_exhausted(self, event: ev.SpaceExhausted) -> None:
        self.exhausted = event.reason

    def _job_planned(self, event: ev.JobPlanned) -> None:
        trial = self.trials[event.trial]
        if event.job == len(trial.jobs):
            trial.jobs.append(JobView(event.start, event.to))
            trial.failures = 0
            self.budget_planned += (event.to or 0) - (event.start or 0)
        job = trial.jobs[event.job]
        job.begin(event.attempt, event.start, fresh=event.fresh, level=bisect_right(self.levels, event.start or 0))
        trial.dropped = False
        self.dues.clear(trial.number)
        self.open[trial.number] = job
        self._enter(trial, "running")

    def _trial_paused(self, event: ev.TrialPaused) -> None:
        self._enter(self.trials[event.trial], "paused")

    def _trial_promoted(self, event: ev.TrialPromoted) -> None:
        self.dues.promoted[event.trial] = event.to

    def _trial_stopped(self, event: ev.TrialStopped) -> None:
        trial = self.trials[event.trial]
        self.dues.clear(trial.number)
        self._enter(trial, "stopped")

    def _checkpoint_dropped(self, event: ev.CheckpointDropped) -> None:
        self.trials[event.trial].dropped = True

    def _study_finished(self, event: ev.StudyFinished) -> None:
        self.finished = event.why

    # Shared

    def _current(self, event: ev.JobStarted | ev.Reported | ev.JobEnded) -> JobView | None:
        """The job that is out under this event's attempt; None for a stale copy, which is fenced off."""
        job = self.open.get(event.trial)
        if job is None or job.attempt != event.attempt or len(self.trials[event.trial].jobs) != event.job + 1:
            return None
        return job

    def _count_towards_target(self, loss: float) -> None:
        if math.isfinite(loss) and (self.least is None or loss < self.least):
            self.least = loss

    def _take_out_of_view(self, job: JobView) -> None:
        """An attempt will be made again, and its reports with it."""
        points = job.points
        job.set_aside()
        if self.study.metric.use == "best" and points and self.least in points[1::2]:
            losses = (trial_loss(trial, "best") for trial in self.trials)
            self.least = min((loss for loss in losses if loss is not None), default=None)

    def _enter(self, trial: Trial, state: State) -> None:
        self.states[trial.state] -= 1
        self.states[state] += 1
        trial.state = state
        if state in ("planned", "running"):
            self._gathered.awaited(trial)
        else:
            self._gathered.settled(trial)


def fold(events: Iterable[Event]) -> History:
    """The history of a whole journal."""
    history = History()
    for event in events:
        history.fold(event)
    return history


_FOLDS: dict[type[Event], Callable[[History, Any], None]] = {
    kind: getattr(History, f"_{name}") for kind, name in ev.NAMES.items()
}
