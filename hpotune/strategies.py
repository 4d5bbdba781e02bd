"""Strategies: searcher × scheduler. The named products, and how a study's `strategy` becomes a pair of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from hpotune.errors import Problem, StudyError
from hpotune.events import JsonObject
from hpotune.options import Options, number, one_of, whole
from hpotune.protocol import check_protocol
from hpotune.schedulers import FullScheduler, Scheduler
from hpotune.searchers import GridSearcher, RandomSearcher, Searcher, SobolSearcher
from hpotune.space import SpaceError, canonical_json
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
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchedulerKind:
    """How a scheduler is made, and what it is capable of. `needs_budget`: the study must have a `budget`."""

    make: Callable[[Study], Scheduler[Any]]
    about: str
    needs_budget: bool = False
    options: Options = field(default_factory=dict)


class Product(NamedTuple):
    """A named strategy: its searcher, its scheduler, and where it departs from their defaults."""

    searcher: str
    scheduler: str
    options: JsonObject = MappingProxyType({})


def _design_size(study: Study) -> int:
    """One more than there are parameters that can vary, from 5 to 10."""
    return min(max(sum(size != 1 for size in study.space.axis_sizes) + 1, 5), 10)


GP_OPTIONS: Options = {
    "initial": whole(1, _design_size),
    "acquisition": one_of(("log_ei", "ei", "ucb", "pi"), "log_ei"),
    "xi": number(0, 0.0),
    "beta": number(0, "auto", auto=True),
    "kernel": one_of(("matern52", "rbf"), "matern52"),
}


KDE_OPTIONS: Options = {
    "top_fraction": number(0.0, 0.15, most=1.0),
    "candidates": whole(1, 64),
    "random_fraction": number(0.0, 1 / 3, most=1.0),
    "bandwidth": number(0.001, "auto", most=1.0, auto=True),
    "shrinking": number(0.0, 0.0, most=1.0),
    "bandwidth_factor": number(0.1, 3.0),
    "min_bandwidth": number(1e-6, 1e-3, most=1.0),
    "min_points": whole(1, "auto", auto=True),
    "initial": whole(1, "auto", auto=True),
    "prior": number(0.0, 0.0),
    "weights": one_of(("uniform", "linear"), "uniform"),
}

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


def _kde(study: Study) -> Searcher:
    from hpotune.searchers.kde import KdeSearcher  # noqa: PLC0415 - as above

    return KdeSearcher(**_chosen(study, KDE_OPTIONS))


def _gp(study: Study) -> Searcher:
    from hpotune.searchers.gp import GpSearcher  # noqa: PLC0415 - scipy is heavy, and only some strategies need it

    return GpSearcher(study.seed or 0, **_chosen(study, GP_OPTIONS))


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
    "gp": SearcherKind(
        _gp,
        "Bayesian optimisation with a Gaussian process (Snoek 2012; Ament 2023; Hvarfner 2024)",
        quick=False,
        learns=True,
        options=GP_OPTIONS,
    ),
    "kde": SearcherKind(
        _kde,
        "kernel densities of good and bad trials (Bergstra 2011; Falkner 2018)",
        quick=False,
        learns=True,
        options=KDE_OPTIONS,
    ),
}

SCHEDULERS: Mapping[str, SchedulerKind] = {
    "full": SchedulerKind(
        lambda study: FullScheduler(study.budget.max if study.budget else None),
        "every trial is trained to the full budget",
    ),
}

STRATEGIES: Mapping[str, Product] = {
    "grid": Product("grid", "full"),
    "random": Product("random", "full"),
    "sobol": Product("sobol", "full"),
    "bo": Product("gp", "full"),
    "tpe": Product("kde", "full", TPE),
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
    searcher, scheduler, _ = product(study)
    kind = SEARCHERS[searcher]
    return Strategy(kind.make(study), SCHEDULERS[scheduler].make(study), kind.quick, kind.learns, kind.takes_default)


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
        options = {**_chosen(study, known), **own}
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
    problems += _check_options(study, {**SEARCHERS[searcher].options, **SCHEDULERS[scheduler].options})
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
