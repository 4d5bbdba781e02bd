"""The search space: which configurations there are, and where each lies in the unit cube."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from hpotune.expressions import Expression
from hpotune.keys import Key
from hpotune.space import batch, check, survey
from hpotune.space.parameters import Config, Constant, Derived, JsonValue, Parameter, PartialConfig, Searchable
from hpotune.space.plan import Plan, make_plan, resolve, violated
from hpotune.space.values import canonical_json
from hpotune.space.walk import alive, grid_values, valid_set, walk


class Space:
    """Parameters with their conditions and constraints. Immutable; safe to share and to pickle.

    A configuration holds the active parameters and nothing else, in the order of declaration. A point of the unit cube
    has one coordinate for each searchable parameter (`searchable`, in that order; constants and derived ones have
    none). Methods that make configurations raise SpaceError when a condition or a derived value cannot be evaluated.
    """

    def __init__(self, parameters: Sequence[Parameter], constraints: Sequence[Expression] = ()) -> None:
        """Check the declaration.

        Raises:
            SpaceError: with everything that is wrong with it.
        """
        self.parameters: tuple[Parameter, ...] = tuple(parameters)
        self.constraints: tuple[Expression, ...] = tuple(constraints)
        self._plan: Plan = make_plan(self.parameters, self.constraints)
        self._pairs = [(searched.name, searched.axis.value) for searched in self._plan.searched]
        self._writers = sorted(_writer(parameter, self._plan) for parameter in self.parameters if _is_own(parameter))
        self._valid_sets: dict[int, tuple[Config, ...] | None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of declaration."""
        return self._plan.names

    @property
    def searchable(self) -> tuple[Searchable, ...]:
        """The parameters that have a coordinate, in the order of coordinates."""
        return tuple(p for p in self.parameters if not isinstance(p, Constant | Derived))

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self._pairs)

    # The unit cube

    def decode(self, x: Sequence[float] | npt.NDArray[np.float64]) -> Config:
        """The configuration at a point of the unit cube, shape (dimension,); inactive coordinates are ignored."""
        row: Sequence[float] = x.tolist() if isinstance(x, np.ndarray) else x
        if self._plan.unconditional:
            return {name: value(u) for (name, value), u in zip(self._pairs, row, strict=True)}
        if len(row) != len(self._pairs):
            raise ValueError(f"a point of this space has {len(self._pairs)} coordinates, not {len(row)}")
        return resolve(self._plan, lambda searched: searched.axis.value(row[searched.coordinate]))

    def encode(self, config: PartialConfig) -> npt.NDArray[np.float64]:
        """The point of a configuration of this space, shape (dimension,); nan where a parameter is inactive.

        A discrete value lies in the centre of its bin; decoding it again is exact. A float comes back within 1e-12 of
        itself in a log range, and of the largest bound in a linear one.
        """
        return np.array(
            [
                searched.axis.coordinate(config[searched.name]) if searched.name in config else math.nan
                for searched in self._plan.searched
            ],
            dtype=np.float64,
        )

    # Many points at once

    def settle(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """`encode(decode(row))` of each row, bit for bit; `points` and the result have the shape (n, dimension).

        Coordinates of discrete parameters move to the centre of their bin, those of inactive ones become nan. A
        coordinate outside [0, 1] counts as the nearer end; nan, where it turns out to be wanted, as 0.5. Settling again
        moves continuous coordinates by rounding, discrete ones only where a condition hangs on that rounding.
        """
        return batch.settle(self._plan, np.asarray(points, np.float64))

    def feasible_points(self, settled: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """`feasible(decode(row))` of each row, read as by `settle`; shape (n,). Computes only what constraints need."""
        return batch.feasible_points(self._plan, np.asarray(settled, np.float64))

    @property
    def axis_sizes(self) -> tuple[int | None, ...]:
        """The number of values of each searchable parameter; None for a continuous one."""
        return tuple(searched.axis.size for searched in self._plan.searched)

    def levels(self, j: int) -> npt.NDArray[np.float64]:
        """Coordinate `j` of each of its parameter's values, in their order: the centres of the bins.

        Raises:
            ValueError: it is continuous, or has more than 10,000 values.
        """
        return batch.levels(self._plan.searched[j])

    def shift(self, j: int, u: npt.ArrayLike, steps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Coordinate `j` of the values that are `steps` further than those at `u`, or the last ones; nan stays nan.

        Raises:
            ValueError: it is continuous.
        """
        return batch.shift(self._plan.searched[j], np.asarray(u, np.float64), np.asarray(steps, np.int64))

    # One configuration

    def feasible(self, config: PartialConfig) -> bool:
        """Whether the constraints hold. One that names an inactive parameter does; one that cannot be evaluated not."""
        return violated(self.constraints, config) is None

    def problems(self, config: PartialConfig) -> list[str]:
        """Why this is not a feasible configuration of the space; empty if it is."""
        return check.config_problems(self._plan, config)

    def canonical(self, config: PartialConfig) -> str:
        """The canonical JSON of the parameters that are not derived. Equal texts mean the same trial."""
        return "{" + ",".join([key + text(config[name]) for name, key, text in self._writers if name in config]) + "}"

    def draw(self, key: Key, tries: int = 10_000) -> Config | None:
        """The first feasible one of `tries` independent draws; None if there is none."""
        for number in range(tries if self.dimension else 1):
            config = self.decode(key.child(number).uniforms(self.dimension))
            if self.feasible(config):
                return config
        return None

    def complete(self, partial: PartialConfig, key: Key | None = None, tries: int = 10_000) -> Config:
        """The given values; for the others their default, or else (with a key) a draw that makes the whole feasible.

        Raises:
            ValueError: in words: a given value that is no member, inactive or not what is derived; none feasible.
        """
        config, problems = check.complete(self._plan, partial, key, tries)
        if problems:
            raise ValueError("; ".join(problems))
        return config

    def default(self) -> Config | None:
        """The configuration of defaults; None if an active parameter has none, or if it is not feasible."""
        config, problems = check.complete(self._plan, {}, None, 1)
        return None if problems else config

    # All configurations

    def enumerate(self, limit: int = 100_000) -> tuple[Config, ...] | None:
        """The valid set; None if it is infinite, or takes more than `limit` combinations to find. Not to be changed."""
        if limit not in self._valid_sets:
            self._valid_sets[limit] = valid_set(self._plan, limit)
        return self._valid_sets[limit]

    def cardinality(self) -> int | None:
        """The number of combinations, conditions and constraints ignored; None if infinite."""
        sizes = [searched.axis.size for searched in self._plan.searched]
        whole = [size for size in sizes if size is not None]
        return math.prod(whole) if len(whole) == len(sizes) else None

    def grid(self, patience: int = 1_000_000) -> Iterator[Config]:
        """The feasible points of the grid, made one by one; the first parameter varies slowest.

        Raises:
            SpaceError: a continuous parameter has neither `grid` nor `step`; or, while iterating, more than
                `patience` points in a row are infeasible.
        """
        return alive(walk(self._plan, grid_values(self._plan, self.parameters)), patience)

    def grid_size(self) -> int:
        """The number of points of the grid, conditions and constraints ignored; raises as `grid` does."""
        values = grid_values(self._plan, self.parameters)
        sizes = [
            len(points) if isinstance(points, tuple) else searched.axis.size
            for searched, points in zip(self._plan.searched, values.values(), strict=True)
        ]
        return math.prod(size for size in sizes if size is not None)

    # What draws look like

    def acceptance(self, key: Key, draws: int = 1_000) -> float:
        """The share of draws that the constraints accept."""
        return survey.acceptance(self._plan, key, draws)

    def activity(self, key: Key, draws: int = 1_000) -> dict[str, float]:
        """The share of draws in which each parameter with a `when` is active; of the valid set where it is small.

        0 and 1 are exact for a small valid set: the condition never, or always, holds.
        """
        configs = self.enumerate() or list(survey.sample(self._plan, key, draws))
        return survey.activity(self._plan, configs)

    def __reduce__(self) -> tuple[type[Space], tuple[tuple[Parameter, ...], tuple[Expression, ...]]]:
        return Space, (self.parameters, self.constraints)


def _is_own(parameter: Parameter) -> bool:
    return not isinstance(parameter, Derived)


def _writer(parameter: Parameter, plan: Plan) -> tuple[str, str, Callable[[JsonValue], str]]:
    """A parameter's name, its key in canonical JSON, and what writes its value."""
    key = json.dumps(parameter.name) + ":"
    for searched in plan.searched:
        if searched.name == parameter.name:
            return parameter.name, key, searched.axis.text
    return parameter.name, key, canonical_json
