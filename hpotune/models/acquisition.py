"""Acquisition functions: what an evaluation is worth, by the model's mean and uncertainty there, with derivatives.

Notation
    Y         the objective at a point as the model sees it, Normal(mean, sd^2); it is MINIMISED
    mean, sd  shape (n,), sd > 0
    best      the incumbent's value; xi >= 0, how far it has to be undercut to count; both in units of Y
    gap       best - xi - mean, positive where an improvement is expected, shape (n,)
    z         gap / sd
    phi, Phi  density and distribution function of Normal(0, 1); m, g its ratios of `hpotune.models.normal`
    h(z)      phi(z) + z Phi(z), the expected improvement in units of sd
    value     to be MAXIMISED, shape (n,); by_mean, by_sd its partial derivatives

Since phi'(z) = -z phi(z), h'(z) = Phi(z) and h(z) - z h'(z) = phi(z), so that both derivatives are short:

    EI = sd h(z)        by_mean = -Phi(z)         by_sd = phi(z)
    PI = Phi(z)         by_mean = -phi(z)/sd      by_sd = -z phi(z)/sd

Range: for |mean|, |best|, |xi| <= 1e300 and sd in [1e-300, 1e300] every number is finite and nothing warns. Where |z|
exceeds 1e150, z saturates there (of `ei` only the derivatives notice); a derivative beyond the largest float is that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from hpotune.models.normal import Array, cdf, excess_ratio, log_pdf, mills_ratio, pdf

_FARTHEST = 1e150  # the square of z must not overflow
_LARGEST = float(np.finfo(np.float64).max)


class Scores(NamedTuple):
    """Values of an acquisition function, larger is better, and their partial derivatives; each of shape (n,)."""

    value: Array
    by_mean: Array
    by_sd: Array


@dataclass(frozen=True, slots=True)
class LogExpectedImprovement:
    """log EI, which has a slope wherever EI itself underflows to 0 (Ament et al. 2023, equations 8 and 9).

        log EI = log sd + log h(z)       log h(z) = log(z + phi(z) g(z))         z > 0
                                                  = log phi(z) + log g(-z)       z <= 0

    The paper has three branches: h itself (z > -1), erfcx, and log g(-z) = -2 log|z| from |z| = 1/sqrt(machine
    epsilon) on. Its value is good everywhere, but its derivative m/g has lost all digits where its last branch begins.
    Here erfcx serves g near 0 and a series all of the rest.
    """

    best: float
    xi: float = 0.0

    def __call__(self, mean: Array, sd: Array) -> Scores:
        """The scores of points with these means and standard deviations."""
        z = _standardised(_gap(mean, self.best, self.xi), sd)
        distance, density = np.abs(z), pdf(z)
        excess = excess_ratio(distance)
        ahead = z > 0
        h = np.where(ahead, z + density * excess, 1.0)  # of the points behind, h may underflow
        log_h = np.where(ahead, np.log(h), log_pdf(z) + np.log(excess))
        by_z = np.where(ahead, cdf(z) / h, mills_ratio(distance) / excess)  # Phi/h
        by_log_sd = np.where(ahead, density / h, 1.0 / excess)  # phi/h
        return Scores(np.log(sd) + log_h, -_quotient(by_z, sd), _quotient(by_log_sd, sd))


@dataclass(frozen=True, slots=True)
class ExpectedImprovement:
    """EI = E max(best - xi - Y, 0) = sd h(z) (Jones et al. 1998, equation 15); 0 without a slope from z = -38 down.

    Computed as max(gap, 0) + sd phi(z) g(|z|), a sum of what is not negative: nothing cancels in the tail.
    """

    best: float
    xi: float = 0.0

    def __call__(self, mean: Array, sd: Array) -> Scores:
        """The scores of points with these means and standard deviations."""
        gap = _gap(mean, self.best, self.xi)
        z = _standardised(gap, sd)
        density = pdf(z)
        return Scores(np.maximum(gap, 0.0) + sd * density * excess_ratio(np.abs(z)), -cdf(z), density)


@dataclass(frozen=True, slots=True)
class ProbabilityOfImprovement:
    """PI = P(Y < best - xi) = Phi(z) (Kushner 1964); 0 without a slope from z = -38 down."""

    best: float
    xi: float = 0.0

    def __call__(self, mean: Array, sd: Array) -> Scores:
        """The scores of points with these means and standard deviations."""
        z = _standardised(_gap(mean, self.best, self.xi), sd)
        density = pdf(z)
        return Scores(cdf(z), -_quotient(density, sd), -_quotient(z * density, sd))


@dataclass(frozen=True, slots=True)
class UpperConfidenceBound:
    """-mean + sqrt(beta) sd, an upper bound of -Y (Srinivas et al. 2010, the rule of GP-UCB); beta >= 0."""

    beta: float

    def __call__(self, mean: Array, sd: Array) -> Scores:
        """The scores of points with these means and standard deviations; ValueError if beta is negative."""
        width = math.sqrt(self.beta)
        return Scores(width * sd - mean, np.full_like(mean, -1.0), np.full_like(mean, width))


Acquisition: TypeAlias = LogExpectedImprovement | ExpectedImprovement | UpperConfidenceBound | ProbabilityOfImprovement

ACQUISITIONS: Mapping[str, Callable[..., Acquisition]] = {
    "log_ei": LogExpectedImprovement,
    "ei": ExpectedImprovement,
    "ucb": UpperConfidenceBound,
    "pi": ProbabilityOfImprovement,
}


def srinivas_beta(count: int, dimension: int) -> float:
    """beta of the next evaluation after `count` >= 0, in a cube of `dimension` >= 0 (Srinivas et al. 2010, Theorem 1).

        beta_t = 1/5 * 2 log(|D| t^2 pi^2 / (6 delta)),      t = count + 1,   |D| = 2^dimension,   delta = 0.1

    delta and the factor 1/5 are those of the paper's experiments: what the theorem guarantees explores too much.
    The theorem wants a finite D. The cube's own Theorem 2 has constants of the kernel that nobody knows, and for any
    usual choice of them grows so fast with the dimension that the mean no longer counts. As lengths fitted under a
    dimension-scaled prior are about as long as the cube, a model tells about two values of a parameter apart.
    """
    t = count + 1
    delta = 0.1
    return 0.4 * (dimension * math.log(2.0) + math.log(t * t * math.pi**2 / (6.0 * delta)))


def _gap(mean: Array, best: float, xi: float) -> Array:
    return (best - xi) - mean


def _standardised(gap: Array, sd: Array) -> Array:
    return np.clip(_quotient(gap, sd), -_FARTHEST, _FARTHEST)


def _quotient(numerator: Array, sd: Array) -> Array:
    """Their quotient, at most the largest float."""
    with np.errstate(over="ignore"):
        return np.clip(numerator / sd, -_LARGEST, _LARGEST)
