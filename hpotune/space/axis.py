"""The one encoding of a parameter to and from the unit interval, by inverse CDFs.

Notation
    u            coordinate in [0, 1]; a uniform u gives a value of the parameter's distribution
    low, high    bounds of the range, both included
    n, k         number of values of a discrete parameter, index of one of them, 0 <= k < n
    a, b         ends of the support on which a log range is uniform in log x

    Interval   linear   x = low + u (high - low)
               log      x = exp(log a + u (log b - log a)),                 a = low, b = high
    Steps      linear   k = floor(u n),    x = low + k step
               log      k = floor((y - low) / step + 1/2),  y as x of Interval,  a = low - step/2, b = last + step/2
    Choices             k = floor(u n)

A value of a discrete parameter is encoded as the centre of its bin (in u), so decoding it again is exact. In a log
range each value has the mass of its own bin [x - step/2, x + step/2], the first and the last too. Where low < step,
the lower end would come too near to 0, or below; it then mirrors the upper end of that bin: a = low^2 / (low + step/2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from hpotune.space.parameters import JsonValue
from hpotune.space.values import canonical_json, is_json

# Where the largest number divided by the step exceeds these, the bins are narrower than a double can tell apart, and
# decode(encode(x)) would not be x.
MOST_VALUES = 10**14
MOST_LOG_RATIO = 10**12

MOST_LEVELS = 10_000  # so many coordinates are kept as an array

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]


class Axis(Protocol):
    """One searchable parameter's values and their coordinates. Iterating gives every value, if `size` is not None.

    `value` and `coordinate` are each other's inverse; `coordinate` and `text` take members only. Of the methods for
    arrays, of coordinates within [0, 1] and without nan, `indices`, `centres` and `at` are for a parameter with a size.
    """

    @property
    def size(self) -> int | None:
        """The number of values; None for a continuum."""

    def value(self, u: float) -> JsonValue:
        """The value at coordinate `u`; below 0 and above 1 it is the first and the last."""

    def coordinate(self, value: Any) -> float:
        """The coordinate of a member."""

    def convert(self, value: JsonValue) -> JsonValue:
        """A value as the user writes it, in the parameter's own type where that loses nothing (1e3 for an int)."""

    def problem(self, value: object) -> str | None:
        """Why this is no member; None if it is."""

    def text(self, value: Any) -> str:
        """The canonical JSON text of a member."""

    def grid(self, count: int) -> tuple[JsonValue, ...]:
        """At most `count` values spread evenly (on the log scale of a log range), the ends included."""

    def settled(self, u: FloatArray) -> FloatArray:
        """`coordinate(value(u))` of each, bit for bit."""

    def indices(self, u: FloatArray) -> IntArray:
        """The index k of the value at each coordinate."""

    def centres(self, k: IntArray) -> FloatArray:
        """The coordinate of the value of each index."""

    def at(self, k: int) -> JsonValue:
        """The value of index `k`."""

    def __iter__(self) -> Iterator[JsonValue]: ...


class LogScale:
    """The map between u in [0, 1] and x in [a, b], uniform in log x."""

    __slots__ = ("_start", "_width")

    def __init__(self, a: float, b: float) -> None:
        self._start = math.log(a)
        self._width = math.log(b) - self._start

    def x(self, u: float) -> float:
        return math.exp(self._start + u * self._width)

    def u(self, x: float) -> float:
        return (math.log(x) - self._start) / self._width

    def xs(self, u: FloatArray) -> FloatArray:
        return _each(math.exp, self._start + u * self._width)

    def us(self, x: FloatArray) -> FloatArray:
        return (_each(math.log, x) - self._start) / self._width


def _each(function: Callable[[float], float], x: FloatArray) -> FloatArray:
    # NumPy's own exp and log may differ from math's in the last bit, and so put a point into the neighbouring bin
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)


def within(k: IntArray, size: int) -> IntArray:
    """The indices, those beyond the first or the last of `size` values moved to it."""
    return np.minimum(np.maximum(k, 0), size - 1)


def spread(count: int) -> Sequence[float]:
    """`count` coordinates from 0 to 1; a single one is the middle."""
    return [j / (count - 1) for j in range(count)] if count > 1 else [0.5]


def shown(value: object) -> str:
    """A value of any type, short enough for a message."""
    text = canonical_json(value) if is_json(value) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def outside(value: float, low: float, high: float) -> str:
    """The words for a number that its range does not hold."""
    return f"{value} is {'below' if value < low else 'above'} the range from {low} to {high}"
