"""Exact Gaussian process regression with a constant mean.

Notation
    Z        features of the observations, shape (n, p); A = Z / l, each feature divided by its length scale
    y        targets, shape (n,), to be minimised by whoever uses the model
    l        length scales, shape (g,), one for each group of features (a coordinate of the space)
    s2, v    signal variance, noise variance
    K        s2 c(q(A, A)) + v I = L L^T, shape (n, n)
    m        the constant mean, estimated by generalised least squares: m = 1^T K^-1 y / 1^T K^-1 1
             (Rasmussen & Williams 2006, eq. 2.42, with one basis function and a vague prior)
    w        K^-1 (y - m), shape (n,)
    k        s2 c(q(a, A)), covariances of a point with the observations

    mean(z)      = m + k^T w                                  (eq. 2.25)
    variance(z)  = s2 - |L^-1 k|^2                            (eq. 2.26), of the function, without noise; what m itself
                   is uncertain by (the last term of eq. 2.42) is left out, as it only matters far from all data
    With several levels (budgets), each observation has one, and
    K_ij    gains o2 where i and j are of one level: what sets a whole level apart, a priori Normal(0, o2), is neither
            the function's nor noise. It is known that trials were chosen for the higher levels by what they gave at the
            lower ones, since those are among the data: their being better than most is not taken for the level's.
    m       gains o2 sum_i w_i over the i of level 0, which is the level that is asked about; so does not variance(z),
            as it is common to all that is compared

    d mean/dz_f      =  2 s2 sum_i w_i c'(q_i) (a - A_i)_f / l_f
    d variance/dz_f  = -4 s2 sum_i (K^-1 k)_i c'(q_i) (a - A_i)_f / l_f
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from hpotune.models.kernels import KERNELS, squared_distances
from hpotune.models.normal import Array

# What is added to the diagonal, as a share of it, one after the other until the factorisation succeeds.
JITTERS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4)
OFFSET = 1.0  # o2
_LEAST_VARIANCE = 1e-12  # as a share of the signal: rounding must not make a variance 0 or negative


Levels: TypeAlias = npt.NDArray[np.int64]


class NotPositiveDefinite(ArithmeticError):  # noqa: N818 - the name of the condition
    """The covariance matrix cannot be factorised, not even with the largest jitter."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """l (shape (g,)), s2 and v, and the name of the kernel."""

    lengths: Array
    signal: float
    noise: float
    kernel: str = "matern52"


class Gradients(NamedTuple):
    """Mean and variance at some points, shape (c,), and their gradients by the features, shape (c, p)."""

    mean: Array
    variance: Array
    by_mean: Array
    by_variance: Array


def factorise(covariance: Array) -> Array:
    """The lower Cholesky factor, with as little jitter as it takes.

    Raises:
        NotPositiveDefinite: no jitter is enough.
    """
    scale = float(np.mean(np.diag(covariance))) if len(covariance) else 1.0
    for jitter in JITTERS:
        try:
            lifted = covariance if jitter == 0.0 else covariance + jitter * scale * np.eye(len(covariance))
            factor: Array = cholesky(lifted, lower=True)
        except LinAlgError:
            continue
        return factor
    raise NotPositiveDefinite(f"the covariance is not positive definite, not even with jitter {JITTERS[-1]:g}")


def offset_covariance(levels: Levels, others: Levels) -> Array:
    """o2 where two observations are of one level, else 0, shape (n, m)."""
    shared: Array = OFFSET * (levels[:, None] == others)
    return shared


def correlation_factor(
    features: Array,
    hyperparameters: Hyperparameters,
    groups: npt.NDArray[np.int64],
    levels: Levels | None = None,
) -> Array:
    """The lower Cholesky factor of K / s2 = c(q(A, A)) + (v / s2) I, with offsets if there are levels, shape (n, n).

    Raises:
        NotPositiveDefinite: it cannot be factorised.
    """
    points = features / hyperparameters.lengths[groups]
    correlation: Array = KERNELS[hyperparameters.kernel](squared_distances(points, points)).value
    correlation[np.diag_indices_from(correlation)] += hyperparameters.noise / hyperparameters.signal
    if levels is not None:
        correlation += offset_covariance(levels, levels) / hyperparameters.signal
    return factorise(correlation)


class Posterior:
    """A Gaussian process conditioned on observations. Immutable."""

    def __init__(
        self,
        features: Array,
        targets: Array,
        hyperparameters: Hyperparameters,
        groups: npt.NDArray[np.int64],
        levels: Levels | None = None,
    ) -> None:
        """Condition on `targets` (n,) at `features` (n, p), of these `levels` (n,), if there are several; n may be 0.

        What is asked about is of level 0.

        Raises:
            NotPositiveDefinite: the covariance cannot be factorised.
        """
        self.hyperparameters = hyperparameters
        self.groups = groups
        self._scales = hyperparameters.lengths[groups]
        self._correlation = KERNELS[hyperparameters.kernel]
        self._points = features / self._scales
        covariance = self._covariance(self._points)
        covariance[np.diag_indices_from(covariance)] += hyperparameters.noise
        self._levels = levels
        if levels is not None:
            covariance += offset_covariance(levels, levels)
        self._condition(targets, factorise(covariance))

    def _condition(self, targets: Array, factor: Array) -> None:
        self.targets = targets
        self._factor = factor
        ones = self._whiten(np.ones(len(targets)))
        whitened = self._whiten(targets)
        self.constant = float(ones @ whitened / (ones @ ones)) if len(targets) else 0.0
        self._weights = self._unwhiten(whitened - self.constant * ones)
        if self._levels is not None:
            self.constant += OFFSET * float(self._weights[self._levels == 0].sum())

    def _covariance(self, points: Array) -> Array:
        value = self._correlation(squared_distances(points, self._points)).value
        return self.hyperparameters.signal * value

    def _whiten(self, right: Array) -> Array:
        """L^-1 right."""
        if not len(self._factor):
            return right
        solved: Array = solve_triangular(self._factor, right, lower=True, check_finite=False)
        return solved

    def _unwhiten(self, right: Array) -> Array:
        """L^-T right."""
        if not len(self._factor):
            return right
        solved: Array = solve_triangular(self._factor, right, lower=True, trans=1, check_finite=False)
        return solved

    def predict(self, features: Array) -> tuple[Array, Array]:
        """Mean and variance of the function at c points, each of shape (c,)."""
        covariance = self._covariance(features / self._scales)
        solved = self._whiten(covariance.T)
        variance = self.hyperparameters.signal - np.einsum("ij,ij->j", solved, solved)
        return self.constant + covariance @ self._weights, self._positive(variance)

    def mean(self, features: Array) -> Array:
        """The mean alone: its cost grows with n, not with n^2."""
        mean: Array = self.constant + self._covariance(features / self._scales) @ self._weights
        return mean

    def gradients(self, features: Array) -> Gradients:
        """Mean and variance at c points with their gradients."""
        points = features / self._scales
        correlation = self._correlation(squared_distances(points, self._points))
        signal = self.hyperparameters.signal
        covariance = signal * correlation.value
        solved = self._whiten(covariance.T)
        inverse = self._unwhiten(solved).T
        variance = signal - np.einsum("ij,ij->j", solved, solved)
        slope = signal * correlation.slope
        return Gradients(
            self.constant + covariance @ self._weights,
            self._positive(variance),
            2.0 * self._pulled(slope * self._weights, points),
            -4.0 * self._pulled(slope * inverse, points),
        )

    def _pulled(self, forces: Array, points: Array) -> Array:
        """sum_i forces_ci (a_c - A_i) / l, shape (c, p)."""
        pulled: Array = (forces.sum(axis=1)[:, None] * points - forces @ self._points) / self._scales
        return pulled

    def _positive(self, variance: Array) -> Array:
        return np.maximum(variance, _LEAST_VARIANCE * self.hyperparameters.signal)

    def extended(self, features: Array, targets: Array) -> Posterior:
        """The posterior with further observations, in O(n^2) for each; equal to conditioning anew on all of them.

        Raises:
            NotPositiveDefinite: the covariance of the further ones cannot be factorised.
        """
        points = features / self._scales
        cross = self._covariance(points)
        corner = self.hyperparameters.signal * self._correlation(squared_distances(points, points)).value
        corner[np.diag_indices_from(corner)] += self.hyperparameters.noise
        levels = None
        if self._levels is not None:
            top = np.zeros(len(points), np.int64)
            cross += offset_covariance(top, self._levels)
            corner += offset_covariance(top, top)
            levels = np.concatenate([self._levels, top])
        below = self._whiten(cross.T).T
        n, more = len(self.targets), len(points)
        factor = np.zeros((n + more, n + more))
        factor[:n, :n] = self._factor
        factor[n:, :n] = below
        factor[n:, n:] = factorise(corner - below @ below.T)
        extended = object.__new__(Posterior)
        extended.hyperparameters = self.hyperparameters
        extended.groups = self.groups
        extended._scales = self._scales
        extended._correlation = self._correlation
        extended._points = np.concatenate([self._points, points])
        extended._levels = levels
        extended._condition(np.concatenate([self.targets, targets]), factor)
        return extended
