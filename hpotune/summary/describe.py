"""`describe`: an event on one line, for plain lines and the log. None for events that say nothing to a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History, Trial
from hpotune.study import format_duration
from hpotune.summary.ruling_words import Ruling, ruling_words
from hpotune.summary.text import (
    NOTHING,
    budget_text,
    config_text,
    count_text,
    duration_text,
    printable,
    value_text,
)
from hpotune.summary.words import (
    budget_name,
    cause_words,
    changes_words,
    finish_words,
    interruption_words,
    limits_words,
    message_words,
    strategy_words,
)


def describe(event: Event, history: History) -> str | None:
    """The event on one printable line, given the history that has just taken it in.

    trial 12  completed  val_accuracy 0.9312  (best)  lr=0.0031 hidden=256  14.2s
    trial 7  failed: exit code 1 — ModuleNotFoundError: No module named 'foo'  lr=0.02 hidden=64  0.31s
    """
    writer = _WRITERS.get(type(event))
    return None if writer is None else writer(event, history)


def describe_study(history: History) -> str:
    """What is being tuned, on one line."""
    study = history.study
    parts = [
        f"study {printable(study.name)}",
        f"{study.metric.goal} {printable(study.metric.name)}",
        strategy_words(history),
        limits_words(history),
        f"seed {history.seed}",
    ]
    return "  ".join(part for part in parts if part)


def _study_started(event: ev.StudyStarted, history: History) -> str:
    del event
    return describe_study(history)


def _study_resumed(event: ev.StudyResumed, history: History) -> str:
    done = history.states["completed"] + history.states["stopped"] + history.states["failed"]
    parts = [f"resumed  session {history.sessions}", f"{count_text(done, 'trial')} done"]
    if history.dues.again:
        parts.append(f"{history.dues.again} to run again")
    if event.changes:
        parts.append(changes_words(list(event.changes)))
    return "  ".join(parts)


def _capacity(event: ev.Capacity, history: History) -> str:
    del history
    return count_text(event.workers, "worker")


def _job_started(event: ev.JobStarted, history: History) -> str:
    trial = history.trials[event.trial]
    job = trial.jobs[event.job]
    unit = budget_name(history)
    words = "started"
    if event.job and job.start and job.to is not None:
        words = f"goes on from {budget_text(job.start)} to {budget_text(job.to, unit)}"
    elif job.to is not None:
        words = f"started, to {budget_text(job.to, unit)}"
    attempt = f"  (attempt {event.attempt + 1})" if event.attempt else ""
    return f"trial {event.trial}  {words}{attempt}  {config_text(trial.config)}"


def _job_ended(event: ev.JobEnded, history: History) -> str:
    trial = history.trials[event.trial]
    parts = [f"trial {event.trial}"]
    match event.outcome:
        case "completed" | "stopped":
            parts += _value_parts(trial, history, _reached(event, history))
        case "failed":
            message = message_words(event.cause or "exit", event.message)
            cause = cause_words(event.cause or "exit", event.code, event.signal)
            parts.append(f"failed: {cause} — {message}" if message else f"failed: {cause}")
            if trial.state != "failed":
                parts.append("to be tried again")
        case "interrupted" | "lost":
            parts.append(_cut_off(event, trial))
    if trial.config:
        parts.append(config_text(trial.config))
    if (seconds := event.measured.get("seconds")) is not None:
        parts.append(duration_text(seconds))
    return "  ".join(parts)


def _reached(event: ev.JobEnded, history: History) -> str:
    """What has become of a trial: one that has come to a rung is not completed."""
    budget, to = history.study.budget, history.trials[event.trial].jobs[event.job].to
    if event.outcome == "stopped":
        return "stopped early"
    return "completed" if budget is None or to is None or to >= budget.max else "has come to its rung"


def _value_parts(trial: Trial, history: History, state: str) -> list[str]:
    parts = [state]
    if trial.loss is not None:
        value = f"{printable(history.study.metric.name)} {value_text(history.value(trial.loss))}"
        if trial.budget is not None:
            value += f" at {budget_text(trial.budget, budget_name(history))}"
        parts.append(value)
    if history.best is trial:
        parts.append("(best)")
    return parts


def _cut_off(event: ev.JobEnded, trial: Trial) -> str:
    if trial.state == "failed":
        return f"failed: {cause_words(trial.cause or 'interrupted')}"
    if event.outcome == "lost":
        return "lost with its machine, to be run again"
    why = interruption_words(event.cause)
    return f"interrupted ({why}), to be run again" if why else "interrupted, to be run again"


def _timer_fired(event: ev.TimerFired, history: History) -> str | None:
    trial = history.study.trial
    match event.timer:
        case "time_limit":
            return f"the time limit of {_limit(history.study.limits.time)} is reached: running trials are ended"
        case "timeout":
            return f"trial {event.trial}  has run for its timeout of {_limit(trial.timeout)}: it is ended"
        case "stall":
            return f"trial {event.trial}  has been silent for {_limit(trial.stall_timeout)}: it is ended"
        case "retry":
            return f"trial {event.trial}  has waited {_limit(trial.retries.delay)}, and is tried again"
        case _:
            return None


def _limit(seconds: float | None) -> str:
    return NOTHING if seconds is None else format_duration(seconds)


def _signal_received(event: ev.SignalReceived, history: History) -> str:
    del history
    if event.mode == "drain":
        return f"{printable(event.signal)}: running trials finish, no new one starts"
    return f"{printable(event.signal)}: running trials are ended"


def _space_exhausted(event: ev.SpaceExhausted, history: History) -> str:
    del history
    return f"nothing further to try: {printable(event.reason)}"


def _ruled(event: Ruling, history: History) -> str:
    return f"trial {event.trial}  {ruling_words(event, history)}"


def _study_finished(event: ev.StudyFinished, history: History) -> str:
    del event
    return f"finished: {finish_words(history)}"


_WRITERS: dict[type[Event], Callable[[Any, History], str | None]] = {
    ev.StudyStarted: _study_started,
    ev.StudyResumed: _study_resumed,
    ev.Capacity: _capacity,
    ev.JobStarted: _job_started,
    ev.JobEnded: _job_ended,
    ev.TimerFired: _timer_fired,
    ev.SignalReceived: _signal_received,
    ev.SpaceExhausted: _space_exhausted,
    ev.TrialPaused: _ruled,
    ev.TrialPromoted: _ruled,
    ev.TrialStopped: _ruled,
    ev.CheckpointDropped: _ruled,
    ev.StudyFinished: _study_finished,
}
