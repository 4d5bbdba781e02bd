"""Strategies: searcher × scheduler. The named products, and how a study's `strategy` becomes a pair of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from hpotune.errors import Problem, StudyError
from hpotune.protocol import check_protocol
from hpotune.schedulers import FullScheduler, Scheduler
from hpotune.searchers import GridSearcher, RandomSearcher, Searcher, SobolSearcher
from hpotune.space import SpaceError
from hpotune.study import Study, did_you_mean
from hpotune.study import load_study as _load_study


@dataclass(frozen=True, slots=True)
class SearcherKind:
    """How a searcher is made, and what it is capable of.

    `quick`: a proposal is a matter of microseconds and may be made inside the loop. `finite`: it ends by itself.
    `learns`: it is told the results. `takes_default`: the default configuration comes first.
    """

    make: Callable[[Study], Searcher]
    about: str
    quick: bool = True
    learns: bool = False
    finite: bool = False
    takes_default: bool = True
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchedulerKind:
    """How a scheduler is made, and what it is capable of. `needs_budget`: the study must have a `budget`."""

    make: Callable[[Study], Scheduler[Any]]
    about: str
    needs_budget: bool = False
    options: tuple[str, ...] = ()


SEARCHERS: Mapping[str, SearcherKind] = {
    "grid": SearcherKind(
        lambda _: GridSearcher(),
        "every point of the grid that `grid:`, `step:` and `choices:` span",
        finite=True,
        takes_default=False,
    ),
    "random": SearcherKind(lambda _: RandomSearcher(), "independent draws (Bergstra & Bengio 2012)"),
    "sobol": SearcherKind(
        lambda study: SobolSearcher(study.seed or 0), "a scrambled Sobol sequence: covers the space more evenly"
    ),
}

SCHEDULERS: Mapping[str, SchedulerKind] = {
    "full": SchedulerKind(
        lambda study: FullScheduler(study.budget.max if study.budget else None),
        "every trial is trained to the full budget",
    ),
}

STRATEGIES: Mapping[str, tuple[str, str]] = {
    # a name stands for a searcher and a scheduler
    "grid": ("grid", "full"),
    "random": ("random", "full"),
    "sobol": ("sobol", "full"),
}


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
    searcher, scheduler = _pair(study)
    kind = SEARCHERS[searcher]
    return Strategy(kind.make(study), SCHEDULERS[scheduler].make(study), kind.quick, kind.learns, kind.takes_default)


def check(study: Study) -> list[Problem]:
    """What is wrong with a study's strategy."""
    strategy = study.strategy
    if strategy.name is not None and strategy.name not in STRATEGIES:
        return [_unknown(study, "strategy", strategy.name, STRATEGIES, ("strategy", "name"))]
    searcher, scheduler = _pair(study)
    problems = []
    if searcher not in SEARCHERS:
        problems.append(_unknown(study, "searcher", searcher, SEARCHERS, ("strategy", "searcher")))
    if scheduler not in SCHEDULERS:
        problems.append(_unknown(study, "scheduler", scheduler, SCHEDULERS, ("strategy", "scheduler")))
    if problems:
        return problems
    known = (*SEARCHERS[searcher].options, *SCHEDULERS[scheduler].options)
    for option in strategy.options:
        if option not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes no options"
            words = f"unknown option {option!r} of strategy {searcher} × {scheduler}"
            problems.append(study.problem(("strategy", option), words, did_you_mean(option, known) or takes, key=True))
    if SCHEDULERS[scheduler].needs_budget and study.budget is None:
        problems.append(
            study.problem(
                ("strategy",), f"scheduler {scheduler} needs a budget", "add `budget: {name: epochs, max: 81}`"
            )
        )
    return problems + _check_end(study, searcher) + _check_grid(study, searcher)


def load_study(path: str | PathLike[str], *, overrides: Sequence[str] = (), folder: Path | None = None) -> Study:
    """Load a study file and check it whole, strategy included.

    Args:
        path: the study file.
        overrides: `key.path=value` texts, as `--set` takes them.
        folder: what its relative paths are relative to; the file's own folder if left out.

    Raises:
        StudyError: with every problem of the file, each with its line.
    """
    return _load_study(path, overrides=overrides, checks=(check, check_protocol), folder=folder)


def _pair(study: Study) -> tuple[str, str]:
    strategy = study.strategy
    searcher, scheduler = STRATEGIES.get(strategy.name or "", ("random", "full"))
    return strategy.searcher or searcher, strategy.scheduler or scheduler


def _unknown(study: Study, what: str, name: str, known: Mapping[str, object], path: tuple[str, ...]) -> Problem:
    remedy = did_you_mean(name, tuple(known)) or f"available: {', '.join(known)}"
    return study.problem(path, f"unknown {what} {name!r}", remedy)


def _check_end(study: Study, searcher: str) -> list[Problem]:
    """A study must be able to end."""
    limits = study.limits
    if limits.budget is not None and study.budget is None:
        remedy = "say what trials are trained to: `budget: {name: epochs, max: 81}`; or limit `trials` or `time`"
        return [study.problem(("limits", "budget"), "a limit on the budget, but the study has no budget", remedy)]
    if any(limit is not None for limit in (limits.trials, limits.time, limits.budget, study.metric.target)):
        return []
    if SEARCHERS[searcher].finite:
        return []
    remedy = "add `limits: {trials: 100}` (or time, or budget), or `target` to the metric"
    return [study.problem(("limits",), "nothing would ever end this study", remedy, key=True)]


def _check_grid(study: Study, searcher: str) -> list[Problem]:
    if searcher != "grid":
        return []
    try:
        study.space.grid_size()
    except SpaceError as error:
        return [study.problem(path, message, remedy) for path, message, remedy in error.problems]
    return []
