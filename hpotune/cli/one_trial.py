"""The study reduced to one trial: what `try` and `check-resume` train."""

from __future__ import annotations

from typing import Any

from hpotune.cli.smoke import settable
from hpotune.errors import UsageError
from hpotune.events import Budget
from hpotune.study import Study
from hpotune.tuner import Job, Tuner


def one_trial(study: Study, to: Budget | None) -> tuple[Study, str]:
    """The study with nothing but its first trial, and where that one's configuration comes from, in words.

    Args:
        study: the whole study.
        to: the budget that the trial is trained to; None in a study without a budget.
    """
    enqueue, origin = list(study.enqueue[:1]), "the first of `enqueue`"
    default = study.space.default()
    if default is not None:
        enqueue, origin = [settable(study, default)], "its defaults"
    elif not enqueue:
        origin = "drawn at random, since not every parameter has a default"
    changes: dict[str, Any] = {}
    if study.budget is not None and to is not None:
        section = study.budget.model_dump(mode="json", by_alias=True)
        changes["budget"] = {**section, "min": min(to, study.budget.min), "max": to}
    reduced = study.replace(
        strategy={"searcher": "random", "scheduler": "full"},
        limits={"trials": 1},
        metric={**study.metric.model_dump(mode="json", by_alias=True), "target": None},
        trial={**study.trial.model_dump(mode="json", by_alias=True), "retries": 0},
        enqueue=enqueue,
        workers=1,
        **changes,
    )
    return reduced, origin


def first_job(tuner: Tuner) -> Job:
    """The job of that trial.

    Raises:
        UsageError: no trial can be planned, since the space has no feasible point.
    """
    job = tuner.ask()
    if job is None:
        raise UsageError(f"nothing to try: {tuner.history.exhausted or tuner.history.finished}")
    return job
