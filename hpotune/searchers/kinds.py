"""The searchers: how each is made, what it is capable of, and the options that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hpotune.options import Chosen, Options, number, one_of, whole
from hpotune.searchers.base import Searcher
from hpotune.searchers.grid import GridSearcher
from hpotune.searchers.random import RandomSearcher
from hpotune.searchers.sobol import SobolSearcher
from hpotune.study import Study


@dataclass(frozen=True, slots=True)
class SearcherKind:
    """How a searcher is made of a study and the options chosen in it, and what it is capable of.

    `quick`: a proposal is a matter of microseconds and may be made inside the loop. `finite`: it ends by itself.
    `learns`: it is told the results. `takes_default`: the default configuration comes first.
    """

    make: Callable[[Study, Chosen], Searcher]
    about: str
    quick: bool = True
    learns: bool = False
    finite: bool = False
    takes_default: bool = True
    options: Options = field(default_factory=dict)


def _design_size(study: Study) -> int:
    """One more than there are parameters that can vary, from 5 to 10."""
    return min(max(sum(size != 1 for size in study.space.axis_sizes) + 1, 5), 10)


GP_OPTIONS: Options = {
    "initial": whole(1, _design_size),
    "acquisition": one_of(("log_ei", "ei", "ucb", "pi"), "log_ei"),
    "xi": number(0, 0.0),
    "beta": number(0, "auto", auto=True),
    "kernel": one_of(("matern52", "rbf"), "matern52"),
    "random_fraction": number(0.0, 0.0, most=1.0),
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


def _gp(study: Study, chosen: Chosen) -> Searcher:
    from hpotune.searchers.gp import GpSearcher  # noqa: PLC0415 - scipy is heavy, and only some strategies need it

    return GpSearcher(study.seed or 0, **chosen)


def _kde(study: Study, chosen: Chosen) -> Searcher:
    from hpotune.searchers.kde import KdeSearcher  # noqa: PLC0415 - as above

    del study
    return KdeSearcher(**chosen)


SEARCHERS: Mapping[str, SearcherKind] = {
    "grid": SearcherKind(
        lambda _study, _chosen: GridSearcher(),
        "every point of the grid that `grid:`, `step:` and `choices:` span",
        finite=True,
        takes_default=False,
    ),
    "random": SearcherKind(lambda _study, _chosen: RandomSearcher(), "independent draws (Bergstra & Bengio 2012)"),
    "sobol": SearcherKind(
        lambda study, _chosen: SobolSearcher(study.seed or 0),
        "a scrambled Sobol sequence: covers the space more evenly",
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
