"""The hyperparameters of a Gaussian process, by maximum a posteriori.

Notation
    as in `gp`; t = (log l_1 .. log l_g, log s2, log v) are what is optimised, M = (K^-1 - w w^T) / 2

    J(t)          = (y-m)^T w / 2 + sum log L_ii - log p(t)             (Rasmussen & Williams 2006, eq. 2.30)
    dJ/d log s2   = sum M * (s2 c)                                      (eq. 5.9)
    dJ/d log v    = v trace M
    dJ/d log l_g  = -2 sum_ab W_ab (a - b)_g^2,   W = M * (s2 c')       since dq/d log l_g = -2 (a - b)_g^2
                  = -4 sum_f in g [ sum_a (W 1)_a A_af^2 - (A^T W A)_ff ]
    m is at its optimum for every t, so it adds nothing to the gradient; nor do the offsets of levels, which are fixed.

Priors, on densities of the parameters themselves
    l    log-normal, location sqrt(2) + log(d) / 2, scale sqrt(3)       (Hvarfner, Hellsten & Nardi 2024, eq. 8)
         length scales grow with the diagonal of the cube, so that the model is not too wiggly in many dimensions
    s2   log-normal(0, 1): the targets are standardised
    l_b  of the budget, where there are several, in decades: log-normal(log 2 + 1, 1), whose mode is 2, so that budgets
         a factor of 10 apart are correlated by about 0.8 until it is seen to be otherwise
    v    log-normal(log 1e-4, 2): most metrics repeat well, and more noise than that must be seen to be believed
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from hpotune.models.gp import Hyperparameters, Levels, factorise, offset_covariance
from hpotune.models.kernels import KERNELS, squared_distances
from hpotune.models.normal import Array

# The likelihood evaluations of one fit, all starts together. Ascents that are followed further fit better and search no
# better (a dozen observations say little of many length scales); a later fit begins where this one ended.
MOST_EVALUATIONS = 40
_LINE_SEARCH = 6  # the most evaluations of one line search: L-BFGS-B looks at its share between line searches only
_REFINED = 2  # the starts that are followed
_ENOUGH = 20  # evaluations for each of them
_LENGTHS = (5e-3, 1e4)
_SIGNAL = (1e-2, 1e2)
_NOISE = (1e-6, 1.0)


@dataclass(frozen=True, slots=True)
class Priors:
    """Location and scale of the log-normal priors. `budget`: that of the last length scale, if it is the budget's."""

    length: tuple[float, float]
    signal: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (math.log(1e-4), 2.0)
    budget: tuple[float, float] | None = None

    @staticmethod
    def of(dimension: int) -> Priors:
        """The priors for a space of that many coordinates."""
        return Priors((math.sqrt(2.0) + 0.5 * math.log(max(dimension, 1)), math.sqrt(3.0)))

    def with_budget(self) -> Priors:
        """The priors where the budget is a further coordinate, the last."""
        return replace(self, budget=(math.log(2.0) + 1.0, 1.0))

    def mode(self, groups: int, kernel: str) -> Hyperparameters:
        """The hyperparameters of largest prior density."""
        length, signal, noise = map(_mode, (self.length, self.signal, self.noise))
        lengths = np.full(groups, length)
        if self.budget is not None:
            lengths[-1] = _mode(self.budget)
        return Hyperparameters(lengths, signal, max(noise, _NOISE[0]), kernel)

    def penalty(self, t: Array) -> tuple[float, Array]:
        """-log p(t) but for a constant, and its gradient."""
        location = np.full(len(t), self.length[0])
        scale = np.full(len(t), self.length[1])
        location[-2:] = self.signal[0], self.noise[0]
        scale[-2:] = self.signal[1], self.noise[1]
        if self.budget is not None:
            location[-3], scale[-3] = self.budget
        z = (t - location) / scale
        return float(0.5 * z @ z + t.sum()), z / scale + 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found, J there, and the number of evaluations that it took."""

    hyperparameters: Hyperparameters
    objective: float
    evaluations: int


class Objective:
    """J(t) and its gradient for one set of data."""

    def __init__(
        self,
        features: Array,
        targets: Array,
        groups: npt.NDArray[np.int64],
        *,
        priors: Priors,
        kernel: str,
        levels: Levels | None = None,
    ) -> None:
        self._features = features
        self._targets = targets
        self._groups = groups
        self._priors = priors
        self._kernel = kernel
        self._offsets = None if levels is None else offset_covariance(levels, levels)
        self.evaluations = 0

    @property
    def count(self) -> int:
        """n."""
        return len(self._targets)

    def hyperparameters(self, t: Array) -> Hyperparameters:
        """The hyperparameters that t stands for."""
        values = np.exp(t)
        return Hyperparameters(values[:-2], float(values[-2]), float(values[-1]), self._kernel)

    def __call__(self, t: Array) -> tuple[float, Array]:
        """J(t) and dJ/dt.

        Raises:
            NotPositiveDefinite: the covariance cannot be factorised.
        """
        self.evaluations += 1
        h = self.hyperparameters(t)
        n = self.count
        points = self._features / h.lengths[self._groups]
        correlation = KERNELS[h.kernel](squared_distances(points, points))
        covariance = h.signal * correlation.value
        noisy = covariance.copy()
        noisy[np.diag_indices(n)] += h.noise
        if self._offsets is not None:
            noisy += self._offsets
        factor = factorise(noisy)
        ones = solve_triangular(factor, np.ones(n), lower=True, check_finite=False)
        whitened = solve_triangular(factor, self._targets, lower=True, check_finite=False)
        whitened = whitened - (ones @ whitened / (ones @ ones)) * ones
        weights = solve_triangular(factor, whitened, lower=True, trans=1, check_finite=False)
        inverse = _symmetric(dpotri(factor, lower=1)[0])
        half = 0.5 * (inverse - np.outer(weights, weights))
        penalty, gradient = self._priors.penalty(t)
        value = 0.5 * float(whitened @ whitened) + float(np.log(np.diag(factor)).sum()) + penalty
        pull = half * correlation.slope
        pull *= h.signal
        by_feature = pull.sum(axis=1) @ points**2 - np.einsum("if,if->f", points, pull @ points)
        gradient[:-2] -= 4.0 * np.bincount(self._groups, by_feature, len(h.lengths))
        gradient[-2] += float(np.einsum("ij,ij->", half, covariance))
        gradient[-1] += h.noise * float(np.trace(half))
        return value, gradient


def fit(objective: Objective, starts: Sequence[Hyperparameters], evaluations: int = MOST_EVALUATIONS) -> Fit:
    """The best of several ascents. All starts are looked at, the most promising are followed: as many as have enough of
    the evaluations.

    Raises:
        NotPositiveDefinite: the covariance of some hyperparameters on the way cannot be factorised.
    """
    bounds = [_log(_LENGTHS)] * len(starts[0].lengths) + [_log(_SIGNAL), _log(_NOISE)]
    lower, upper = np.array(bounds).T
    places = [np.clip(_place(start), lower, upper) for start in starts]
    looked = [(objective(place)[0], number) for number, place in enumerate(places)]
    followed = [number for _, number in sorted(looked)[: max(1, min(_REFINED, evaluations // _ENOUGH))]]
    share = (evaluations - len(starts)) // len(followed)
    options = {"maxfun": max(1, share - _LINE_SEARCH), "maxls": _LINE_SEARCH, "maxiter": share}
    ascents = [_Ascent(objective, share) for _ in followed]
    for ascent, number in zip(ascents, followed, strict=True):
        with suppress(_Spent):  # a line search that fails is begun anew
            minimize(ascent, places[number], jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    best = min(ascents, key=lambda ascent: ascent.value)
    return Fit(objective.hyperparameters(best.place), best.value, objective.evaluations)


class _Spent(Exception):  # noqa: N818 - the name of the condition
    """The evaluations of an ascent are used up."""


class _Ascent:
    """The objective for so many evaluations, and where it was best."""

    def __init__(self, objective: Objective, evaluations: int) -> None:
        self._objective = objective
        self._left = evaluations
        self.value, self.place = math.inf, np.empty(0)

    def __call__(self, t: Array) -> tuple[float, Array]:
        if not self._left:
            raise _Spent
        self._left -= 1
        value, gradient = self._objective(t)
        if value < self.value:
            self.value, self.place = value, t.copy()
        return value, gradient


def _mode(prior: tuple[float, float]) -> float:
    """Of a log-normal density of that location and scale."""
    location, scale = prior
    return math.exp(location - scale**2)


def _place(h: Hyperparameters) -> Array:
    place: Array = np.log(np.concatenate([h.lengths, [h.signal, h.noise]]))
    return place


def _log(bounds: tuple[float, float]) -> tuple[float, float]:
    return math.log(bounds[0]), math.log(bounds[1])


def _symmetric(lower: Array) -> Array:
    """The whole of a symmetric matrix of which the lower triangle is given."""
    whole: Array = np.tril(lower)
    whole += np.tril(lower, -1).T
    return whole
