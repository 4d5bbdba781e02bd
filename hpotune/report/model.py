"""`build`: what there is to report of a run, as plain values. Only the top trials become rows."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpotune.events import Budget
from hpotune.history import History, Trial, rank
from hpotune.journal.folder import RunFolder
from hpotune.report.by_hand import ByHand, by_hand
from hpotune.report.collect import Messages, SessionFacts
from hpotune.report.disk import DiskUse, disk_use
from hpotune.summary import (
    Outcome,
    Progress,
    Schedule,
    cause_words,
    outcome,
    progress,
    schedule,
    state_words,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A trial with a value. `value` has the metric's own sign, `seconds` is the time of all its attempts."""

    rank: int
    trial: int
    state: str
    value: float
    budget: Budget | None
    seconds: float
    origin: str
    config: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One way in which trials failed: how many did, and an example. `log` is the example's, relative to the run."""

    cause: str
    words: str
    count: int
    trial: int | None
    message: str
    log: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """All of a report. `history` is there for what lists every trial; `schedule` and `disk` only if there is one."""

    history: History
    run: str
    outcome: Outcome
    progress: Progress
    trial_seconds: float
    best: Row | None
    by_hand: ByHand | None
    top: tuple[Row, ...]
    failures: tuple[FailureRow, ...]
    sessions: tuple[SessionFacts, ...]
    schedule: Schedule | None = None
    disk: DiskUse | None = None


def build(history: History, messages: Messages, folder: RunFolder, top: int = 10) -> Report:
    """The report of a run as it stands.

    Args:
        history: what has happened.
        messages: what `collect` gathered beside it.
        folder: where the run is.
        top: how many of the best trials to show.
    """
    shown = heapq.nsmallest(max(top, 1), (trial for trial in history.trials if trial.loss is not None), key=rank)
    rows = tuple(row for place, trial in enumerate(shown, 1) if (row := _row(history, place, trial)) is not None)
    best, scheduled = history.best, schedule(history, messages.tally)
    return Report(
        history=history,
        run=str(folder.path),
        outcome=outcome(history),
        progress=progress(history),
        trial_seconds=sum(job.seconds for trial in history.trials for job in trial.jobs),
        best=None if best is None else _row(history, 1, best),
        by_hand=None if best is None else by_hand(history, best, folder, messages.study_file),
        top=rows[:top],
        failures=tuple(_failures(history, messages, folder)),
        sessions=tuple(messages.sessions),
        schedule=scheduled,
        disk=None if scheduled is None else disk_use(folder, history.trials),
    )


def _row(history: History, place: int, trial: Trial) -> Row | None:
    value = history.value(trial.loss)
    if value is None:
        return None
    state = state_words(trial.state)
    return Row(place, trial.number, state, value, trial.budget, trial.seconds, trial.origin, trial.config)


def _failures(history: History, messages: Messages, folder: RunFolder) -> list[FailureRow]:
    """The kinds of failure that stand, commonest cause first; then what of a cause no message is known for."""
    rows = []
    standing = messages.failures.standing()
    for cause, count in progress(history).causes:
        left = count
        for kind in standing:
            if kind.cause != cause:
                continue
            trial = messages.failures.example(kind)
            job = history.trials[trial].jobs[-1]
            logs = folder.attempt(trial, len(history.trials[trial].jobs) - 1, job.attempt)
            name = "stdout.log" if cause == "no_metric" or _is_empty(logs / "stderr.log") else "stderr.log"
            log = str((logs / name).relative_to(folder.path))
            rows.append(FailureRow(cause, kind.words, kind.trials, trial, kind.message, log))
            left -= kind.trials
        if left > 0:
            rows.append(FailureRow(cause, cause_words(cause), left, None, "", None))
    return rows


def _is_empty(log: Path) -> bool:
    """Whether a log is there and says nothing: then what the trial said stands in the other."""
    try:
        return log.stat().st_size == 0
    except OSError:
        return False
