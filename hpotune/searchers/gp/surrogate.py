"""What the search believes: how good a point would be, how likely it is to fail, and what it is worth to try it.

Notation
    X, Z   points and their features (see `models.embedding`)
    f      the loss as the model sees it (see `models.targets`), a Gaussian process given the observations
    h      a Gaussian process given 1 at the trials that gave a value and -1 at those that failed
    a(x)   what is maximised: the acquisition function of f's mean and standard deviation, given that x does not fail

    P(success)   = Phi(s),  s = 3 mean_h / sqrt(1 + 9 variance_h)       (Rasmussen & Williams 2006, eq. 6.42: a
                   Gaussian process of the labels, squashed; a label of 1 is 99.9 % of success)
    log forms    a(x) = log EI + log P(success)          constrained expected improvement (Gardner et al. 2014, eq. 6)
    plain forms  a(x) = EI P(success), likewise PI
    ucb          a(x) = -mean + sqrt(beta) sd + log P(success): a penalty in units of the standardised loss

Pending trials enter as fantasies at the mean that is expected of them (Ginsbourger et al. 2010, "kriging believer"):
they leave the mean as it is and take the uncertainty away around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from hpotune.models.acquisition import (
    ACQUISITIONS,
    Acquisition,
    ExpectedImprovement,
    ProbabilityOfImprovement,
    srinivas_beta,
)
from hpotune.models.embedding import Embedding
from hpotune.models.gp import Gradients, Posterior
from hpotune.models.normal import Array, cdf, log_cdf, log_pdf, pdf

_STEEPNESS = 3.0


class Belief(NamedTuple):
    """Of one point: mean and standard deviation of f, the probability of success, and a(x)."""

    mean: float
    deviation: float
    success: float
    score: float


@dataclass(frozen=True, slots=True)
class Surrogate:
    """f, h (None while nothing has failed) and the acquisition function, ready to be maximised."""

    embedding: Embedding
    objective: Posterior
    success: Posterior | None
    acquisition: Acquisition

    def scores(self, points: Array) -> Array:
        """a(x) at settled points, shape (c,)."""
        features = self.embedding.features(points)
        mean, variance = self.objective.predict(features)
        value = self.acquisition(mean, np.sqrt(variance)).value
        if self.success is None:
            return value
        return self._given(value, _odds(*self.success.predict(features)))

    def _given(self, value: Array, s: Array) -> Array:
        given: Array = value * cdf(s) if self._plain else value + log_cdf(s)
        return given

    @property
    def _plain(self) -> bool:
        return isinstance(self.acquisition, ExpectedImprovement | ProbabilityOfImprovement)

    def slopes(self, points: Array) -> tuple[Array, Array]:
        """a(x) and its gradient by the coordinates that are numbers, shapes (c,) and (c, d); 0 for the others."""
        features = self.embedding.features(points)
        value, gradient = self._slopes(features)
        by_coordinate = np.zeros_like(points)
        coordinates, columns = self.embedding.numbers
        by_coordinate[:, coordinates] = gradient[:, columns]
        return value, np.where(np.isnan(points), 0.0, by_coordinate)

    def _slopes(self, features: Array) -> tuple[Array, Array]:
        told = self.objective.gradients(features)
        deviation = np.sqrt(told.variance)
        value, by_mean, by_deviation = self.acquisition(told.mean, deviation)
        gradient = by_mean[:, None] * told.by_mean + (by_deviation / (2.0 * deviation))[:, None] * told.by_variance
        if self.success is None:
            return value, gradient
        s, by_feature = _odds_with_slopes(self.success.gradients(features))
        if self._plain:
            density = pdf(s)
            chance = cdf(s)[:, None]
            return self._given(value, s), gradient * chance + (value * density)[:, None] * by_feature
        ratio = np.exp(log_pdf(s) - log_cdf(s))
        return self._given(value, s), gradient + ratio[:, None] * by_feature

    def believes(self, point: Array) -> Belief:
        """What is expected of one settled point, shape (d,)."""
        features = self.embedding.features(point[None])
        mean, variance = self.objective.predict(features)
        chance = 1.0
        if self.success is not None:
            chance = float(cdf(_odds(*self.success.predict(features)))[0])
        return Belief(float(mean[0]), float(np.sqrt(variance[0])), chance, float(self.scores(point[None])[0]))


def _odds(mean: Array, variance: Array) -> Array:
    return _STEEPNESS * mean / np.sqrt(1.0 + _STEEPNESS**2 * variance)


def _odds_with_slopes(told: Gradients) -> tuple[Array, Array]:
    width = 1.0 + _STEEPNESS**2 * told.variance
    s = _STEEPNESS * told.mean / np.sqrt(width)
    by_mean = (_STEEPNESS / np.sqrt(width))[:, None] * told.by_mean
    return s, by_mean - (0.5 * _STEEPNESS**2 * s / width)[:, None] * told.by_variance


def with_fantasies(objective: Posterior, pending: Array) -> Posterior:
    """The posterior with pending points, as features (p, f), at their expected values.

    Raises:
        NotPositiveDefinite: they lie too close together.
    """
    return objective.extended(pending, objective.mean(pending)) if len(pending) else objective


def make_acquisition(
    name: str, best: float, xi: float, beta: float | Literal["auto"], *, seen: int, dimension: int
) -> Acquisition:
    """The acquisition function of that name. `best` is the incumbent's mean, `seen` the number of observations."""
    if name == "ucb":
        return ACQUISITIONS[name](beta=srinivas_beta(seen, dimension) if beta == "auto" else beta)
    return ACQUISITIONS[name](best=best, xi=xi)
