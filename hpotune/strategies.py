"""Strategies: searcher × scheduler. The named products, and how a study's `strategy` becomes a pair of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from hpotune.errors import Problem, StudyError
from hpotune.events import JsonObject
from hpotune.options import Options
from hpotune.protocol import check_protocol
from hpotune.schedulers import New, Room, Scheduler
from hpotune.schedulers.kinds import SCHEDULERS, SchedulerKind
from hpotune.searchers import Searcher
from hpotune.searchers.kinds import SEARCHERS, SearcherKind
from hpotune.space import SpaceError, canonical_json
from hpotune.study import Study, did_you_mean
from hpotune.study import load_study as _load_study

__all__ = [
    "SCHEDULERS",
    "SEARCHERS",
    "STRATEGIES",
    "Product",
    "SchedulerKind",
    "SearcherKind",
    "Strategy",
    "check",
    "check_room",
    "complete",
    "doubts",
    "load_study",
    "product",
    "resolve",
    "scheduler_of",
]


class Product(NamedTuple):
    """A named strategy: its searcher, its scheduler, and where it departs from their defaults."""

    searcher: str
    scheduler: str
    options: JsonObject = MappingProxyType({})


# Measured for few trials, all trained to the full budget. The defaults of the searcher are those of BOHB.
TPE: JsonObject = MappingProxyType(
    {
        "random_fraction": 0.0,
        "bandwidth": 0.07,
        "bandwidth_factor": 1.0,
        "min_points": 1,
        "initial": 8,
        "prior": 1.0,
        "weights": "linear",
    }
)


# A model of few budgets that mislead goes astray unless some trials take no notice of it.
MOBSTER: JsonObject = MappingProxyType({"random_fraction": 1 / 3})

STRATEGIES: Mapping[str, Product] = {
    "grid": Product("grid", "full"),
    "random": Product("random", "full"),
    "sobol": Product("sobol", "full"),
    "bo": Product("gp", "full"),
    "tpe": Product("kde", "full", TPE),
    "successive_halving": Product("random", "successive_halving"),
    "hyperband": Product("random", "hyperband"),
    "asha": Product("random", "asha"),
    "bohb": Product("kde", "hyperband"),
    "mobster": Product("gp", "asha", MOBSTER),
}

_UNNAMED = STRATEGIES["random"]


@dataclass(frozen=True, slots=True)
class Strategy:
    """What a study's `strategy` stands for."""

    searcher: Searcher
    scheduler: Scheduler[Any]
    quick: bool
    learns: bool
    takes_default: bool


def resolve(study: Study) -> Strategy:
    """The searcher and the scheduler of a study.

    Raises:
        StudyError: the strategy is unknown, has an unknown option, or does not fit the study.
    """
    if problems := check(study):
        raise StudyError(problems)
    kind = SEARCHERS[product(study).searcher]
    return Strategy(
        kind.make(study, _chosen(study, kind.options)),
        scheduler_of(study),
        kind.quick,
        kind.learns,
        kind.takes_default,
    )


def scheduler_of(study: Study) -> Scheduler[Any]:
    """The scheduler alone of a study whose strategy fits it: a searcher may be slow to make."""
    kind = SCHEDULERS[product(study).scheduler]
    return kind.make(study, _chosen(study, kind.options))


def complete(study: Study, *, like: Study | None = None) -> Study:
    """The study with every option of its strategy written out, so that a later version's defaults do not change a run.

    What the study leaves out is as in the study `like` of the same strategy, and nothing else is written out then: an
    option that `like` did not know is none of its run.

    Raises:
        StudyError: as `resolve`.
    """
    if problems := check(study):
        raise StudyError(problems)
    searcher, scheduler, _ = product(study)
    known = {**SEARCHERS[searcher].options, **SCHEDULERS[scheduler].options}
    own = {name: known[name].convert(value) for name, value in study.strategy.options.items()}
    if like is not None and product(like) == product(study):
        options = {**like.strategy.options, **own}
    else:
        options = {name: value for name, value in {**_chosen(study, known), **own}.items() if value is not None}
    if not options:
        return study
    strategy = study.strategy
    named = {"name": strategy.name, "searcher": strategy.searcher, "scheduler": strategy.scheduler}
    return study.replace(strategy={key: name for key, name in named.items() if name is not None} | options)


def product(study: Study) -> Product:
    """What the study's strategy is a name for. The names in it need not be known ones."""
    strategy = study.strategy
    named = STRATEGIES.get(strategy.name or "", _UNNAMED)
    return Product(strategy.searcher or named.searcher, strategy.scheduler or named.scheduler, named.options)


def _chosen(study: Study, known: Options) -> dict[str, Any]:
    """The known options as the study has them: its own, else those of the named strategy, else the defaults."""
    own = {**product(study).options, **study.strategy.options}
    return {name: own[name] if name in own else option.default(study) for name, option in known.items()}


def check(study: Study) -> list[Problem]:
    """What is wrong with a study's strategy."""
    strategy = study.strategy
    if strategy.name is not None and strategy.name not in STRATEGIES:
        return [_unknown(study, "strategy", strategy.name, STRATEGIES, ("strategy", "name"))]
    searcher, scheduler, _ = product(study)
    problems = []
    if searcher not in SEARCHERS:
        problems.append(_unknown(study, "searcher", searcher, SEARCHERS, ("strategy", "searcher")))
    if scheduler not in SCHEDULERS:
        problems.append(_unknown(study, "scheduler", scheduler, SCHEDULERS, ("strategy", "scheduler")))
    if problems:
        return problems
    kind = SCHEDULERS[scheduler]
    problems += _check_options(study, {**SEARCHERS[searcher].options, **kind.options})
    if not problems:
        problems += kind.check(study, _chosen(study, kind.options))
    if kind.needs_budget and study.budget is None:
        problems.append(
            study.problem(
                ("strategy",), f"scheduler {scheduler} needs a budget", "add `budget: {name: epochs, max: 81}`"
            )
        )
    return problems + _check_end(study, searcher, kind) + _check_grid(study, searcher)


def load_study(path: str | PathLike[str], *, overrides: Sequence[str] = (), folder: Path | None = None) -> Study:
    """Load a study file and check it whole, strategy included.

    Args:
        path: the study file.
        overrides: `key.path=value` texts, as `--set` takes them.
        folder: what its relative paths are relative to; the file's own folder if left out.

    Raises:
        StudyError: with every problem of the file, each with its line.
    """
    return _load_study(path, overrides=overrides, checks=(check, check_room, check_protocol), folder=folder)


def _check_options(study: Study, known: Options) -> list[Problem]:
    problems = []
    for name, value in study.strategy.options.items():
        option = known.get(name)
        if option is None:
            takes = f"it takes {', '.join(known)}" if known else "it takes no options"
            words = f"unknown option {name!r} of strategy {' × '.join(product(study)[:2])}"
            remedy = did_you_mean(name, tuple(known)) or takes
            problems.append(study.problem(("strategy", name), words, remedy, key=True))
        elif not option.accepts(value):
            words = f"{name} cannot be {canonical_json(value)}"
            problems.append(study.problem(("strategy", name), words, f"it is {option.takes}"))
    return problems


def _unknown(study: Study, what: str, name: str, known: Mapping[str, object], path: tuple[str, ...]) -> Problem:
    remedy = did_you_mean(name, tuple(known)) or f"available: {', '.join(known)}"
    return study.problem(path, f"unknown {what} {name!r}", remedy)


def _check_end(study: Study, searcher: str, schedule: SchedulerKind) -> list[Problem]:
    """A study must be able to end."""
    limits = study.limits
    if limits.budget is not None and study.budget is None:
        remedy = "say what trials are trained to: `budget: {name: epochs, max: 81}`; or limit `trials` or `time`"
        return [study.problem(("limits", "budget"), "a limit on the budget, but the study has no budget", remedy)]
    if any(limit is not None for limit in (limits.trials, limits.time, limits.budget, study.metric.target)):
        return []
    if SEARCHERS[searcher].finite or schedule.finite(_chosen(study, schedule.options)):
        return []
    remedy = "add `limits: {trials: 100}` (or time, or budget), or `target` to the metric"
    return [study.problem(("limits",), "nothing would ever end this study", remedy, key=True)]


def check_room(study: Study) -> list[Problem]:
    """What is wrong with the limit of the budget: it must take a trial. A run that was started is not asked again."""
    if check(study):
        return []
    limit, scheduler = study.limits.budget, scheduler_of(study)
    match scheduler.decide(scheduler.initial(), Room()):
        case New(budget=int() | float() as first) if limit is not None and first > limit:
            words = f"{limit:g} is not enough for a single trial, which is first trained for {first:g}"
            return [study.problem(("limits", "budget"), words, f"raise it to {first:g} or more")]
        case _:
            return []


def doubts(study: Study) -> list[Problem]:
    """What is allowed of a strategy with rungs, but probably not meant."""
    budget, (_, name, _) = study.budget, product(study)
    if budget is None or not SCHEDULERS[name].needs_budget:
        return []
    found, limit = [], study.limits.budget
    if len(scheduler_of(study).levels) < 2:
        words = f"there is one rung only, {budget.max}: every trial is trained in full"
        found.append(
            study.problem(("budget",), words, "lower `min`, or eta: the rungs are max, max / eta, …, down to min")
        )
    if limit is not None and limit < budget.max:
        words = f"no trial can be trained in full: {limit:g} is less than {budget.max}"
        found.append(study.problem(("limits", "budget"), words, "raise it, or lower `max`"))
    if study.trial.checkpoints == 0 and budget.resume:
        words = "no checkpoint is kept, so trials that are promoted start over"
        found.append(study.problem(("trial", "checkpoints"), words, "drop it, or say `resume: false` in the budget"))
    return found


def _check_grid(study: Study, searcher: str) -> list[Problem]:
    if searcher != "grid":
        return []
    try:
        study.space.grid_size()
    except SpaceError as error:
        return [study.problem(path, message, remedy) for path, message, remedy in error.problems]
    return []
