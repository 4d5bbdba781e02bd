"""Tree-structured Parzen estimators: the configuration that is likely among the good and unlikely among the bad
(Bergstra et al. 2011, "Algorithms for hyper-parameter optimization", section 4; in the multivariate form of Falkner,
Klein & Hutter 2018, "BOHB", section 3.2 and algorithm 2).

Notation
    b        the budget that is modelled: the highest with enough evaluations
    n, q     evaluations at b and failures; `top_fraction`
    N_min    `min_points`, the least number of points of a density
    l, g     densities of the good and of the bad;  N_l = max(N_min, ceil(q n)),  N_g = max(N_min, n - N_l)
    score    log l(x) - log g(x), to be maximised

A proposal, step by step:
    1. of a share of the trials, and while there are too few evaluations, an independent draw
    2. the good: the best N_l. The bad: the other evaluations, what failed, what is under way
    3. candidates drawn from l, as they will really be run; those that are infeasible are dropped
    4. the one with the highest score that was never tried; in a small finite space that may be any of those left

Only the order of the losses counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from hpotune.history import Observations, Results
from hpotune.keys import Key
from hpotune.models.kde import Axis, Density, choices, normal_reference
from hpotune.models.normal import Array
from hpotune.models.threads import one_blas_thread
from hpotune.searchers.base import MAX_DRAWS, Answer, Proposal, first_new, forms
from hpotune.space import Bool, Categorical, Space

_MOST_BINS = 64  # a parameter with more values counts as a continuum
# The densities rest on at most so many points, so that a proposal costs the same however long the history: the best of
# the good; of the bad the latest that are under way, and of all others some spread evenly over the history.
_MOST_GOOD, _MOST_BAD, _MOST_PENDING = 250, 750, 250
_ROUNDS = 10  # of candidates, where constraints leave hardly any
_OFFERED = 50  # candidates, best first
_LEAST = math.log(1e-32)  # log densities that are smaller count as this: far from all points neither is preferred
_LISTED = 5_000  # a space of up to so many configurations is looked at as a whole when no candidate is new


@dataclass(frozen=True, slots=True)
class KdeSearcher:
    """Proposes where the density of the good is large against that of the bad.

    top_fraction      share of the evaluations that count as good
    candidates        drawn from the density of the good for each proposal
    random_fraction   share of the proposals that are independent draws
    bandwidth         of numbers, as a share of their range; auto: by the normal reference rule, from each density's
                      own points, and so that of choices
    bandwidth_factor  how much wider than the density itself candidates are drawn
    min_bandwidth     no bandwidth is smaller
    min_points        of each density; auto: one more than the space has dimensions
    initial           evaluations before there is a model; auto: two more than `min_points`
    prior             how many points the uniform distribution counts for in each density
    weights           of the good: uniform, or linear, from the best down to the least of them
    shrinking         the exponent e by which a given bandwidth becomes bandwidth n^-e as the trials grow in number
    """

    top_fraction: float = 0.15
    candidates: int = 64
    random_fraction: float = 1 / 3
    bandwidth: float | Literal["auto"] = "auto"
    bandwidth_factor: float = 3.0
    min_bandwidth: float = 1e-3
    min_points: int | Literal["auto"] = "auto"
    initial: int | Literal["auto"] = "auto"
    prior: float = 0.0
    weights: str = "uniform"
    shrinking: float = 0.0

    def propose(self, space: Space, observations: Observations, key: Key, budget: float | None) -> Answer:
        """See `Searcher`. The record says why it was an independent draw, or how the densities chose it."""
        del budget
        results = observations.results
        if results is None:
            raise ValueError("this searcher has to be told the results")
        least = space.dimension + 1 if self.min_points == "auto" else self.min_points
        needed = least + 2 if self.initial == "auto" else self.initial
        known = _known(results, needed)
        if known.ended < needed or not len(known.trials):
            told = {"by": "random", "why": "too_few", "observations": known.ended, "needed": needed}
            return first_new(_draws(space, key, told), space, observations, key)
        if key.child("fraction").uniforms(1)[0] < self.random_fraction:
            told = {"by": "random", "why": "fraction", "fraction": self.random_fraction}
            return first_new(_draws(space, key, told), space, observations, key)
        with one_blas_thread():
            return self._by_densities(space, observations, self._model(space, results, known, least), key)

    def _model(self, space: Space, results: Results, known: _Known, least: int) -> _Model:
        good, bad = _split(known, self.top_fraction, least)
        axes = _axes(space)
        weights = np.arange(len(good), 0, -1.0) if self.weights == "linear" else np.ones(len(good))
        return _Model(
            self._density(axes, results.points[good], weights * (len(good) / weights.sum()), known.ended),
            self._density(axes, results.points[bad], np.ones(len(bad)), known.ended),
            {
                "good": len(good),
                "bad": len(bad),
                "observations": len(known.trials),
                "pending": len(known.pending),
                "failed": len(known.failed),
                "budget": known.budget,
            },
        )

    def _density(self, axes: tuple[Axis, ...], points: Array, weights: Array, ended: int) -> Density:
        """The density of the points, and of the uniform distribution as far as `prior` says."""
        if self.bandwidth == "auto":
            bandwidths = normal_reference(axes, points)
        else:
            smoothed = [_smoothed(axis, len(points), self.prior) for axis in axes]
            bandwidths = np.where([axis.ordered for axis in axes], self.bandwidth * ended**-self.shrinking, smoothed)
        bandwidths = np.maximum(bandwidths, self.min_bandwidth)
        if self.prior > 0:
            points = np.vstack([points, np.full((1, points.shape[1]), np.nan)])
            weights = np.append(weights, self.prior)
        return Density(axes, points, bandwidths, weights)

    def _by_densities(self, space: Space, observations: Observations, model: _Model, key: Key) -> Answer:
        points = self._candidates(space, model, key)
        told = {"by": "kde", **model.told, "candidates": len(points)}

        def proposals() -> Iterator[Proposal]:
            yield from _ranked(space, model, points, told)
            yield from _ranked(space, model, _untried(space, observations), told)
            yield from _draws(space, key, {"by": "random"})

        return first_new(proposals(), space, observations, key)

    def _candidates(self, space: Space, model: _Model, key: Key) -> Array:
        """Feasible settled points drawn from the good, shape (c, d)."""
        found: list[Array] = []
        for number in range(_ROUNDS):
            uniforms = key.child("candidates", number).uniforms(self.candidates * (space.dimension + 1))
            drawn = space.settle(model.good.draw(uniforms.reshape(self.candidates, -1), self.bandwidth_factor))
            found.append(drawn[space.feasible_points(drawn)])
            if sum(map(len, found)) >= self.candidates:
                break
        return np.concatenate(found)[: self.candidates]


class _Model(NamedTuple):
    """The densities, and what the record tells of them."""

    good: Density
    bad: Density
    told: Mapping[str, Any]

    def scores(self, points: Array) -> Array:
        """log l - log g at settled points, shape (c,)."""
        return np.maximum(self.good.log(points), _LEAST) - np.maximum(self.bad.log(points), _LEAST)


class _Known(NamedTuple):
    """The trials with a value at the budget that is modelled, and these values; what failed, what is under way."""

    budget: float | None
    trials: npt.NDArray[np.int64]
    losses: Array
    failed: npt.NDArray[np.int64]
    pending: npt.NDArray[np.int64]
    ended: int


def _known(results: Results, needed: int) -> _Known:
    """What there is at the highest budget with `needed` evaluations, else at the lowest of all.

    A failure has no budget, but it may have been at the lowest, so it is counted there. A trial that was promoted and
    failed is no longer good; one that was promoted and is under way is known by the value
    that it has, at whatever budget, and not to be kept from.
    """
    sound = ~np.isin(results.trials, results.failed)
    budgets = np.where(np.isnan(results.budgets), -np.inf, results.budgets)[sound]
    levels, counts = np.unique(budgets, return_counts=True)
    enough = np.flatnonzero(counts >= needed)
    which = int(enough[-1]) if len(enough) else 0
    level = float(levels[which]) if len(levels) else -math.inf
    trials = results.trials[sound][budgets == level]
    return _Known(
        level if math.isfinite(level) else None,
        trials,
        results.losses[sound][budgets == level],
        results.failed,
        results.pending[~np.isin(results.pending, results.trials)],
        len(trials) + (len(results.failed) if which == 0 else 0),
    )


def _split(known: _Known, fraction: float, least: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The trials that are good, best first, and those that count as bad, in the order in which they came."""
    n = len(known.trials)
    wanted = min(max(least, math.ceil(fraction * (n + len(known.failed)))), n)
    best = _best(known.losses, min(wanted, _MOST_GOOD))
    rest = np.ones(n, bool)
    rest[best if wanted == len(best) else _best(known.losses, wanted)] = False
    missing = least - int(rest.sum()) - len(known.failed)
    if missing > 0:  # at first the two overlap
        rest[_best(-known.losses, min(missing + int(rest.sum()), n))] = True
    pending = known.pending[-_MOST_PENDING:]
    others = np.concatenate([known.trials[rest], known.failed])
    return known.trials[best], np.concatenate([_spread(others, _MOST_BAD - len(pending)), pending])


def _best(losses: Array, count: int) -> npt.NDArray[np.int64]:
    """The places of the `count` smallest, ascending; of equal ones the first. Sorts hardly more than these."""
    bound = np.partition(losses, count - 1)[count - 1]
    below = np.flatnonzero(losses < bound)
    equal = np.flatnonzero(losses == bound)[: count - len(below)]
    return np.concatenate([below[np.argsort(losses[below], kind="stable")], equal])


def _spread(trials: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    if len(trials) <= most:
        return trials
    return trials[np.linspace(0, len(trials) - 1, most).astype(np.int64)]


def _smoothed(axis: Axis, count: int, prior: float) -> float:
    """The share that leaves a choice where each of m counts for prior / (count + 1) more than was seen."""
    extra = prior / (count + 1)
    return (axis.bins - 1) * extra / (1 + axis.bins * extra)


@lru_cache(maxsize=2)
def _axes(space: Space) -> tuple[Axis, ...]:
    """What the coordinates of a space are to a density; a pure function, so the cache cannot be seen."""
    return tuple(
        choices(size or 1)
        if size == 1 or isinstance(parameter, Categorical | Bool)
        else Axis()
        if size is None or size > _MOST_BINS
        else Axis(_edges(space.levels(j)))
        for j, (parameter, size) in enumerate(zip(space.searchable, space.axis_sizes, strict=True))
    )


def _edges(centres: Array) -> Array:
    """The bins of which these are the centres, from 0 to 1."""
    edges = [0.0]
    for centre in centres.tolist():
        edges.append(2.0 * centre - edges[-1])
    return np.array([*edges[:-1], 1.0])


def _ranked(space: Space, model: _Model, points: Array, told: Mapping[str, Any]) -> Iterator[Proposal]:
    """The best of the settled points, best first; each configuration once or more often."""
    scores, at = model.scores(points), np.where(np.isnan(points), 0.5, points)
    for place in np.argsort(-scores, kind="stable")[:_OFFERED]:
        yield Proposal(space.decode(at[place]), {**told, "score": float(scores[place])})


def _untried(space: Space, observations: Observations) -> Array:
    """What is left of a small finite space, settled; nothing of a larger one."""
    listed = _listed(space)
    if not len(listed):
        return listed
    return listed[[form not in observations.tried for form in forms(space)]]


@lru_cache(maxsize=2)
def _listed(space: Space) -> Array:
    """The configurations of a small finite space; a pure function, so the cache cannot be seen."""
    valid = space.enumerate(_LISTED) or ()
    return np.array([space.encode(config) for config in valid]).reshape(len(valid), space.dimension)


def _draws(space: Space, key: Key, told: Mapping[str, Any]) -> Iterator[Proposal]:
    attempt = 0
    while (config := space.draw(key.child(attempt), MAX_DRAWS)) is not None:
        yield Proposal(config, told)
        attempt += 1
