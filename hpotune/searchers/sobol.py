"""Quasi-random search: a scrambled Sobol sequence (Sobol 1967; Owen 1998 scrambling, by scipy).

Notation
    i      index in the sequence, from 0; the study's seed scrambles the sequence, a trial takes the next index
    x_i    point of the unit cube, shape (dimension,)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.searchers.base import MAX_DRAWS, Answer, Proposal, first_new
from hpotune.space import Space

_SMALLEST_BLOCK = 6  # the first 2^6 points are computed together, then twice as many, and so on
_EDGE = 2.0**-53


@dataclass(frozen=True, slots=True)
class SobolSearcher:
    """Walks through one scrambled Sobol sequence; points that are infeasible or were tried are passed over."""

    seed: int

    def propose(self, space: Space, observations: Observations, key: Key, budget: float | None) -> Answer:
        """See `Searcher`. The record holds the `index` of the point."""
        del budget
        return first_new(walk(space, self.seed, observations.cursor), space, observations, key)


def walk(space: Space, seed: int, start: int) -> Iterator[Proposal]:
    """The feasible points of the sequence from index `start` on."""
    misses = 0
    index = start
    while misses < MAX_DRAWS:
        config = space.decode(sobol_point(seed, space.dimension, index))
        if space.feasible(config):
            misses = 0
            yield Proposal(config, {"index": index})
        else:
            misses += 1
        index += 1


def sobol_point(seed: int, dimension: int, index: int) -> npt.NDArray[np.float64]:
    """Point `index` of the sequence that `seed` scrambles, in the open unit cube, shape (dimension,)."""
    if dimension == 0:
        return np.empty(0)
    block = _block(seed, dimension, max(_SMALLEST_BLOCK, (index + 1).bit_length()))
    point: npt.NDArray[np.float64] = block[index]
    return point


def sobol_points(seed: int, dimension: int, count: int) -> npt.NDArray[np.float64]:
    """The first `count` points of the sequence, shape (count, dimension); read-only."""
    return _block(seed, dimension, max(_SMALLEST_BLOCK, (count - 1).bit_length()))[:count]


@lru_cache(maxsize=4)
def _block(seed: int, dimension: int, exponent: int) -> npt.NDArray[np.float64]:
    """The first 2^exponent points of the sequence. A cache of a pure function, so it cannot be seen from outside."""
    from scipy.stats import qmc  # noqa: PLC0415 - heavy, and only this strategy needs it

    engine = qmc.Sobol(dimension, scramble=True, rng=Key.of(seed, "sobol").integer())
    points: npt.NDArray[np.float64] = engine.random_base2(exponent)
    points = np.clip(points, _EDGE, 1 - _EDGE)
    points.flags.writeable = False
    return points
