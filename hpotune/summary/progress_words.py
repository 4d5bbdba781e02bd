"""The words for a study's progress, in parts that a screen may lay out as it can."""

from __future__ import annotations

from hpotune.history import History
from hpotune.study import format_duration
from hpotune.summary.progress import Progress
from hpotune.summary.text import budget_text, count_text, duration_text, printable, value_text
from hpotune.summary.words import budget_name


def done_words(state: Progress) -> str:
    """`41 of 100 trials`, or `41 trials` without a limit on them; while some are paused, how many have begun."""
    count, begun = (state.planned, " begun") if state.waits else (state.done, "")
    if state.total is None:
        return f"{count_text(count, 'trial')}{begun}"
    return f"{count:,} of {count_text(state.total, 'trial')}{begun}"


def time_words(state: Progress, history: History) -> list[str]:
    """The running time, and what is left of it: an estimate, or the time limit if that comes first."""
    limit = history.study.limits.time
    spent = duration_text(state.elapsed)
    parts = [spent if limit is None else f"{spent} of {format_duration(limit)}"]
    if state.left is not None and history.finished is None:
        parts.append(f"about {duration_text(_rounded(state.left))} left")
    return parts


def count_words(state: Progress) -> list[str]:
    """How many trials there are in each state that has any."""
    counts = [
        (state.completed, "completed"),
        (state.stopped, "stopped early"),
        (state.failed, "failed"),
        (state.running, "running"),
        (state.paused, "paused"),
        (state.again, "to run again"),
    ]
    return [f"{count:,} {words}" for count, words in counts if count]


def best_parts(state: Progress, history: History) -> list[str]:
    """The best value, its budget and whose it is; empty before the first."""
    if state.best is None:
        return []
    parts = [f"{printable(history.study.metric.name)} {value_text(state.value)}"]
    if state.budget is not None:
        parts.append(f"at {budget_text(state.budget, budget_name(history))}")
    return [*parts, f"(trial {state.best.number})"]


def progress_text(state: Progress, history: History) -> str:
    """All of it on one line."""
    parts = [done_words(state), *time_words(state, history), *count_words(state)]
    if best := best_parts(state, history):
        parts.append(" ".join(["best", *best]))
    return " · ".join(parts)


def _rounded(seconds: float) -> float:
    """An estimate is not known to the second."""
    return seconds if seconds < 10 else float(round(seconds))
