"""The words for states, causes, ends and reasons. They are made here, and nowhere else."""

from __future__ import annotations

import signal as _signal
from collections.abc import Sequence
from typing import Any

from hpotune.history import MAX_CRASHES, History, State
from hpotune.study import format_duration
from hpotune.summary.text import budget_text, count_text, first_line, printable, setting_text, value_text

STATES: dict[State, str] = {
    "completed": "completed",
    "stopped": "stopped early",
    "failed": "failed",
    "running": "running",
    "paused": "paused",
    "planned": "planned",
}
_CAUSES = {
    "exit": "non-zero exit",
    "import_error": "import error",
    "missing_file": "missing file",
    "disk_full": "disk full",
    "signal": "killed by a signal",
    "killed": "killed by someone else",
    "timeout": "timed out",
    "stall": "silent for too long",
    "oom": "out of memory",
    "gpu_oom": "out of GPU memory",
    "memory_limit": "over its memory limit",
    "no_metric": "metric never printed",
    "nan": "metric not finite",
    "launch": "could not be started",
    "interrupted": f"took the tuner down {MAX_CRASHES} times in a row",
}
_INTERRUPTIONS = {
    "tuner_died": "the tuner died",
    "time": "time limit",
    "interrupted": "at the user's wish",
    "failures": "failure limit",
    "same_failures": "the first trials all failed alike",
    "lost": "its machine went away",
    "nothing_left": "nothing was left to train from its checkpoint on",
    "study": "the study cannot go on as it is",
}
_ORIGINS = {"search": "search", "default": "the defaults", "enqueue": "enqueued", "confirm": "confirmation"}


def state_words(state: State) -> str:
    """A trial's state."""
    return STATES[state]


def origin_words(origin: str) -> str:
    """Where a trial's configuration came from."""
    return _ORIGINS.get(origin, printable(origin))


def cause_words(cause: str, code: int | None = None, signal: int | None = None) -> str:
    """Why an attempt failed, with the exit code or the signal if it is known."""
    if cause == "exit" and code is not None:
        return f"exit code {code}"
    if cause == "signal" and signal is not None:
        return f"killed by {signal_name(signal)}"
    words = _CAUSES.get(cause, printable(cause))
    if signal is not None and cause in ("killed", "oom"):
        return f"{words} ({signal_name(signal)})"
    return f"{words} (exit code {code})" if code else words


def aside_words(slots: Sequence[str]) -> str:
    """That slots are used no more."""
    names = ", ".join(map(printable, slots))
    remedy = "`hpotune resume --retry-failed all` repeats them"
    return f"set aside: {names}; every trial there failed, while others did not ({remedy})"


def message_words(cause: str, message: str) -> str:
    """The one line of a failure's message that is worth most; empty if there is none."""
    line = first_line(message)
    return f"nearest line: {line}" if line and cause == "no_metric" else line


def interruption_words(cause: str | None) -> str:
    """What cut an attempt off that is to be run again."""
    return _INTERRUPTIONS.get(cause, printable(cause)) if cause else ""


def signal_name(number: int) -> str:
    """`SIGKILL` for 9."""
    try:
        return _signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def finish_words(history: History) -> str:
    """Why the study has ended, or that it has not."""
    limits = history.study.limits
    match history.finished:
        case None:
            return "not finished"
        case "trials" if limits.trials is not None:
            return f"all {count_text(limits.trials, 'trial')} are done" if limits.trials != 1 else "the trial is done"
        case "budget" if limits.budget is not None:
            return f"the budget of {budget_text(limits.budget, budget_name(history))} is spent"
        case "time":
            return f"the time limit of {format_duration(limits.time)} is reached" if limits.time else "the time is up"
        case "failures" if limits.failures is not None:
            return f"{count_text(history.failures, 'trial')} failed, the limit is {limits.failures}"
        case "same_failures" if history.alike.first is not None:
            first = history.alike.first
            words = f"the first {count_text(history.alike.count, 'trial')} all failed in the same way"
            said = f": {first_line(history.alike.message)}" if history.alike.message else ""
            return f"{words}, trial {first.number} first: {cause_words(first.cause or 'exit')}{said}"
        case "target":
            return f"the target {value_text(history.study.metric.target)} is reached"
        case "space_exhausted":
            return printable(history.exhausted or "every configuration has been tried")
        case "interrupted":
            return "ended by the user"
        case "complete":
            return "the schedule is complete"
        case why:
            return printable(why)


def changes_words(changes: list[Any]) -> str:
    """What a resume changed in the study: `limits.trials 100 → 200`."""
    texts = []
    for change in changes:
        old, new = (setting_text(change.get(key)) for key in ("old", "new"))
        texts.append(f"{printable(str(change.get('path', '')))} {old} → {new}")
    return ", ".join(texts)


def strategy_words(history: History) -> str:
    """The strategy's name, or its two halves."""
    strategy = history.study.strategy
    if strategy.searcher or strategy.scheduler:
        return " × ".join(printable(half) for half in (strategy.searcher, strategy.scheduler) if half)
    return printable(strategy.name or "random")


def limits_words(history: History) -> str:
    """What the study is limited to: `100 trials, target 0.99`."""
    limits, texts = history.study.limits, []
    if limits.trials is not None:
        texts.append(count_text(limits.trials, "trial"))
    if limits.time is not None:
        texts.append(format_duration(limits.time))
    if limits.budget is not None:
        texts.append(f"budget {budget_text(limits.budget, budget_name(history))}")
    if history.study.metric.target is not None:
        texts.append(f"target {value_text(history.study.metric.target)}")
    return ", ".join(texts)


def budget_name(history: History) -> str:
    """The unit of the study's budget, empty without one."""
    return history.study.budget.name if history.study.budget is not None else ""
