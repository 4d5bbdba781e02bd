"""Targets: from losses of any scale and shape to numbers that a Gaussian process can describe.

Notation
    y      losses, shape (n,), minimised
    x      (y - c) / b, where c is the median and b a robust spread of the better half
    T_p    the power transform of the worse half, in (0, 1] or below; the better half stays as it is
             T_p(x) = x                          x <= 0
                    = ((1 + x)^p - 1) / p        x > 0, p != 0       (Yeo & Johnson 2000, eq. 2.1)
                    = log(1 + x)                 x > 0, p = 0
           T_p' = (1 + x)^(p - 1) for x > 0, else 1
           with several levels (budgets) k, the highest first, c is each level's own, and b is
             max(b'_k, b_(k-1) / 3),  log b'_k = ((n_k - 1) log s_k + 3 log s) / (n_k + 2)
           for n_k losses of spread s_k at the level, with log s the mean of all log s_k, weighted by n_k - 1:
           of few losses the spread is hardly known, and low budgets that tell the trials apart only by a fraction of
           what the next higher one does, tell little
    z      (T_p(x) - a) / d, with mean a and standard deviation d of T_p(x): what the model is given

Only the worse half is bent, since nothing depends on how bad a bad trial is: a run that diverged to 1e10 must not
flatten the rest, and the differences among the good ones are what the search is about.

p is chosen by evidence. For a Gaussian process with given correlations R = L L^T, mean and variance profiled out,
    log p(y | p) = -n/2 log s2(z) + sum_i log T_p'(x_i),   s2(z) = |L^-1 (z - m 1)|^2 / n
and the p of most evidence is taken; 1, which is no transform, unless another is clearly better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from hpotune.models.gp import Levels
from hpotune.models.normal import Array

POWERS = (1.0, 0.5, 0.0, -0.5, -1.0, -2.0)
# How much more log evidence a transform must have than none: a likelihood ratio at the 5 % level, chi-square / 2.
_CLEARLY = 1.92
_SHRINKAGE = 3.0  # the observations that the common spread counts for, in that of a level
_FLATTER = 1 / 3  # no level's spread is less, as a share of that of the next higher one
_HOPELESS = 1e10  # in spreads: further out, one value among few outweighs the evidence of all the others
_LARGEST = 1e300  # losses beyond it count as this, so that sums and differences of losses are numbers
_LEAST = float(np.finfo(np.float64).tiny)  # smaller differences are none: they have no digits left


@dataclass(frozen=True, slots=True)
class Targets:
    """The map between losses and what the model is given. z = ((T_p((y - centre) / spread)) - mean) / deviation."""

    centre: float
    spread: float
    power: float
    mean: float
    deviation: float

    @staticmethod
    def of(losses: Array, power: float = 1.0) -> Targets:
        """The map that makes these losses standardised; with constant losses, a shift."""
        centre, spread = _centre_and_spread(losses)
        bent = _bend(_relative(losses, centre, spread), power)
        deviation = float(np.std(bent))
        return Targets(centre, spread, power, float(np.mean(bent)), deviation if deviation > 0.0 else 1.0)

    def forward(self, losses: Array) -> Array:
        """z of y."""
        return (_bend(_relative(losses, self.centre, self.spread), self.power) - self.mean) / self.deviation

    def inverse(self, z: Array) -> Array:
        """y of z; beyond what T_p can reach it is infinite."""
        with np.errstate(over="ignore"):
            return self.centre + self.spread * _unbend(self.mean + self.deviation * z, self.power)


@dataclass(frozen=True, slots=True)
class LevelTargets:
    """The maps of several levels, by level: of one power, mean and deviation, each with its own centre and spread."""

    of_level: Mapping[int, Targets]

    @staticmethod
    def of(losses: Array, levels: Levels, power: float = 1.0) -> LevelTargets:
        """The maps that make these losses standardised, all levels taken together."""
        of_level = _centres_and_spreads(losses, levels)
        bent = _bend(_relative_by_level(losses, levels, of_level), power)
        mean, deviation = float(np.mean(bent)), float(np.std(bent))
        scale = deviation if deviation > 0.0 else 1.0
        return LevelTargets({k: Targets(*found, power, mean, scale) for k, found in of_level.items()})

    def forward(self, losses: Array, levels: Levels) -> Array:
        """z of y."""
        z = np.empty_like(losses)
        for level, targets in self.of_level.items():
            rows = levels == level
            z[rows] = targets.forward(losses[rows])
        return z


def choose_power(losses: Array, factor: Array | None = None, levels: Levels | None = None) -> float:
    """The power of most evidence among `POWERS`, given the Cholesky factor of the correlations (n, n); None: R = I."""
    n = len(losses)
    if levels is None:
        x = _relative(losses, *_centre_and_spread(losses))
    else:
        x = _relative_by_level(losses, levels, _centres_and_spreads(losses, levels))
    stretch = float(np.log1p(np.maximum(x, 0.0)).sum())
    ones = _whiten(factor, np.ones(n))
    evidence = []
    for power in POWERS:
        whitened = _whiten(factor, _bend(x, power))
        whitened = whitened - (ones @ whitened / (ones @ ones)) * ones
        variance = float(whitened @ whitened) / n
        evidence.append(-0.5 * n * math.log(variance) + (power - 1.0) * stretch if variance > 0.0 else -math.inf)
    best = int(np.argmax(evidence))
    return POWERS[best] if evidence[best] > evidence[0] + _CLEARLY else 1.0


def _whiten(factor: Array | None, right: Array) -> Array:
    if factor is None:
        return right
    solved: Array = solve_triangular(factor, right, lower=True, check_finite=False)
    return solved


def _relative(losses: Array, centre: float, spread: float) -> Array:
    """x of y. What is hopelessly bad is cut."""
    with np.errstate(over="ignore"):
        return np.minimum((_bounded(losses) - centre) / spread, _HOPELESS)


def _centre_and_spread(losses: Array, of_none: float = 1.0) -> tuple[float, float]:
    """c, and b: the root mean square of what is below c; where nothing is, of all; where all are equal, `of_none`."""
    bounded = _bounded(losses)
    centre = float(np.median(bounded))
    distances = bounded - centre
    for some in (distances[distances < 0.0], distances):
        largest = float(np.max(np.abs(some), initial=0.0))
        if largest >= _LEAST:  # scaled first, since a square may overflow or vanish
            return centre, largest * float(np.sqrt(np.mean((some / largest) ** 2)))
    return centre, of_none


def _centres_and_spreads(losses: Array, levels: Levels) -> dict[int, tuple[float, float]]:
    """c and b of every level, the highest first."""
    present, counts = np.unique(levels, return_counts=True)
    centres, spreads = np.transpose([_centre_and_spread(losses[levels == level], 0.0) for level in present])
    known = spreads > 0.0
    degrees = np.where(known, counts - 1, 0)
    logs = np.log(spreads, out=np.zeros(len(spreads)), where=known)
    common = degrees @ logs / max(degrees.sum(), 1)
    shrunk = np.exp((degrees * logs + _SHRINKAGE * common) / (degrees + _SHRINKAGE))
    found, least = {}, 0.0
    for level, centre, spread in zip(present.tolist(), centres.tolist(), shrunk.tolist(), strict=True):
        least = max(spread, _FLATTER * least)
        found[level] = (centre, least)
    return found


def _relative_by_level(losses: Array, levels: Levels, of_level: Mapping[int, tuple[float, float]]) -> Array:
    x = np.empty_like(losses)
    for level, found in of_level.items():
        x[levels == level] = _relative(losses[levels == level], *found)
    return x


def _bounded(losses: Array) -> Array:
    bounded: Array = np.clip(losses, -_LARGEST, _LARGEST)
    return bounded


def _bend(x: Array, power: float) -> Array:
    if power == 1.0:
        return x
    above = np.maximum(x, 0.0)
    grown = np.log1p(above)
    bent = grown if power == 0.0 else np.expm1(power * grown) / power
    return np.where(x > 0.0, bent, x)


def _unbend(t: Array, power: float) -> Array:
    if power == 1.0:
        return t
    above = np.maximum(t, 0.0)
    if power == 0.0:
        back = np.expm1(above)
    else:
        with np.errstate(divide="ignore"):
            back = np.expm1(np.log(np.maximum(1.0 + power * above, 0.0)) / power)
    return np.where(t > 0.0, back, t)
