"""The limits of a study: when running trials must end, and when no new one may begin. Pure functions of the history."""

from __future__ import annotations

from hpotune.history import History


def must_end(history: History) -> str | None:
    """Why running jobs must end now, to be run again by a resume: `time`, `interrupted` or `failures`; else None."""
    if history.halting is not None:
        return history.halting
    limit = history.study.limits.failures
    return "failures" if limit is not None and history.failures >= limit else None


def target_reached(history: History) -> bool:
    """Whether a value as good as the target has been seen: of a settled trial, or of any report if `use` is best."""
    target = history.study.metric.target
    return target is not None and history.least is not None and history.least <= history.sign * target


def no_more_trials(history: History, budget: float | None = None) -> str | None:
    """Why no new trial, first trained to `budget`, may be planned: `trials`, `budget` or `space_exhausted`.

    None if one may. `limits.budget` is a total that is never exceeded.
    """
    limits = history.study.limits
    if limits.trials is not None and len(history.trials) >= limits.trials:
        return "trials"
    spent = history.budget_planned
    if limits.budget is not None and (spent >= limits.budget or spent + (budget or 0) > limits.budget):
        return "budget"
    return "space_exhausted" if history.exhausted is not None else None
