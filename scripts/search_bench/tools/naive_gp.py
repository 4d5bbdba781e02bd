"""The naive Gaussian process, to show what the real one is worth.

RBF of length scale 0.3 on the unit cube, no fit, no standardisation, expected improvement with xi = 0.01 over 100
random candidates, after 5 random starts. Failed and pending trials are left out; an inactive parameter stands at 0.5.

Notation
    X       (n, d)  configurations in the unit cube
    y       (n,)    losses as they are
    C       (m, d)  candidates
    mu, sd  (m,)    posterior mean and standard deviation
"""

from __future__ import annotations

import math

import numpy as np

from search_bench.functions import Array
from search_bench.problem import Config, Space, samples, to_unit
from search_bench.tools import Setting, Tool

LENGTH, XI, CANDIDATES, STARTS, JITTER = 0.3, 0.01, 100, 5, 1e-6


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    del tool
    return NaiveGp(setting)


class NaiveGp:
    """Bayesian optimisation as a first attempt has it."""

    soft_constraints = False

    def __init__(self, setting: Setting) -> None:
        self._space = setting.space
        self._samples = samples(setting.space, setting.constraints, np.random.default_rng([2, setting.seed]))
        self._x: list[list[float]] = []
        self._y: list[float] = []

    def ask(self) -> Config:
        """The best of the candidates."""
        if len(self._y) < STARTS:
            return next(self._samples)
        candidates = [next(self._samples) for _ in range(CANDIDATES)]
        places = np.array([place(self._space, config) for config in candidates])
        gains = improvement(np.array(self._x), np.array(self._y), places)
        return candidates[int(np.argmax(gains))]

    def tell(self, config: Config, loss: float) -> None:
        """Note the loss."""
        if math.isfinite(loss):
            self._x.append(place(self._space, config))
            self._y.append(loss)


def place(space: Space, config: Config) -> list[float]:
    """A configuration in the unit cube."""
    return [to_unit(spec, config[name]) if name in config else 0.5 for name, spec in space.items()]


def rbf(a: Array, b: Array) -> Array:
    """exp(-|a - b|^2 / (2 LENGTH^2)), shape (len(a), len(b))."""
    squares = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2 * a @ b.T
    return np.asarray(np.exp(-np.maximum(squares, 0) / (2 * LENGTH**2)))


def improvement(x: Array, y: Array, candidates: Array) -> Array:
    """EI(c) = (f* - xi - mu) Phi(z) + sd phi(z), z = (f* - xi - mu) / sd."""
    cholesky = np.linalg.cholesky(rbf(x, x) + JITTER * np.eye(len(x)))
    weights = np.linalg.solve(cholesky, rbf(x, candidates))
    mu = weights.T @ np.linalg.solve(cholesky, y)
    sd = np.sqrt(np.maximum(1 - np.sum(weights**2, axis=0), 1e-12))
    gain = np.min(y) - XI - mu
    z = gain / sd
    cdf = np.array([0.5 * math.erfc(-each / math.sqrt(2)) for each in z])
    return np.asarray(gain * cdf + sd * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi))
