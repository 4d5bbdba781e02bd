"""The classic test functions, plain: x (an array of d numbers, in the function's own coordinates) -> f(x), minimised.

Definitions and optima: Surjanovic & Bingham, Virtual Library of Simulation Experiments; for `mystery`, Sasena (2002),
Flexibility and efficiency enhancements for constrained global design optimization, ch. 4.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Least values over all of R^d (Hartmann: over the unit cube; Michalewicz: over [0, pi]^5)
BRANIN_BEST = 10 / (8 * math.pi)
HARTMANN3_BEST = -3.8627821478
HARTMANN6_BEST = -3.3223680115
MICHALEWICZ5_BEST = -4.6876581791
STYBLINSKI_BEST = -39.1661657038  # times d
MYSTERY_BEST = -1.1742734


def branin(x: Array) -> float:
    """Three equal minima, (-pi, 12.275), (pi, 2.275) and (9.42478, 2.475)."""
    bowl = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return float(bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10)


_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A3 = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
_P3 = 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]])
_A6 = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_P6 = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann3(x: Array, lowered: float = 0.0) -> float:
    """Minimum at (0.114614, 0.555649, 0.852547). `lowered`: what is taken from the height of every hill."""
    return float(-(_ALPHA - lowered) @ np.exp(-np.sum(_A3 * (x - _P3) ** 2, axis=1)))


def hartmann6(x: Array, lowered: float = 0.0) -> float:
    """Minimum at (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573). `lowered` as above."""
    return float(-(_ALPHA - lowered) @ np.exp(-np.sum(_A6 * (x - _P6) ** 2, axis=1)))


def ackley(x: Array) -> float:
    """Minimum 0 at 0."""
    bowl = -20 * math.exp(-0.2 * math.sqrt(float(np.mean(x**2))))
    return float(bowl - math.exp(float(np.mean(np.cos(2 * math.pi * x)))) + 20 + math.e)


def levy(x: Array) -> float:
    """Minimum 0 at (1, ..., 1)."""
    w = 1 + (x - 1) / 4
    inner = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return float(math.sin(math.pi * w[0]) ** 2 + np.sum(inner) + last)


def rosenbrock(x: Array) -> float:
    """Minimum 0 at (1, ..., 1), at the end of a curved valley."""
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def michalewicz(x: Array) -> float:
    """Steep ridges, m = 10; minimum in five dimensions at (2.202906, 1.570796, 1.284992, 1.923058, 1.720470)."""
    order = np.arange(1, len(x) + 1)
    return float(-np.sum(np.sin(x) * np.sin(order * x**2 / math.pi) ** 20))


def styblinski(x: Array) -> float:
    """Minimum at (-2.903534, ..., -2.903534)."""
    return float(np.sum(x**4 - 16 * x**2 + 5 * x) / 2)


def mystery(x: Array) -> float:
    """With sin(x_0 - x_1 - pi / 8) >= 0: minimum at (2.7450, 2.3523), on the edge of what is allowed."""
    valley = 2 + 0.01 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2 + 2 * (2 - x[1]) ** 2
    return float(valley + 7 * math.sin(0.5 * x[0]) * math.sin(0.7 * x[0] * x[1]))
