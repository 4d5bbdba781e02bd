"""The standard normal distribution and its tails, accurate where the probabilities themselves underflow.

Notation
    X          ~ Normal(0, 1)
    z, t       real numbers of any shape, t >= 0 a distance into the tail
    phi, Phi   density and distribution function of X
    G(t)       expected excess E max(X - t, 0) = phi(t) - t Phi(-t); for the other tail G(-t) = t + G(t)
    m(t)       Mills ratio       Phi(-t) / phi(t) = integral over x > 0 of   exp(-x^2/2 - t x)   ~ 1/t
    g(t)       excess ratio         G(t) / phi(t) = integral over x > 0 of x exp(-x^2/2 - t x)   ~ 1/t^2

The ratios are of the order of powers of 1/t however far out t is; all that underflows is in phi, whose logarithm is
exact. Results are finite without overflow for |z|, t <= 1e150.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, log_ndtr, ndtr

Array: TypeAlias = npt.NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
_SQRT_HALF_PI = math.sqrt(0.5 * math.pi)
# Below, 1 - t m(t) loses t^2 units of rounding, at most 5e-14; above, 13 terms of the series err by less than 2e-16.
_FAR = 14.0
_SERIES = np.cumprod([1.0, *(-(2.0 * k + 1.0) for k in range(1, 13))])  # (-1)^k (2k + 1)!!


def log_pdf(z: Array) -> Array:
    """log phi(z) = -z^2/2 - log(2 pi)/2."""
    return -0.5 * z * z - _LOG_SQRT_2PI


def pdf(z: Array) -> Array:
    """phi(z); 0 where it underflows, |z| > 38.6."""
    density: Array = np.exp(log_pdf(z))
    return density


def cdf(z: Array) -> Array:
    """Phi(z); 0 where it underflows, z < -38.5."""
    probability: Array = ndtr(z)
    return probability


def log_cdf(z: Array) -> Array:
    """log Phi(z), finite also where Phi(z) underflows."""
    logarithm: Array = log_ndtr(z)
    return logarithm


def mills_ratio(t: Array) -> Array:
    """m(t) = sqrt(pi/2) erfcx(t / sqrt(2)) for t >= 0 (Abramowitz and Stegun 1964, 26.2.29)."""
    ratio: Array = _SQRT_HALF_PI * erfcx(t / math.sqrt(2.0))
    return ratio


def excess_ratio(t: Array) -> Array:
    """g(t) for t >= 0, to about 13 digits."""
    return np.where(t < _FAR, _near_excess_ratio(np.minimum(t, _FAR)), _far_excess_ratio(np.maximum(t, _FAR)))


def _near_excess_ratio(t: Array) -> Array:
    """g(t) = 1 - t m(t), which cancels as t grows."""
    return 1.0 - t * mills_ratio(t)


def _far_excess_ratio(t: Array) -> Array:
    """g(t) = u (1 - 3 u + 15 u^2 - 105 u^3 + ...), u = 1/t^2: their series 26.2.12 of m, put into 1 - t m(t)."""
    u = (1.0 / t) ** 2
    return u * np.polynomial.polynomial.polyval(u, _SERIES)
