"""The public core: ask for jobs, report values, tell results.

tuner = Tuner(study)                  # workers = study.workers: so many jobs may be out at a time
job = tuner.ask()                     # Job(trial_id=0, config={...}, previous_budget=0, budget=81, ...)
tuner.report(job, 27, 0.61)           # True: go on
tuner.tell(job, 0.58)                 # the trial is completed with 0.58
tuner.best                            # Best(trial_id=0, config={...}, value=0.58, budget=81)
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias

from hpotune import events as ev
from hpotune.causes import CAUSES, Cause
from hpotune.errors import UsageError
from hpotune.events import Budget
from hpotune.history import History, Trial
from hpotune.keys import Key
from hpotune.schedulers import Drop, Pause, Promote, Stop
from hpotune.space import Config
from hpotune.strategies import complete
from hpotune.study import Study
from hpotune.study.secrets import recorded
from hpotune.tuner.actions import Finish, Interrupt, Launch, Propose, Wait
from hpotune.tuner.ledger import Ledger, Memory, Sink


@dataclass(frozen=True, slots=True)
class Job:
    """One stretch of training: from `previous_budget` to `budget` (both None in a study without a budget).

    `seed` depends on the study's seed and the trial alone. `zero_based` says whether the script is known to count its
    budget from 0 (None: not known yet), `fresh` whether whatever checkpoint there is must not be gone on from.
    """

    trial_id: int
    job: int
    attempt: int
    config: Config = field(hash=False)
    previous_budget: Budget | None
    budget: Budget | None
    seed: int
    zero_based: bool | None = None
    fresh: bool = False

    @property
    def id(self) -> tuple[int, int, int]:
        """(trial, job, attempt): the name of the attempt."""
        return (self.trial_id, self.job, self.attempt)


@dataclass(frozen=True, slots=True)
class Best:
    """The best trial so far: the highest budget reached by any trial first, then the value."""

    trial_id: int
    config: Config = field(hash=False)
    value: float
    budget: Budget | None


class _Told(Enum):
    """`tell(job)` without a value."""

    REPORTS = "the reports' value"


REPORTS: Final = _Told.REPORTS
Value: TypeAlias = float | _Told | None


class Tuner:
    """A study in progress, in memory or with a sink for its events.

    Not safe to use from several threads at once.
    """

    def __init__(self, study: Study, *, workers: int | None = None, sink: Sink | None = None) -> None:
        """Start a study.

        Args:
            study: what to tune; without a seed one is drawn.
            workers: how many jobs may be out at a time (default: the study's, else 1).
            sink: where events are kept (default: a list).

        Raises:
            StudyError: the study's strategy does not fit.
            UsageError: there are no workers.
        """
        if workers is not None and workers < 1:
            raise UsageError(f"a tuner cannot have {workers} workers", "at least one, or leave it out")
        seed = secrets.randbits(31) if study.seed is None else study.seed
        study = complete(study.replace(seed=seed))
        self._ledger = Ledger(Memory() if sink is None else sink)
        self._ledger.append(ev.StudyStarted(ev.FORMAT, recorded(study).to_dict(), seed, versions()))
        self._ledger.append(ev.Capacity(workers or study.workers or 1))

    @property
    def history(self) -> History:
        """Everything that has happened; for reading."""
        return self._ledger.history

    @property
    def done(self) -> bool:
        """Whether nothing is out and nothing is left to do."""
        return self.history.finished is not None or isinstance(self._ledger.next_action(), Finish)

    @property
    def best(self) -> Best | None:
        """The best trial so far, None before the first that completed."""
        return best(self.history)

    def ask(self) -> Job | None:
        """The next job; None when as many are out as there are workers, when a result is waited for, or when done."""
        ledger = self._ledger
        while True:
            match ledger.next_action():
                case Propose() as action:
                    self._propose(action)
                case Launch() as action:
                    ledger.enter(action)
                    ledger.append(ev.JobStarted(action.trial, action.job, action.attempt, "ask"))
                    return job_of(self.history, action)
                case Stop() | Pause() | Promote() | Drop() as action:
                    ledger.enter(action)
                case Finish() as action:
                    ledger.enter(action)
                    return None
                case Interrupt() | Wait():
                    return None

    def _propose(self, action: Propose) -> None:
        proposing = self._ledger.begin_proposal(action)
        try:
            answer = proposing.compute()
        except BaseException:
            self._ledger.give_up_proposal()
            raise
        self._ledger.end_proposal(proposing, answer)

    def report(self, job: Job, budget: Budget | None, value: float, **also: float) -> bool:
        """Report the metric at a budget. False if the trial has been stopped: end it with `tell` or `fail`.

        Raises:
            UsageError: the job is not out.
            StudyError: the report names no budget, and the strategy judges trials by their reports.
        """
        trial = self._out(job)
        late = trial.state == "stopped"
        if not late:
            self._ledger.check_report(trial.jobs[-1], budget)
        numbers = {name: float(number) for name, number in also.items()}
        self._ledger.append(ev.Reported(*job.id, _plain(budget), float(value), numbers, late))
        for _ in self._ledger.stops():
            pass  # whoever reports for another stopped trial is told then
        return trial.state != "stopped"

    def tell(self, job: Job, value: Value = REPORTS) -> None:
        """End a job with a value, in the metric's own sign; without one, the reports' value stands.

        None or nan means that the job failed.

        Raises:
            UsageError: the job is not out.
        """
        trial = self._out(job)
        if value is None:
            self.fail(job, "no_metric")
            return
        if not isinstance(value, _Told):
            late = trial.state == "stopped"
            self._ledger.append(ev.Reported(*job.id, job.budget, float(value), late=late))
            if math.isnan(value):
                self.fail(job, "nan")
                return
        self._end(ev.JobEnded(*job.id, "completed"))

    def fail(self, job: Job, cause: Cause = "exit", message: str = "") -> None:
        """End a job that failed. It is tried again if the study grants retries.

        Raises:
            UsageError: the job is not out, or the cause is none of the known ones.
        """
        self._out(job)
        if cause not in CAUSES:
            raise UsageError(f"unknown cause {cause!r}", f"one of {', '.join(CAUSES)}")
        self._end(ev.JobEnded(*job.id, "failed", cause, message=message))

    def _end(self, ended: ev.JobEnded) -> None:
        self._ledger.append(self._ledger.judged(ended))
        if ended.trial in self.history.dues.waiting:  # whoever asks has a clock, this has none
            self._ledger.append(ev.TimerFired("retry", ended.trial, ended.job, ended.attempt))
        while isinstance(action := self._ledger.next_action(), Stop | Pause | Drop):
            self._ledger.enter(action)
        if isinstance(action, Finish):
            self._ledger.enter(action)

    def _out(self, job: Job) -> Trial:
        view = self.history.open.get(job.trial_id)
        if view is None or (len(self.history.trials[job.trial_id].jobs) - 1, view.attempt) != (job.job, job.attempt):
            raise UsageError(
                f"trial {job.trial_id} has no such job out (job {job.job}, attempt {job.attempt})",
                "each job that `ask` returns is told or failed once",
            )
        return self.history.trials[job.trial_id]


def _plain(budget: Budget | None) -> Budget | None:
    """A budget that may be of numpy's types, as JSON has it."""
    if budget is None or isinstance(budget, int):
        return budget
    number = float(budget)
    return int(number) if number.is_integer() else number


def job_of(history: History, launch: Launch) -> Job:
    """The job that a launch stands for."""
    trial = history.trials[launch.trial]
    seed = Key.of(history.seed, trial.number, trial.replicate or 0, "trial").integer(31)
    return Job(
        launch.trial, launch.job, launch.attempt, trial.config, launch.start, launch.to, seed, trial.zero_based,
        launch.fresh,
    )  # fmt: skip


def best(history: History) -> Best | None:
    """The best trial of a history, with its value in the metric's own sign."""
    trial = history.best
    if trial is None or trial.loss is None:
        return None
    return Best(trial.number, trial.config, history.sign * trial.loss, trial.budget)


def versions() -> Mapping[str, Any]:
    """What a run is made with: it goes into the journal, since decisions repeat on the same versions only."""
    import platform  # noqa: PLC0415
    from importlib.metadata import version  # noqa: PLC0415

    return {
        "hpotune": version("hpotune"),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
    }
