"""Trials with records of how they were proposed, and what `why` tells of them."""

from __future__ import annotations

from typing import Any

from histories import Tale

from hpotune import events as ev
from hpotune.summary import Attempt, Why, why, why_sections

GP: dict[str, Any] = {
    "by": "gp", "mean": -0.91, "sd": 0.02, "acquisition": "log_ei", "score": -3.25, "observations": 20, "pending": 3,
    "failed": 1, "success": 0.93, "best": -0.905, "candidates": 2048, "fitted": 18,
}  # fmt: skip
FIT: dict[str, Any] = {"ended": 18, "lengths": [0.21, 12.0, 0.8], "signal": 0.83, "noise": 0.01, "power": 0.5}
KDE: dict[str, Any] = {
    "by": "kde", "score": 2.5, "good": 8, "bad": 32, "pending": 3, "failed": 0, "budget": None, "candidates": 24,
    "observations": 40,
}  # fmt: skip


# Keys of GP, FIT and KDE that hold any number; the other numbers are counts.
NUMBERS = {"mean", "sd", "score", "best", "success", "budget", "fraction"}


def plan(tale: Tale, record: dict[str, Any], origin: ev.Origin = "search", **more: Any) -> int:
    number, tale.trials = tale.trials, tale.trials + 1
    config = {"lr": 0.01, "hidden": 128, "optimizer": "adam"}
    tale.tell(ev.TrialPlanned(number, config, origin, tale.history.n, record=record, **more))
    return number


def completed(tale: Tale, record: dict[str, Any], value: float) -> int:
    number = plan(tale, record)
    tale.launch(number)
    tale.report(number, value)
    tale.end(number)
    return number


def again(tale: Tale, number: int, cause: ev.JobCause, to: float | None = None) -> None:
    """Another attempt of the first job; a tale itself calls every launch the first."""
    tale.launch(number, to=to, started=False)
    launched = tale.events[-1]
    assert isinstance(launched, ev.JobPlanned)
    tale.events[-1] = launched._replace(cause=cause)


def ask(tale: Tale, number: int) -> Why:
    about = [event for event in tale.events if getattr(event, "trial", None) == number]
    plans = [event for event in about if isinstance(event, ev.JobPlanned)]
    ends = {(event.job, event.attempt): event for event in about if isinstance(event, ev.JobEnded)}
    attempts = [Attempt(each, ends.get((each.job, each.attempt))) for each in plans]
    rulings = [event for event in about if isinstance(event, ev.TrialPaused | ev.TrialPromoted | ev.TrialStopped)]
    (planned,) = [event for event in about if isinstance(event, ev.TrialPlanned)]
    return why(tale.history, planned, attempts, rulings)


def told(tale: Tale, number: int) -> str:
    sections = why_sections(ask(tale, number), tale.history)
    return "\n".join("\n".join([section.title, *section.lines]) for section in sections)
