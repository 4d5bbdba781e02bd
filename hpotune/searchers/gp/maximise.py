"""The maximiser of an acquisition function over a mixed, conditional, constrained space.

    1. a few hundred candidates, spread over the space and around the best observations, all settled and feasible
    2. from the best of them, far enough apart: gradient ascent along the continuous coordinates, all at once (as
       L-BFGS-B of the sum), then steps to better values of the discrete ones, until nothing improves
    3. everything that was looked at, best first; every point as it would really be run

A small finite space is listed, and all of it is scored.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from hpotune.keys import Key
from hpotune.models.normal import Array
from hpotune.searchers.gp.moves import around, continuous, siblings, spread
from hpotune.searchers.gp.surrogate import Surrogate
from hpotune.space import Space

_SPREAD, _AROUND = 512, 256
_DRAWN = 64  # where constraints leave hardly any of the candidates
_STARTS = 5
_APART = 0.02  # how far apart starts are, as a share of the cube's diagonal
_ASCENT = 40  # the most steps of one ascent
_ROUNDS, _STEPS = 3, 8
_SHORTER = (1.0, 0.5, 0.25, 0.1)  # where the end of an ascent is not feasible, or was moved by rounding
_WORTH_A_STEP = 1e-9


class Ranked(NamedTuple):
    """Settled points, best first, shape (c, d), with their scores, shape (c,)."""

    points: Array
    scores: Array


class _Looked(NamedTuple):
    """Points as they are looked for, shape (c, d), as they are settled, (c, d), and their scores, (c,)."""

    u: Array
    x: Array
    scores: Array

    def rows(self, which: npt.NDArray[Any]) -> _Looked:
        return _Looked(self.u[which], self.x[which], self.scores[which])


def maximise(space: Space, surrogate: Surrogate, incumbents: Array, key: Key) -> Ranked:
    """Points of the space by what they are worth to try; none if none is feasible.

    `incumbents` are good settled points, shape (i, d).
    """
    search = _Search(space, surrogate)
    looked = search.look(_candidates(space, incumbents, key))
    if np.sum(looked.scores > -np.inf) < _STARTS:
        search.look(_drawn(space, key.child("drawn")))
    if not search.found:
        return Ranked(np.empty((0, space.dimension)), np.empty(0))
    search.improve(_far_apart(search.ranked(), _STARTS), key.child("improve"))
    best = search.ranked()
    return Ranked(best.x, best.scores)


def rank_all(surrogate: Surrogate, points: Array) -> Ranked:
    """All of the given settled points."""
    scores = surrogate.scores(points)
    order = np.argsort(-scores, kind="stable")
    return Ranked(points[order], scores[order])


def _candidates(space: Space, incumbents: Array, key: Key) -> Array:
    candidates = spread(space.dimension, _SPREAD, key.child("spread"))
    if not len(incumbents):
        return candidates
    near = around(incumbents, _AROUND, key.child("around"), space)
    return np.concatenate([candidates, near, incumbents])


def _drawn(space: Space, key: Key) -> Array:
    """Independent feasible points; none further where one is not found, which takes long."""
    points = np.empty((_DRAWN, space.dimension))
    for number in range(_DRAWN):
        config = space.draw(key.child(number))
        if config is None:
            return points[:number]
        points[number] = space.encode(config)
    return points


def _far_apart(ranked: _Looked, count: int) -> _Looked:
    """The best ones that keep their distance from each other."""
    points = np.where(np.isnan(ranked.x), 0.5, ranked.x)
    least = _APART**2 * points.shape[1]
    chosen = [0]
    for number in range(1, len(points)):
        if len(chosen) == count:
            break
        if np.min(np.sum((points[chosen] - points[number]) ** 2, axis=1)) >= least:
            chosen.append(number)
    return ranked.rows(np.array(chosen))


class _Search:
    """Looks at points and remembers them."""

    def __init__(self, space: Space, surrogate: Surrogate) -> None:
        self._space = space
        self._surrogate = surrogate
        self._continuous = continuous(space)
        self._discrete = any(size is not None and size > 1 for size in space.axis_sizes)
        self.found: list[_Looked] = []

    def look(self, u: Array) -> _Looked:
        """These points with their scores; what is infeasible is worth -inf, and is not remembered."""
        u = np.where(np.isnan(u), 0.5, u)
        x = self._space.settle(u)
        feasible = self._space.feasible_points(x) if self._space.constraints else np.ones(len(x), bool)
        scores = np.full(len(x), -np.inf)
        if feasible.any():
            scores[feasible] = self._surrogate.scores(x[feasible])
            self.found.append(_Looked(u, x, scores).rows(feasible))
        return _Looked(u, x, scores)

    def ranked(self) -> _Looked:
        """All that was looked at, best first, each settled point once."""
        u, x, scores = (np.concatenate(parts) for parts in zip(*self.found, strict=True))
        best_first = np.argsort(-scores, kind="stable")
        _, first = np.unique(np.nan_to_num(x[best_first], nan=-1.0), axis=0, return_index=True)
        return _Looked(u, x, scores).rows(best_first[np.sort(first)])

    def improve(self, places: _Looked, key: Key) -> None:
        """From these places, ascend and step by turns until nothing improves."""
        for turn in range(_ROUNDS):
            before = places.scores
            if self._continuous.any():
                places = self._ascended(places)
            if self._discrete:
                places = self._stepped(places, key.child(turn))
            if not self._discrete or np.all(places.scores <= before + _WORTH_A_STEP):
                break

    def _ascended(self, places: _Looked) -> _Looked:
        """After gradient ascent along the continuous coordinates that are active."""
        free = self._continuous & ~np.isnan(places.x)
        if not free.any():
            return places
        start = np.where(free, places.u, places.x)

        def downhill(values: Array) -> tuple[float, Array]:
            points = start.copy()
            points[free] = values
            scores, slopes = self._surrogate.slopes(points)
            return -float(scores.sum()), -slopes[free]

        options = {"maxiter": _ASCENT, "maxfun": 2 * _ASCENT}
        bounds = [(0.0, 1.0)] * int(free.sum())
        found = minimize(downhill, start[free], jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        end = places.u.copy()
        end[free] = found.x
        offers = np.concatenate([places.u + share * (end - places.u) for share in _SHORTER])
        return self._better(places, offers, np.tile(np.arange(len(end)), len(_SHORTER)))

    def _stepped(self, places: _Looked, key: Key) -> _Looked:
        """After steps, each to the best neighbour, in one discrete coordinate at a time."""
        for step in range(_STEPS):
            before = places.scores
            offers = [siblings(self._space, u, key.child(step, number)) for number, u in enumerate(places.u)]
            owners = np.repeat(np.arange(len(offers)), [len(offer) for offer in offers])
            places = self._better(places, np.concatenate(offers), owners)
            if np.all(places.scores <= before + _WORTH_A_STEP):
                break
        return places

    def _better(self, places: _Looked, offers: Array, owners: npt.NDArray[np.int64]) -> _Looked:
        """Of every place the best of the offers that it owns, if that is better."""
        looked = self.look(offers)
        together = _Looked(*(np.concatenate(parts) for parts in zip(places, looked, strict=True)))
        owned = np.concatenate([np.arange(len(places.scores)), owners])
        best_first = np.lexsort((np.arange(len(owned)), -together.scores, owned))
        _, first = np.unique(owned[best_first], return_index=True)
        return together.rows(best_first[first])
