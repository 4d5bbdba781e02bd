"""Made problems: counting ones, and Hartmann functions with a bias at low budgets."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from search_bench import functions as f
from search_bench.problem import Config, Space

from mf_bench.problem import Problem

Array = NDArray[np.float64]


def synthetic() -> list[Problem]:
    """All of them."""
    return [
        counting_ones(8),
        counting_ones(16),
        hartmann("mf_hartmann3", f.hartmann3, (3, f.HARTMANN3_BEST), 0.1, 0.0),
        hartmann("mf_hartmann6", f.hartmann6, (6, f.HARTMANN6_BEST), 1.0, 0.3),
    ]


def counting_ones(half: int) -> Problem:
    """As many binary as real parameters (Falkner et al. 2018, section 5.1), scaled to [-1, 0].

    Each real parameter is the probability of a coin of which only tosses are seen, one a unit of budget: a training
    that goes on keeps the tosses it has.
    """
    space: Space = {
        **{f"b{i:02}": {"type": "categorical", "choices": [0, 1]} for i in range(half)},
        **{f"p{i:02}": {"type": "float", "low": 0.0, "high": 1.0} for i in range(half)},
    }

    def parts(config: Config) -> tuple[int, Array]:
        ones = sum(config[f"b{i:02}"] for i in range(half))
        return ones, np.array([config[f"p{i:02}"] for i in range(half)])

    def loss(config: Config, budget: float, seed: int) -> float:
        ones, probabilities = parts(config)
        tosses = np.random.default_rng([half, seed]).random((int(budget), half)) < probabilities
        return -(ones + float(np.sum(np.mean(tosses, axis=0)))) / (2 * half)

    def score(config: Config) -> float:
        ones, probabilities = parts(config)
        return -(ones + float(np.sum(probabilities))) / (2 * half)

    return Problem(f"counting_ones{half}", space, 9, 729, loss, score, -1.0)


def hartmann(name: str, function: Callable[..., float], size: tuple[int, float], bias: float, noise: float) -> Problem:
    """alpha_i - bias (1 - z) in the place of alpha_i, with z the share of the full budget (Kandasamy et al. 2017).

    Kandasamy's own bias is 0.1, which misleads nobody; 1.0 makes the weaker hills vanish. Noise: noise * (1 - z).
    """
    dimensions, best = size
    space: Space = {f"x{i}": {"type": "float", "low": 0.0, "high": 1.0} for i in range(dimensions)}

    def place(config: Config) -> Array:
        return np.array([config[f"x{i}"] for i in range(dimensions)])

    def loss(config: Config, budget: float, seed: int) -> float:
        left = 1 - budget / 81
        rng = np.random.default_rng([zlib.crc32(name.encode()), seed, math.floor(budget)])
        return function(place(config), bias * left) + noise * left * float(rng.standard_normal())

    return Problem(name, space, 1, 81, loss, lambda config: function(place(config)), best)
