"""What a problem of the benchmark is: a space, its constraints, a loss with or without noise, and the best loss known.

Notation
    space        {name: {"type": "float" | "int" | "ordinal" | "categorical", ...}}
                 float, int: "low", "high" (inclusive), "log"; ordinal, categorical: "choices"
                 "when": [(parent, [values]), ...], active only if every parent has one of the values
    config       {name: value} of the active parameters
    loss         what a tool is told, always to be minimised; nan or inf: the trial failed
    score        the loss without its noise, by which the tools are judged
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Spec = Mapping[str, Any]
Space = Mapping[str, Spec]
Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint twice: in hpotune's language, and as a number that is at most 0 where it is satisfied."""

    expression: str
    violation: Callable[[Config], float]

    def holds(self, config: Config) -> bool:
        """Whether a configuration may be tried."""
        return self.violation(config) <= 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `best` is the least score there is, or the least known where nobody can tell (live trainings)."""

    name: str
    kind: str  # classic, table, surrogate or live
    space: Space
    score: Callable[[Config], float]
    best: float
    constraints: tuple[Constraint, ...] = ()
    noise: float = 0.0  # standard deviation

    def loss(self, config: Config, evaluation_seed: int) -> float:
        """What a trial reports: the score, with the noise of this evaluation."""
        if not self.noise:
            return self.score(config)
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), evaluation_seed])
        return self.score(config) + self.noise * float(rng.standard_normal())

    def feasible(self, config: Config) -> bool:
        """Whether every constraint holds."""
        return all(constraint.holds(config) for constraint in self.constraints)


def order(space: Space) -> list[str]:
    """The names, parents before children."""
    names: list[str] = []
    while len(names) < len(space):
        for name, spec in space.items():
            if name not in names and all(parent in names for parent, _ in spec.get("when", ())):
                names.append(name)
    return names


def active(space: Space, name: str, config: Config) -> bool:
    """Whether a parameter is active, given its parents' values."""
    return all(parent in config and config[parent] in values for parent, values in space[name].get("when", ()))


def completed(space: Space, value_of: Callable[[str, Spec], Any]) -> Config:
    """The configuration whose active parameters have the values that `value_of` gives, asked parents first."""
    config: Config = {}
    for name in order(space):
        if active(space, name, config):
            config[name] = value_of(name, space[name])
    return config


def from_unit(spec: Spec, u: float) -> Any:
    """The value at place `u` of [0, 1]: whole numbers and choices have equal shares (on the log scale if asked for)."""
    if "choices" in spec:
        return spec["choices"][min(int(u * len(spec["choices"])), len(spec["choices"]) - 1)]
    widened = 0.5 if spec["type"] == "int" else 0.0
    low, high = scaled(spec, spec["low"] - widened), scaled(spec, spec["high"] + widened)
    value = low + u * (high - low)
    value = math.exp(value) if spec.get("log") else value
    value = min(max(value, spec["low"]), spec["high"])
    return min(max(round(value), spec["low"]), spec["high"]) if spec["type"] == "int" else float(value)


def to_unit(spec: Spec, value: Any) -> float:
    """The place of a value in [0, 1]; of a choice, the middle of its share."""
    if "choices" in spec:
        return (spec["choices"].index(value) + 0.5) / len(spec["choices"])
    widened = 0.5 if spec["type"] == "int" else 0.0
    low, high = scaled(spec, spec["low"] - widened), scaled(spec, spec["high"] + widened)
    return (scaled(spec, value) - low) / (high - low)


def scaled(spec: Spec, value: float) -> float:
    """A number on the scale on which it is searched."""
    return math.log(value) if spec.get("log") else float(value)


def sample(problem_space: Space, constraints: tuple[Constraint, ...], rng: np.random.Generator) -> Config:
    """A random configuration that satisfies the constraints."""
    return next(samples(problem_space, constraints, rng))


def samples(space: Space, constraints: tuple[Constraint, ...], rng: np.random.Generator) -> Iterator[Config]:
    """Independent random configurations that satisfy the constraints."""
    while True:
        config = completed(space, lambda _, spec: from_unit(spec, float(rng.random())))
        if all(constraint.holds(config) for constraint in constraints):
            yield config
