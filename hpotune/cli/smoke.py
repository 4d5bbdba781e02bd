"""`run --smoke`: the study made small, to find out in seconds whether its command works at all."""

from __future__ import annotations

from typing import Any

from hpotune.space import Config
from hpotune.study import Study

_TRIALS = 5
_EDGE = 1e-12


def smoke_study(study: Study) -> Study:
    """A handful of trials at the smallest budget: the defaults and the bounds first, then random ones.

    Its limits are its own, since a smoke run is to end soon; one failure ends it, and is not tried again.
    """
    first = _first(study)
    budget: dict[str, Any] | None = None
    if study.budget is not None:
        budget = {**study.budget.model_dump(mode="json", by_alias=True), "max": study.budget.min}
    return study.replace(
        strategy={"searcher": "random", "scheduler": "full"},
        limits={"trials": max(_TRIALS, len(first)), "failures": 1},
        trial={**study.trial.model_dump(mode="json", by_alias=True), "retries": 0},
        metric={**study.metric.model_dump(mode="json", by_alias=True), "target": None},
        budget=budget,
        enqueue=first,
    )


def _first(study: Study) -> list[Config]:
    """The default configuration, then the lower and the upper bounds: as far as they are feasible, each once."""
    space = study.space
    default = space.default()
    candidates = [space.decode([edge] * space.dimension) for edge in (_EDGE, 1 - _EDGE)]
    if default is not None:
        candidates.insert(0, default)
    distinct = {space.canonical(config): config for config in candidates if space.feasible(config)}
    return [settable(study, config) for config in distinct.values()]


def settable(study: Study, config: Config) -> Config:
    """The part of a configuration that can be enqueued: all but the derived values."""
    return {name: value for name, value in config.items() if study.parameters[name].type != "derived"}
