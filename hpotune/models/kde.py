"""Kernel densities over the mixed, conditional unit cube (Falkner, Klein & Hutter 2018, "BOHB", section 3.2).

Notation
    x       a point, shape (d,); nan where a coordinate is inactive
    C, w    centres, shape (n, d), nan where inactive; their weights, shape (n,), positive, of sum 1
    h       bandwidths, shape (d,), positive; of an unordered coordinate the share of the mass that leaves its choice
    A(x)    the active coordinates of x
    p(x)    sum_i w_i prod_{j in A(x)} k_j(x_j | C_ij), relative to the uniform measure of the unit cube

    continuous  k(x | c) = phi((x - c) / h) / (h Z)                      Z = Phi((1 - c) / h) - Phi(-c / h)
    ordered     k(x | c) = (Phi((b - c) / h) - Phi((a - c) / h)) / (Z (b - a))        [a, b) the bin of x
    unordered   k(x | c) = m (1 - h) if c is the choice of x, else m h / (m - 1)      of m choices
    inactive    k(x | c) = 1, where c is inactive and x is not

The first is a Gaussian truncated to the range, the second its mean over the values that are run as one, the third the
kernel of Aitchison & Aitken 1976 ("Multivariate binary discrimination by the kernel method", equation 4).

Conditions: whether a coordinate of x is active follows from the others. A kernel is what this draws: the coordinates
that are not conditional first, then those that turn out to be active, each around the centre's, or from its whole
range where the centre has none. So it integrates to 1 over the space as it is, a branch weighs as much as the centres
in it say, and a centre whose coordinates are all inactive is the uniform distribution of the space.

Every kernel is of an exponential family: with features f of a point and coefficients t of a centre,

    log prod_j k_j(x_j | C_ij) = f(x) . t_i       f = (x^2, x, 1) of a continuum,   one-hot of bins and choices,
                                                      0 where x is inactive;        t = 0 where the centre is

which makes all pairs one product of matrices. Its rounding error in log p is about 1e-16 / h^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri

from hpotune.models.normal import Array

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
# The factor that is best for normal data, (4/3)^(1/5) (Silverman 1986, equation 3.28).
_NORMAL_REFERENCE = 1.06


@dataclass(frozen=True, slots=True)
class Axis:
    """What a coordinate is.

    edges    of its bins, each of them one value, ascending from 0 to 1, shape (m + 1,); None: a continuum
    ordered  whether neighbouring bins are alike
    """

    edges: Array | None = None
    ordered: bool = True

    @property
    def bins(self) -> int:
        """m, the number of values; 0 for a continuum."""
        return 0 if self.edges is None else len(self.edges) - 1

    def bin_of(self, x: Array) -> npt.NDArray[np.int64]:
        """The bin of each coordinate."""
        inner = np.empty(0) if self.edges is None else self.edges[1:-1]
        return np.searchsorted(inner, x, side="right")


def choices(count: int) -> Axis:
    """The axis of so many unordered choices."""
    return Axis(np.linspace(0.0, 1.0, count + 1), ordered=False)


class Density:
    """The density p of a mixture of product kernels."""

    def __init__(self, axes: Sequence[Axis], centres: Array, bandwidths: Array, weights: Array) -> None:
        """Make it ready to be asked.

        Args:
            axes: of the coordinates, (d,).
            centres: C, (n, d).
            bandwidths: h, (d,).
            weights: (n,), non-negative and not all 0; they are scaled to the sum 1.
        """
        self._axes = tuple(axes)
        self._centres = centres
        self._bandwidths = np.minimum(bandwidths, [_widest(axis) for axis in axes])
        self._weights = weights / weights.sum()
        self._coefficients = _coefficients(self._axes, centres, self._bandwidths)

    def log(self, points: Array) -> Array:
        """log p at settled points (q, d); shape (q,). Finite, unless an unordered bandwidth is 0."""
        exponents = _features(self._axes, points) @ self._coefficients.T
        logarithm: Array = logsumexp(exponents, axis=1, b=self._weights)
        return logarithm

    def draw(self, uniforms: Array, widen: float = 1.0) -> Array:
        """Points drawn by inverse distribution functions from uniforms (q, d + 1); shape (q, d), not settled.

        The bandwidths of ordered and continuous coordinates count `widen` times.
        """
        cumulated = np.cumsum(self._weights)
        which = np.minimum(np.searchsorted(cumulated, uniforms[:, 0] * cumulated[-1]), len(cumulated) - 1)
        drawn = uniforms[:, 1:].copy()
        for j, axis in enumerate(self._axes):
            c, u, h = self._centres[which, j], drawn[:, j], self._bandwidths[j]
            moved = _around(c, u, h * widen) if axis.ordered else _chosen(axis, c, u, h)
            drawn[:, j] = np.where(np.isnan(c), u, moved)
        return drawn


def spreads(axes: Sequence[Axis], points: Array) -> Array:
    """The standard deviation of each coordinate, of points (n, d) where it is active; 0 where it never is; shape (d,).

    Half the mean squared distance of two points is the variance. So of an unordered coordinate, where two different
    choices are at distance 1, the variance is (1 - sum over choices of their share squared) / 2.
    """
    return np.array([_spread(axis, column[~np.isnan(column)]) for axis, column in zip(axes, points.T, strict=True)])


def normal_reference(axes: Sequence[Axis], points: Array) -> Array:
    """Bandwidths by the normal reference rule, h_j = 1.06 sd_j n_j^(-1 / (4 + d)); shape (d,).

    n_j is the number of points (n, d) where coordinate j is active; h_j is 0 where they are all the same.
    """
    counts = np.maximum(np.sum(~np.isnan(points), axis=0), 1)
    bandwidths: Array = _NORMAL_REFERENCE * spreads(axes, points) * counts ** (-1.0 / (4.0 + len(axes)))
    return bandwidths


def _spread(axis: Axis, known: Array) -> float:
    if not len(known):
        return 0.0
    if axis.ordered:
        return float(known.std())
    shares = np.bincount(axis.bin_of(known)) / len(known)
    return math.sqrt(0.5 * max(0.0, 1.0 - float(np.sum(shares**2))))


def _widest(axis: Axis) -> float:
    """The share (m - 1) / m makes all choices equally likely; beyond it the centre's own would be the least likely."""
    return math.inf if axis.ordered else (axis.bins - 1) / axis.bins


def _features(axes: Sequence[Axis], points: Array) -> Array:
    """f of each point, shape (q, features)."""
    parts = []
    for axis, column in zip(axes, points.T, strict=True):
        active = ~np.isnan(column)
        x = np.where(active, column, 0.0)
        if axis.bins:
            part = np.zeros((len(x), axis.bins))
            part[np.arange(len(x)), axis.bin_of(x)] = active
        else:
            part = np.column_stack([x * x, x, active])
        parts.append(part)
    return np.hstack(parts) if parts else np.empty((len(points), 0))


def _coefficients(axes: Sequence[Axis], centres: Array, bandwidths: Array) -> Array:
    """t of each centre, shape (n, features)."""
    parts = []
    for axis, column, h in zip(axes, centres.T, bandwidths, strict=True):
        active = ~np.isnan(column)
        c = np.where(active, column, 0.5)
        if axis.edges is None:
            part = _continuous(c, h)
        elif axis.ordered:
            part = _ordered(axis.edges, c, h)
        else:
            part = _unordered(axis, c, h)
        parts.append(np.where(active[:, None], part, 0.0))
    return np.hstack(parts) if parts else np.empty((len(centres), 0))


def _continuous(c: Array, h: float) -> Array:
    """-(x - c)^2 / (2 h^2) - log(h Z sqrt(2 pi)), by powers of x; shape (n, 3)."""
    z = ndtr((1.0 - c) / h) - ndtr(-c / h)
    constant = -0.5 * (c / h) ** 2 - np.log(h * z) - _LOG_SQRT_2PI
    return np.column_stack([np.full_like(c, -0.5 / h**2), c / h**2, constant])


def _ordered(edges: Array, c: Array, h: float) -> Array:
    """The mean of the truncated Gaussian over each bin; shape (n, m)."""
    z = (edges - c[:, None]) / h
    lower, upper = z[:, :-1], z[:, 1:]
    # in the right tail both probabilities round to 1, so what is subtracted there are those of the mirror image
    right = lower > 0.0
    small, large = log_ndtr(np.where(right, -upper, lower)), log_ndtr(np.where(right, -lower, upper))
    total = ndtr(z[:, -1:]) - ndtr(z[:, :1])
    logarithm: Array = large + np.log(-np.expm1(small - large)) - np.log(total) - np.log(np.diff(edges))
    return logarithm


def _unordered(axis: Axis, c: Array, h: float) -> Array:
    """log m (1 - h) for the centre's own choice, log m h / (m - 1) for the others; shape (n, m)."""
    m = axis.bins
    if m == 1:
        return np.zeros((len(c), 1))
    logarithms = np.full((len(c), m), math.log(m * h / (m - 1)))
    logarithms[np.arange(len(c)), axis.bin_of(c)] = math.log(m * (1.0 - h))
    return logarithms


def _around(c: Array, u: Array, h: float) -> Array:
    """The truncated Gaussian's inverse distribution function at u."""
    lower, upper = ndtr(-c / h), ndtr((1.0 - c) / h)
    moved: Array = np.clip(c + h * ndtri(lower + u * (upper - lower)), 0.0, 1.0)
    return moved


def _chosen(axis: Axis, c: Array, u: Array, h: float) -> Array:
    """The centre's own choice while u < 1 - h, then the others in turn, each the share h / (m - 1)."""
    m = axis.bins
    if m == 1:
        return u
    own = axis.bin_of(c)
    other = np.clip((u - (1.0 - h)) / h * (m - 1), 0, m - 2).astype(np.int64)
    other += other >= own
    return (np.where(u < 1.0 - h, own, other) + 0.5) / m
