"""The schedulers: how each is made, what it is capable of, and the options that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from hpotune.errors import Problem
from hpotune.options import Chosen, Option, Options, one_of, whole
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.asha_stop import AshaStopScheduler
from hpotune.schedulers.base import Scheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.full import FullScheduler
from hpotune.schedulers.rungs import Bracket, brackets, halving, rungs
from hpotune.schedulers.stopping import StoppingRule, checks
from hpotune.space import JsonValue
from hpotune.study import Study

_MOST_CHECKS = 10_000
_USUAL_CHECKS = 50
_PERCENTILE = 75.0


def _never(chosen: Chosen) -> bool:
    del chosen
    return False


def _no_problems(study: Study, chosen: Chosen) -> list[Problem]:
    del study, chosen
    return []


@dataclass(frozen=True, slots=True)
class SchedulerKind:
    """How a scheduler is made of a study and the options chosen in it, and what it is capable of.

    `needs_budget`: the study must have a `budget`. `finite`: whether it ends by itself with these options. `check`:
    what is wrong with the options, each of which is well formed, for this study.
    """

    make: Callable[[Study, Chosen], Scheduler[Any]]
    about: str
    needs_budget: bool = False
    finite: Callable[[Chosen], bool] = _never
    check: Callable[[Study, Chosen], list[Problem]] = _no_problems
    options: Options = field(default_factory=dict)


_ETA = whole(2, 3)
_BRACKETS = whole(1, "auto", auto=True)

RULES = ("median", "percentile")


def _stop_option() -> Option:
    """Of `full`: a rule by which trials are stopped early."""

    def accepts(value: JsonValue) -> bool:
        if value is None:
            return True
        if not isinstance(value, Mapping) or value.get("rule") not in RULES:
            return False
        most = {"after": inf, "every": inf} | ({"percentile": 100.0} if value["rule"] == "percentile" else {})
        return all(name == "rule" or _within(number, most.get(name, 0.0)) for name, number in value.items())

    return Option(
        "{rule: median | percentile, after: B, every: B}, and `percentile: 75`, say, for that rule",
        accepts,
        lambda _: None,
    )


def _within(value: JsonValue, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < most


def _stop_checks(study: Study, stop: Mapping[str, Any]) -> tuple[float, ...]:
    budget = study.budget
    if budget is None:
        return ()
    after = stop.get("after", budget.min)
    return checks(after, stop.get("every", max(budget.min, (budget.max - after) / _USUAL_CHECKS)), budget.max)


def _full(study: Study, chosen: Chosen) -> Scheduler[Any]:
    stop = chosen.get("stop")
    if stop is None or study.budget is None:
        return FullScheduler(study.budget.max if study.budget else None)
    percentile = 50.0 if stop["rule"] == "median" else float(stop.get("percentile", _PERCENTILE))
    return StoppingRule(study.budget.max, _stop_checks(study, stop), stop["rule"], percentile)


def _check_full(study: Study, chosen: Chosen) -> list[Problem]:
    stop = chosen.get("stop")
    if stop is None:
        return []
    place = ("strategy", "stop")
    if study.budget is None:
        remedy = "say what a trial is trained to: `budget: {name: epochs, max: 81}`"
        return [study.problem(place, "trials can be stopped early only where there is a budget", remedy)]
    if stop.get("after", 0) >= study.budget.max:
        words = f"after: {stop['after']} is not below the budget of a trial, {study.budget.max}"
        return [study.problem(place, words, "lower `after`, or drop `stop`")]
    if (study.budget.max - stop.get("after", 0)) / stop.get("every", study.budget.max) > _MOST_CHECKS:
        words = f"every: {stop['every']} would judge a trial more than {_MOST_CHECKS:,} times"
        return [study.problem(place, words, "raise `every`")]
    return []


def _levels(study: Study, eta: int) -> tuple[float, ...]:
    if study.budget is None:
        raise ValueError("a schedule of rungs needs a budget")
    return rungs(study.budget.min, study.budget.max, eta)


def _synchronous(study: Study, chosen: Chosen, kinds: tuple[Bracket, ...]) -> Scheduler[Any]:
    count = None if chosen["brackets"] == "auto" else chosen["brackets"]
    resume = study.budget is not None and study.budget.resume
    return SynchronousScheduler(kinds, chosen["eta"], count, resume, study.trial.checkpoints)


def _halving(study: Study, chosen: Chosen) -> Scheduler[Any]:
    configurations = None if chosen["configurations"] == "auto" else chosen["configurations"]
    return _synchronous(study, chosen, (halving(_levels(study, chosen["eta"]), chosen["eta"], configurations),))


def _hyperband(study: Study, chosen: Chosen) -> Scheduler[Any]:
    return _synchronous(study, chosen, brackets(_levels(study, chosen["eta"]), chosen["eta"]))


def _asha(study: Study, chosen: Chosen) -> Scheduler[Any]:
    levels, eta = _levels(study, chosen["eta"]), chosen["eta"]
    if chosen["mode"] == "stop":
        return AshaStopScheduler(levels, eta)
    resume = study.budget is not None and study.budget.resume
    return AshaScheduler(levels, eta, study.limits.trials, resume, study.trial.checkpoints)


def _counted(chosen: Chosen) -> bool:
    return bool(chosen["brackets"] != "auto")


SCHEDULERS: Mapping[str, SchedulerKind] = {
    "full": SchedulerKind(
        _full,
        "every trial is trained to the full budget, unless a rule stops it early",
        check=_check_full,
        options={"stop": _stop_option()},
    ),
    "successive_halving": SchedulerKind(
        _halving,
        "brackets of many short trainings, of which the best go on (Jamieson & Talwalkar 2016)",
        needs_budget=True,
        finite=_counted,
        options={"eta": _ETA, "configurations": whole(1, "auto", auto=True), "brackets": _BRACKETS},
    ),
    "hyperband": SchedulerKind(
        _hyperband,
        "successive halving from several lowest budgets in turn (Li 2018)",
        needs_budget=True,
        finite=_counted,
        options={"eta": _ETA, "brackets": _BRACKETS},
    ),
    "asha": SchedulerKind(
        _asha,
        "the best of each rung go on as soon as they are known: no worker waits (Li 2020)",
        needs_budget=True,
        options={"eta": _ETA, "mode": one_of(("promote", "stop"), "promote")},
    ),
}
