"""The limits of a study: when running trials must end, and when no new one may begin. Pure functions of the history."""

from __future__ import annotations

from hpotune.history import History
from hpotune.schedulers.base import Room


def must_end(history: History) -> str | None:
    """Why running jobs must end now, to be run again by a resume, else None: `time`, `interrupted`, `failures`, or
    `same_failures` (all that has come of the first trials is one and the same failure).
    """
    if history.halting is not None:
        return history.halting
    limits = history.study.limits
    if limits.failures is not None and history.failures >= limits.failures:
        return "failures"
    if limits.same_failures and history.alike.condemns(limits.same_failures):
        return "same_failures"
    return None


def target_reached(history: History) -> bool:
    """Whether a value as good as the target has been seen: of a settled trial, or of any report if `use` is best."""
    target = history.study.metric.target
    return target is not None and history.least is not None and history.least <= history.sign * target


def room(history: History) -> Room:
    """What the limits leave to be planned. `limits.budget` is a total that is never exceeded."""
    limits = history.study.limits
    trials = None if limits.trials is None else max(0, limits.trials - len(history.trials))
    return Room(
        0 if history.exhausted is not None else trials,
        None if limits.budget is None else limits.budget - history.budget_planned,
    )


def what_is_full(history: History) -> str:
    """Which limit it is that leaves no room: `trials`, `space_exhausted` or `budget`."""
    limit = history.study.limits.trials
    if limit is not None and len(history.trials) >= limit:
        return "trials"
    return "space_exhausted" if history.exhausted is not None else "budget"
