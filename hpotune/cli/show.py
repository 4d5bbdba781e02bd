"""`hpotune show`: one trial, from its plan to its last attempt."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from hpotune import events as ev
from hpotune.cli.details import AttemptDetails, TrialDetails, gather
from hpotune.cli.options import Json, RequiredRun, Runs, TrialArgument
from hpotune.cli.standing import at_budget
from hpotune.cli.target import check_trial, the_run
from hpotune.cli.terminal import harmless, json_text
from hpotune.errors import UsageError
from hpotune.history import History, Trial
from hpotune.journal.folder import RunFolder
from hpotune.summary import (
    Ruling,
    budget_name,
    budget_text,
    bytes_text,
    cause_words,
    count_text,
    duration_text,
    interruption_words,
    origin_words,
    provenance,
    provenance_words,
    ruling_words,
    setting_text,
    state_words,
    value_text,
)

_SHOWN = 8  # reports of an attempt that are printed


def command(run: RequiredRun, trial: TrialArgument, *, json_: Json = False, runs: Runs = None) -> None:
    """Show one trial: its configuration, its jobs and attempts, what they reported, and where their logs are."""
    folder = the_run(run, runs)
    history, details = gather(folder.events(), trial)
    check_trial(history, trial)
    if details is None:
        raise UsageError(f"trial {trial} was never planned")
    if json_:
        row = _as_json(folder, history, details)
        sys.stdout.write(json_text(row) + "\n")
    else:
        sys.stdout.write(harmless("\n".join(_lines(folder, history, details))) + "\n")


def _as_json(folder: RunFolder, history: History, details: TrialDetails) -> dict[str, Any]:
    trial = history.trials[details.planned.trial]
    return {
        "trial": trial.number,
        "state": trial.state,
        "cause": trial.cause,
        "value": history.value(trial.loss),
        "budget": trial.budget,
        "origin": trial.origin,
        "replicate": trial.replicate,
        "config": details.planned.config,
        "proposal": dict(details.planned.record),
        "seconds": trial.seconds,
        "folder": str(folder.trial(trial.number)),
        "attempts": [_attempt_as_json(folder, attempt) for attempt in details.attempts],
        "decisions": [{"decision": ev.NAMES[type(event)], "reason": dict(event.reason)} for event in details.decisions],
    }


def _attempt_as_json(folder: RunFolder, attempt: AttemptDetails) -> dict[str, Any]:
    planned, ended = attempt.planned, attempt.ended
    logs = folder.attempt(planned.trial, planned.job, planned.attempt)
    return {
        "job": planned.job,
        "attempt": planned.attempt,
        "launched_for": planned.cause,
        "from": planned.start,
        "to": planned.to,
        "started": attempt.started is not None,
        "slots": attempt.started.slots if attempt.started else [],
        "outcome": ended.outcome if ended else None,
        "cause": ended.cause if ended else None,
        "code": ended.code if ended else None,
        "signal": ended.signal if ended else None,
        "message": ended.message if ended else "",
        "notes": dict(ended.notes) if ended else {},
        **{key: ended.measured.get(key) if ended else None for key in ("seconds", "cpu", "max_rss")},
        "reports": [_report_as_json(report) for report in attempt.reports],
        "stdout": str(logs / "stdout.log"),
        "stderr": str(logs / "stderr.log"),
        "metrics": str(logs / "metrics.jsonl"),
    }


def _report_as_json(report: ev.Reported) -> dict[str, Any]:
    encoded = ev.encode(0, report)  # numbers that are not finite are words there, too
    return {"budget": report.budget, "value": encoded["value"], "also": encoded.get("also", {}), "late": report.late}


def _lines(folder: RunFolder, history: History, details: TrialDetails) -> Iterator[str]:
    trial = history.trials[details.planned.trial]
    yield f"trial {trial.number} of {history.study.name}: {_state(history, trial)}"
    yield f"  origin   {origin_words(trial.origin)}"
    if trial.origin == "search":
        yield f"  proposed by  {provenance_words(provenance(trial, history))}"
    yield from _pairs("configuration", trial.config)
    for step in _in_order(details):
        if isinstance(step, AttemptDetails):
            yield from ("", *_attempt_lines(folder, history, step))
        else:
            yield ruling_words(step, history)
    if not details.attempts:
        yield "  not launched yet"


def _in_order(details: TrialDetails) -> list[AttemptDetails | Ruling]:
    """Attempts and decisions in the order in which they were decided: what a decision had seen tells."""
    steps: list[tuple[int, AttemptDetails | Ruling]] = [(attempt.planned.saw, attempt) for attempt in details.attempts]
    steps += [(event.saw, event) for event in details.decisions]
    return [step for _, step in sorted(steps, key=lambda pair: pair[0])]


def _state(history: History, trial: Trial) -> str:
    text = state_words(trial.state)
    if trial.cause:
        text += f" ({cause_words(trial.cause)})"
    if trial.loss is not None:
        value = value_text(history.value(trial.loss))
        text += f", {history.study.metric.name} {value}{at_budget(history, trial.budget)}"
    return text


def _attempt_lines(folder: RunFolder, history: History, attempt: AttemptDetails) -> Iterator[str]:
    planned, ended = attempt.planned, attempt.ended
    stretch = ""
    if planned.to is not None:
        stretch = f", {budget_text(planned.start or 0)} to {budget_text(planned.to, budget_name(history))}"
    yield f"job {planned.job}, attempt {planned.attempt} ({planned.cause}{stretch}): {_end(attempt)}"
    if ended is not None:
        yield from (f"  {line}" for line in ended.message.splitlines())
        if ended.notes:
            yield from _pairs("noticed", ended.notes)
    yield from (f"  {line}" for line in _report_lines(history, attempt.reports))
    yield f"  logs     {folder.attempt(planned.trial, planned.job, planned.attempt)}"


def _end(attempt: AttemptDetails) -> str:
    ended = attempt.ended
    if ended is None:
        return "running" if attempt.started else "about to be launched"
    text: str = ended.outcome
    if ended.outcome == "failed":
        text += f": {cause_words(ended.cause or 'exit', ended.code, ended.signal)}"
    elif ended.cause:
        text += f": {interruption_words(ended.cause)}"
    return text + "".join(f", {words}" for words in _spent(ended.measured))


def _spent(measured: Mapping[str, Any]) -> Iterator[str]:
    """What it took, as far as the system told: of memory, the most that one of its processes held."""
    if (seconds := measured.get("seconds")) is not None:
        yield f"after {duration_text(seconds)}"
    if (cpu := measured.get("cpu")) is not None:
        yield f"{duration_text(cpu)} of CPU"
    if (peak := measured.get("max_rss")) is not None:
        yield f"{bytes_text(peak)} of memory in its largest process"


def _report_lines(history: History, reports: list[ev.Reported]) -> Iterator[str]:
    hidden = len(reports) - _SHOWN
    if hidden > 0:
        yield f"… {count_text(hidden, 'report')} before (--json has all)"
    for report in reports[max(hidden, 0) :]:
        also = "".join(f"  {name} {value_text(value)}" for name, value in report.also.items())
        late = "  (late: after the decision to stop)" if report.late else ""
        yield f"{history.study.metric.name} {value_text(report.value)}{at_budget(history, report.budget)}{also}{late}"


def _pairs(title: str, pairs: Mapping[str, Any]) -> Iterator[str]:
    width = max(map(len, pairs), default=0)
    yield f"  {title}"
    yield from (f"    {name:<{width}}  {setting_text(value, exact=True)}" for name, value in pairs.items())
