"""Histories for tests: whole event lists made by a few words, without a tuner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History
from hpotune.study import Study

PARAMETERS = {
    "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True},
    "hidden": {"type": "int", "low": 64, "high": 512, "log": True},
    "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]},
}
STUDY: dict[str, Any] = {
    "name": "digits",
    "command": ["python", "train.py"],
    "metric": {"name": "val_accuracy", "goal": "maximize"},
    "parameters": PARAMETERS,
    "limits": {"trials": 10},
}


class Tale:
    """Writes the events of a run, one call for each thing that happens. `at` is the time since the session began."""

    def __init__(self, workers: int = 2, **study: Any) -> None:
        self.events: list[Event] = []
        self.history = History()
        self.at = 0.0
        self.trials = 0
        self._attempts: dict[int, tuple[int, int]] = {}
        whole = Study.from_dict({**STUDY, **study}).to_dict()
        self.tell(ev.StudyStarted(ev.FORMAT, whole, 7, {"hpotune": "0.1.0"}, measured=self._measured()))
        self.tell(ev.Capacity(workers, measured=self._measured()))

    def tell(self, *events: Event) -> Tale:
        for event in events:
            self.events.append(event)
            self.history.fold(event)
        return self

    def plan(self, config: dict[str, Any] | None = None, *, budget: float | None = None) -> int:
        number, self.trials = self.trials, self.trials + 1
        config = {"lr": 0.01, "hidden": 128, "optimizer": "adam"} if config is None else config
        self.tell(ev.TrialPlanned(number, config, "search", self.history.n, budget=budget, measured=self._measured()))
        return number

    def launch(self, trial: int, *, to: float | None = None, job: int = 0, started: bool = True) -> None:
        old_job, attempt = self._attempts.get(trial, (0, -1))
        attempt = attempt + 1 if old_job == job else 0
        self._attempts[trial] = (job, attempt)
        start = None if to is None else 0
        saw = self.history.n
        self.tell(ev.JobPlanned(trial, job, attempt, start, to, "first", saw, measured=self._measured()))
        if started:
            self.tell(ev.JobStarted(trial, job, attempt, "local", measured=self._measured()))

    def report(self, trial: int, value: float, budget: float | None = None) -> None:
        job, attempt = self._attempts[trial]
        self.tell(ev.Reported(trial, job, attempt, budget, value, measured=self._measured()))

    def end(self, trial: int, outcome: ev.Outcome = "completed", cause: str | None = None, **more: Any) -> None:
        job, attempt = self._attempts[trial]
        seconds = more.pop("seconds", 10.0)
        measured = {**self._measured(), "seconds": seconds}
        self.tell(ev.JobEnded(trial, job, attempt, outcome, cause, measured=measured, **more))

    def completed(self, value: float, config: dict[str, Any] | None = None, *, seconds: float = 10.0) -> int:
        trial = self.plan(config)
        self.launch(trial)
        self.at += seconds
        self.report(trial, value)
        self.end(trial, seconds=seconds)
        return trial

    def failed(self, cause: str = "exit", message: str = "", code: int | None = 1, **more: Any) -> int:
        trial = self.plan(more.pop("config", None))
        self.launch(trial)
        self.end(trial, "failed", cause, code=code, message=message, **more)
        return trial

    def finish(self, why: str) -> Tale:
        return self.tell(ev.StudyFinished(why, self.history.n, measured=self._measured()))

    def _measured(self) -> dict[str, Any]:
        return {"at": self.at}


def fold(events: Iterable[Event]) -> History:
    history = History()
    for event in events:
        history.fold(event)
    return history
