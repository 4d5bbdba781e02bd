"""The classic problems: test functions in boxes, and what makes them hard in practice.

The boxes are set so that no optimum lies at a centre, an edge or a corner, where a design or a default would find it by
chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from search_bench import functions as f
from search_bench.functions import Array
from search_bench.problem import Config, Constraint, Problem, Space

GOLDEN = (math.sqrt(5) - 1) / 2


def classic() -> list[Problem]:
    """All of them."""
    return [
        boxed("branin", f.branin, [(-5.0, 10.0), (0.0, 15.0)], f.BRANIN_BEST),
        boxed("hartmann3", f.hartmann3, [(0.0, 1.0)] * 3, f.HARTMANN3_BEST),
        boxed("hartmann6", f.hartmann6, [(0.0, 1.0)] * 6, f.HARTMANN6_BEST),
        boxed("ackley5", f.ackley, around(0.0, 40.0, 5), 0.0),
        boxed("levy4", f.levy, around(1.0, 20.0, 4), 0.0),
        boxed("rosenbrock4", f.rosenbrock, around(1.0, 8.0, 4), 0.0),
        boxed("michalewicz5", f.michalewicz, [(-0.1 * i, math.pi) for i in range(1, 6)], f.MICHALEWICZ5_BEST),
        boxed("styblinski6", f.styblinski, around(-2.903534, 10.0, 6), 6 * f.STYBLINSKI_BEST),
        boxed("branin_noisy", f.branin, [(-5.0, 10.0), (0.0, 15.0)], f.BRANIN_BEST, noise=1.0),
        boxed("hartmann6_noisy", f.hartmann6, [(0.0, 1.0)] * 6, f.HARTMANN6_BEST, noise=0.15),
        ackley_mixed(),
        conditional(),
        constrained(),
        embedded("branin20", f.branin, [(-5.0, 10.0), (0.0, 15.0)], [13, 4], 20, f.BRANIN_BEST),
        embedded("hartmann50", f.hartmann6, [(0.0, 1.0)] * 6, [3, 11, 18, 29, 34, 47], 50, f.HARTMANN6_BEST),
        embedded("hartmann100", f.hartmann6, [(0.0, 1.0)] * 6, [5, 23, 38, 52, 77, 96], 100, f.HARTMANN6_BEST),
        failing(),
    ]


Box = Sequence[tuple[float, float]]


def around(optimum: float, width: float, dimensions: int) -> Box:
    """Boxes of one width in which a value lies at another place in every dimension, between 0.2 and 0.8."""
    places = [0.2 + 0.6 * ((i + 1) * GOLDEN % 1) for i in range(dimensions)]
    return [(optimum - place * width, optimum + (1 - place) * width) for place in places]


def boxed(name: str, function: Callable[[Array], float], box: Box, best: float, noise: float = 0.0) -> Problem:
    """A function of real numbers."""
    space: Space = {f"x{i}": {"type": "float", "low": low, "high": high} for i, (low, high) in enumerate(box)}
    names = list(space)
    return Problem(name, "classic", space, lambda c: function(np.array([c[n] for n in names])), best, noise=noise)


def embedded(
    name: str, function: Callable[[Array], float], box: Box, places: Sequence[int], dimensions: int, best: float
) -> Problem:
    """A function of a few of many dimensions; the others do nothing."""
    space: Space = {f"x{i:02}": {"type": "float", "low": 0.0, "high": 1.0} for i in range(dimensions)}
    names = [f"x{place:02}" for place in places]
    low, high = np.array(box).T

    def score(config: Config) -> float:
        return function(low + (high - low) * np.array([config[n] for n in names]))

    return Problem(name, "classic", space, score, best)


def ackley_mixed() -> Problem:
    """Three floats, two whole numbers and a category that moves the optimum and lifts the floor a little."""
    moved = {"a": (0.0, 0.0), "b": (2.5, 0.8), "c": (-3.0, 0.4), "d": (5.0, 1.6)}
    space: Space = {
        **{f"x{i}": {"type": "float", "low": -7.0 - i, "high": 11.0 - i} for i in range(3)},
        **{f"n{i}": {"type": "int", "low": -9 + i, "high": 6 + i} for i in range(2)},
        "kind": {"type": "categorical", "choices": ["b", "c", "a", "d"]},
    }

    def score(config: Config) -> float:
        shift, floor = moved[config["kind"]]
        floats = [config[f"x{i}"] - shift for i in range(3)]
        return f.ackley(np.array([*floats, config["n0"], config["n1"]])) + floor

    return Problem("ackley_mixed", "classic", space, score, 0.0)


def conditional() -> Problem:
    """A tree: what there is to tune depends on the arm, and in one of them again on a choice below it.

    The arm that looks best at random (`tree`) is not the one with the least loss (`net` with `sgd`).
    """
    space: Space = {
        "arm": {"type": "categorical", "choices": ["linear", "tree", "net"]},
        "scale": {"type": "float", "low": 0.0, "high": 1.0},
        "alpha": {"type": "float", "low": 1e-6, "high": 1e2, "log": True, "when": [("arm", ["linear"])]},
        "depth": {"type": "int", "low": 1, "high": 16, "when": [("arm", ["tree"])]},
        "rate": {"type": "float", "low": 1e-3, "high": 1.0, "log": True, "when": [("arm", ["tree"])]},
        "width": {"type": "int", "low": 8, "high": 1024, "log": True, "when": [("arm", ["net"])]},
        "lr": {"type": "float", "low": 1e-5, "high": 1.0, "log": True, "when": [("arm", ["net"])]},
        "optimizer": {"type": "categorical", "choices": ["adam", "sgd", "lbfgs"], "when": [("arm", ["net"])]},
        "momentum": {
            "type": "float",
            "low": 0.0,
            "high": 0.99,
            "when": [("arm", ["net"]), ("optimizer", ["sgd"])],
        },
    }
    return Problem("conditional", "classic", space, _tree, 0.1)


def _tree(config: Config) -> float:
    shared = 0.3 * (config["scale"] - 0.37) ** 2
    if config["arm"] == "linear":
        return 0.45 + shared + 0.004 * (math.log10(config["alpha"]) + 2.3) ** 2
    if config["arm"] == "tree":
        rate = math.log10(config["rate"]) + 1.2
        return 0.25 + shared + 0.002 * (config["depth"] - 6) ** 2 + 0.05 * (rate + 0.1 * (config["depth"] - 6)) ** 2
    width, lr = math.log2(config["width"] / 128) / 7, math.log10(config["lr"])
    common = shared + 0.2 * width**2
    if config["optimizer"] == "sgd":
        momentum = config["momentum"]
        return 0.1 + common + 0.15 * (lr + 1.6 + (momentum - 0.86)) ** 2 + 0.6 * (momentum - 0.86) ** 2
    if config["optimizer"] == "adam":
        return 0.16 + common + 0.12 * (lr + 3.1) ** 2
    return 0.3 + common + 0.05 * (lr + 0.9) ** 2


def constrained() -> Problem:
    """Mystery (Sasena 2002): most of the square is forbidden, what is left is in two pieces, the optimum on an edge."""
    low, high, far = math.pi / 8, math.pi / 8 + math.pi, math.pi / 8 - math.pi  # where the sine changes its sign

    def violation(config: Config) -> float:
        difference = config["x0"] - config["x1"]
        return min(max(low - difference, difference - high), difference - far)

    expression = f"x0 - x1 >= {low} and x0 - x1 <= {high} or x0 - x1 <= {far}"
    space: Space = {f"x{i}": {"type": "float", "low": 0.0, "high": 5.0} for i in range(2)}

    def score(config: Config) -> float:
        return f.mystery(np.array([config["x0"], config["x1"]]))

    return Problem("constrained", "classic", space, score, f.MYSTERY_BEST, (Constraint(expression, violation),))


def failing() -> Problem:
    """Hartmann-3 where nearly a quarter of the cube fails, up to 0.02 beside the optimum."""
    plain = boxed("failing", f.hartmann3, [(0.0, 1.0)] * 3, f.HARTMANN3_BEST)

    def score(config: Config) -> float:
        return math.nan if config["x2"] - config["x1"] > 0.32 else plain.score(config)

    return Problem(plain.name, plain.kind, plain.space, score, plain.best)
