"""The encodings of ranges of numbers: a continuum, and one with steps (see `axis` for the formulas)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from hpotune.space.axis import MOST_LEVELS, FloatArray, IntArray, LogScale, outside, shown, spread, within
from hpotune.space.parameters import JsonValue
from hpotune.space.values import is_number


class Interval:
    """Every float in [low, high]."""

    def __init__(self, low: float, high: float, *, log: bool) -> None:
        self._low = float(low) + 0.0
        self._high = float(high) + 0.0
        self._width = self._high - self._low
        self._scale = LogScale(self._low, self._high) if log and math.log(self._low) < math.log(self._high) else None
        self.size = 1 if self._width == 0 else None

    def value(self, u: float) -> float:
        scale = self._scale
        x = self._low + u * self._width if scale is None else scale.x(min(u, 1.0))
        if x < self._low:
            return self._low
        return min(x, self._high)

    def coordinate(self, value: float) -> float:
        if self._width == 0:
            return 0.5
        u = (value - self._low) / self._width if self._scale is None else self._scale.u(value)
        return min(max(u, 0.0), 1.0)

    def convert(self, value: JsonValue) -> JsonValue:
        return float(value) + 0.0 if isinstance(value, int | float) and is_number(value) else value

    def problem(self, value: object) -> str | None:
        if not (isinstance(value, int | float) and is_number(value)):
            return f"{shown(value)} is not a number"
        return None if self._low <= value <= self._high else outside(value, self._low, self._high)

    def text(self, value: float) -> str:
        return repr(float(value) + 0.0)

    def grid(self, count: int) -> tuple[JsonValue, ...]:
        if self.size == 1:
            return (self._low,)
        ends = {0.0: self._low, 1.0: self._high}
        return tuple(dict.fromkeys(ends.get(u, self._tidy(self.value(u))) for u in spread(count)))

    def settled(self, u: FloatArray) -> FloatArray:
        if self._width == 0:
            return np.full(u.shape, 0.5)
        x = self._low + u * self._width if self._scale is None else self._scale.xs(u)
        x = np.clip(x, self._low, self._high)
        return np.clip((x - self._low) / self._width if self._scale is None else self._scale.us(x), 0.0, 1.0)

    def indices(self, u: FloatArray) -> IntArray:
        return np.zeros(u.shape, np.int64)

    def centres(self, k: IntArray) -> FloatArray:
        return np.full(k.shape, 0.5)

    def at(self, k: int) -> float:  # noqa: ARG002 - of a range of width 0, the one value
        return self._low

    def _tidy(self, x: float) -> float:
        """1e-4 rather than 0.00010000000000000009."""
        return min(max(float(f"{x:.12g}") + 0.0, self._low), self._high)

    def __iter__(self) -> Iterator[JsonValue]:
        return iter((self._low,)) if self.size == 1 else iter(())


class Steps:
    """low, low + step, ... up to the largest that is at most high; ints, or decimals rounded as their literals are."""

    def __init__(self, low: Fraction, high: Fraction, step: Fraction, *, log: bool, whole: bool) -> None:
        self.size: int = (high - low) // step + 1 if high > low else 1
        last = low + (self.size - 1) * step
        self._whole = whole
        self._low, self._step, self._high = float(low), float(step), float(last)
        # x_k = (first + k stride) / unit in exact integers: a float is rounded once, not once a step
        self._unit = math.lcm(low.denominator, step.denominator)
        self._first, self._stride = int(low * self._unit), int(step * self._unit)
        half = self._step / 2
        self._scale: LogScale | None = None
        if log and self.size > 1:
            self._edge = self._low - half if step <= low else self._low * (self._low / (self._low + half))
            self._scale = LogScale(self._edge, self._high + half)
        self._levels: FloatArray | None = None  # the centres of a log range, once they are wanted

    def at(self, k: int) -> int | float:
        """Value number `k`."""
        scaled = self._first + k * self._stride
        return scaled if self._whole else scaled / self._unit

    def value(self, u: float) -> int | float:
        if self._scale is None:
            k = int(u * self.size)
        else:
            k = int((self._scale.x(u) - self._low) / self._step + 0.5)
        return self.at(0 if k < 0 else self.size - 1 if k >= self.size else k)

    def coordinate(self, value: float) -> float:
        k = self._nearest(value)
        if self._scale is None:
            return (k + 0.5) / self.size
        lower = self._edge if k == 0 else self._low + (k - 0.5) * self._step
        return (self._scale.u(lower) + self._scale.u(self._low + (k + 0.5) * self._step)) / 2

    def convert(self, value: JsonValue) -> JsonValue:
        if not (isinstance(value, int | float) and is_number(value)):
            return value
        if not self._whole:
            return float(value) + 0.0
        return int(value) if value == int(value) else value

    def problem(self, value: object) -> str | None:
        if not (isinstance(value, int | float) and is_number(value)):
            return f"{shown(value)} is not a number"
        if self._whole and isinstance(value, float):
            return f"{value} is not an int"
        if not self.at(0) <= value <= self.at(self.size - 1):
            return outside(value, self.at(0), self.at(self.size - 1))
        nearest = self.at(self._nearest(value))
        return None if nearest == value else f"{value} is not one of the steps; the nearest is {nearest}"

    def text(self, value: float) -> str:
        return repr(value) if self._whole else repr(float(value) + 0.0)

    def grid(self, count: int) -> tuple[JsonValue, ...]:
        if count >= self.size:
            return tuple(self)
        if self._scale is None:
            targets = [self._low + u * (self._high - self._low) for u in spread(count)]
        else:
            scale = LogScale(self._low, self._high)
            targets = [scale.x(u) for u in spread(count)]
        return tuple(dict.fromkeys(self.at(self._nearest(x)) for x in targets))

    def settled(self, u: FloatArray) -> FloatArray:
        return self.centres(self.indices(u))

    def indices(self, u: FloatArray) -> IntArray:
        k = u * self.size if self._scale is None else (self._scale.xs(u) - self._low) / self._step + 0.5
        return within(k.astype(np.int64), self.size)

    def centres(self, k: IntArray) -> FloatArray:
        if self._scale is None:
            return (k + 0.5) / self.size
        if self.size > MOST_LEVELS:
            return self._log_centres(self._scale, k)
        if self._levels is None:
            self._levels = self._log_centres(self._scale, np.arange(self.size))
        return self._levels[k]

    def _log_centres(self, scale: LogScale, k: IntArray) -> FloatArray:
        number = k.astype(np.float64)
        lower = np.where(k == 0, self._edge, self._low + (number - 0.5) * self._step)
        return (scale.us(lower) + scale.us(self._low + (number + 0.5) * self._step)) / 2

    def _nearest(self, x: float) -> int:
        return min(max(round((x - self._low) / self._step), 0), self.size - 1)

    def __iter__(self) -> Iterator[JsonValue]:
        return map(self.at, range(self.size))
