"""Stationary kernels, each as a function of the squared scaled distance.

Notation
    A, B   points, each feature divided by its length scale, shapes (n, p) and (m, p)
    q      squared distance |a - b|^2, shape (n, m), >= 0
    c(q)   correlation, c(0) = 1; c'(q) its derivative by q

    matern52   c  = (1 + s + s^2 / 3) exp(-s),  s = sqrt(5 q)       (Rasmussen & Williams 2006, eq. 4.17)
               c' = -(5 / 6) (1 + s) exp(-s)
    rbf        c  = exp(-q / 2)                                     (eq. 4.9)
               c' = -c / 2

Both are positive definite for every p, and so is any of them over features that embed other things than numbers (see
`embedding`), since all that enters is a Euclidean distance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from hpotune.models.normal import Array


class Correlation(NamedTuple):
    """c(q) and c'(q), of the shape of q."""

    value: Array
    slope: Array


def squared_distances(a: Array, b: Array) -> Array:
    """|a_i - b_j|^2 for all pairs, shape (n, m), through one matrix product; what rounding makes negative is 0."""
    q: Array = a @ b.T
    q *= -2.0
    q += np.einsum("ij,ij->i", a, a)[:, None]
    q += np.einsum("ij,ij->i", b, b)
    return np.maximum(q, 0.0, out=q)


def matern52(q: Array) -> Correlation:
    """Matern 5/2: twice differentiable."""
    s = np.sqrt(5.0 * q)
    decay = np.exp(-s)
    slope = (1.0 + s) * decay
    return Correlation(slope + (5.0 / 3.0) * q * decay, (-5.0 / 6.0) * slope)


def rbf(q: Array) -> Correlation:
    """Squared exponential: infinitely differentiable."""
    value = np.exp(-0.5 * q)
    return Correlation(value, -0.5 * value)


KERNELS: Mapping[str, Callable[[Array], Correlation]] = {"matern52": matern52, "rbf": rbf}
