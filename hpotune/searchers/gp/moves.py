"""Where to look: points spread over the space, points around good ones, and the steps between neighbouring values.

Notation
    U   points of the unit cube as they are looked for, shape (c, d): every coordinate has a value, active or not
    X   the same points settled: discrete coordinates in the middle of their bin, inactive ones nan
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from hpotune.keys import Key
from hpotune.models.normal import Array
from hpotune.searchers.sobol import sobol_points
from hpotune.space import Bool, Categorical, Space

Ints: TypeAlias = npt.NDArray[np.int64]

# A point around another differs in about this many coordinates, or in all: in many dimensions a change of all of them
# at once is a different place altogether (Regis & Shoemaker 2013, "dynamic coordinate search").
_FEW = 2.0
_RADII = np.array([0.3, 0.1, 0.03, 0.01])
_MOST_SIBLINGS = 24  # other values of one discrete coordinate that are looked at in one step


def spread(dimension: int, count: int, key: Key) -> Array:
    """`count` points of a Sobol sequence, shifted by the key (Cranley & Patterson 1976), shape (count, d)."""
    shifted: Array = (sobol_points(0, dimension, count) + key.uniforms(dimension)) % 1.0
    return shifted


def around(centres: Array, count: int, key: Key, space: Space) -> Array:
    """`count` points around the centres in turn, shape (count, d). The centres are settled; nan becomes anything.

    A number moves by a normal distance, cut off at the ends of its range, and of at least about one step; a choice
    becomes another.
    """
    d = space.dimension
    u = key.uniforms(count * (3 * d + 2)).reshape(count, -1)
    moved, target, filler, (which, radius) = u[:, :d], u[:, d : 2 * d], u[:, 2 * d : 3 * d], u[:, 3 * d :].T
    base = centres[np.arange(count) % len(centres)]
    sizes = np.array([np.inf if size is None else size for size in space.axis_sizes])
    free = ~np.isnan(base) & (sizes > 1)
    chosen = _chosen(free, moved, which)
    base = np.where(np.isnan(base), filler, base)
    sd = np.maximum(_RADII[(radius * len(_RADII)).astype(np.int64)][:, None], 1.0 / sizes)
    lower, upper = ndtr(-base / sd), ndtr((1.0 - base) / sd)
    stepped = np.clip(base + sd * ndtri(lower + target * (upper - lower)), 0.0, 1.0)
    k = np.where(np.isfinite(sizes), sizes, 1.0)
    another = (base + (1.0 + np.floor(target * (k - 1.0))) / k) % 1.0
    return np.where(chosen, np.where(unordered(space), another, stepped), base)


def _chosen(free: npt.NDArray[np.bool_], moved: Array, which: Array) -> npt.NDArray[np.bool_]:
    """Which coordinates differ: of the free ones about two, three times as many, or all; at least one."""
    count = np.maximum(free.sum(axis=1), 1)
    share = np.where(which < 0.5, _FEW / count, np.where(which < 0.75, 3 * _FEW / count, 1.0))
    chosen: npt.NDArray[np.bool_] = free & (moved < share[:, None])
    chosen[np.arange(len(free)), np.where(free, moved, np.inf).argmin(axis=1)] = True
    return chosen


def unordered(space: Space) -> npt.NDArray[np.bool_]:
    """The coordinates whose values are in no order, shape (d,)."""
    return np.array([isinstance(parameter, Categorical | Bool) for parameter in space.searchable], bool)


def continuous(space: Space) -> npt.NDArray[np.bool_]:
    """The coordinates along which to ascend, shape (d,): continua, and steps too many to try one by one."""
    many = [size is None or size > _MOST_SIBLINGS for size in space.axis_sizes]
    return np.array(many, bool) & ~unordered(space)


def siblings(space: Space, point: Array, key: Key) -> Array:
    """The points that differ from U (d,) in the value of one discrete coordinate, shape (c, d).

    Of few values all; of many choices a draw; of many steps those 1, 2, 4, ... further in either direction.
    """
    found = [np.empty((0, len(point)))]
    for j, (parameter, size) in enumerate(zip(space.searchable, space.axis_sizes, strict=True)):
        if size is None or size == 1:
            continue
        if size <= _MOST_SIBLINGS:
            values = space.levels(j)
        elif isinstance(parameter, Categorical):
            drawn = key.child(j).uniforms(_MOST_SIBLINGS)
            values = (np.floor(drawn * size) + 0.5) / size
        else:
            strides = np.int64(2) ** np.arange(min(int(size).bit_length(), _MOST_SIBLINGS // 2), dtype=np.int64)
            values = space.shift(j, np.full(2 * len(strides), point[j]), np.concatenate([-strides, strides]))
        rows = np.tile(point, (len(values), 1))
        rows[:, j] = values
        found.append(rows)
    return np.concatenate(found)
