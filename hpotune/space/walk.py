"""All configurations of a space, one after the other: the valid set, and grids.

The walk goes depth first through the steps, the first one slowest, and takes only what is active, so that points which
differ in nothing but inactive parameters are met once. A constraint is checked as soon as all its names are decided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final

from hpotune.expressions import Expression
from hpotune.space.mistakes import SpaceError, SpaceProblem
from hpotune.space.parameters import UNSET, Config, Float, Int, JsonValue, Parameter, Unset
from hpotune.space.plan import Plan, Searched, Step, computed, is_active, violated


class Dead(Enum):
    """Why a branch of the walk has no configuration."""

    INFEASIBLE = "infeasible"  # a constraint is violated
    CONTINUOUS = "continuous"  # it reaches a parameter that has no list of values


class _End(Enum):
    END = "end"


_END: Final = _End.END
Values = Mapping[str, Iterable[JsonValue] | None]  # the values of each searched parameter; None for a continuum


def walk(plan: Plan, values: Values) -> Iterator[Config | Dead]:
    """The feasible configurations made of `values`, and every dead end on the way to them.

    Raises:
        SpaceError: a condition or a derived value cannot be evaluated.
    """
    checks = _checks(plan)
    config: Config = {}
    branches: list[Iterator[JsonValue | Unset]] = [iter([UNSET])]  # a root above the first step, with one branch
    while branches:
        depth = len(branches) - 1
        name = plan.steps[depth - 1].name if depth else ""
        config.pop(name, None)
        value = next(branches[-1], _END)
        if value is _END:
            branches.pop()
            continue
        if not isinstance(value, Unset):
            config[name] = value
        if violated(checks[depth], config):
            yield Dead.INFEASIBLE
        elif depth == len(plan.steps):
            yield plan.declared(dict(config))
        elif (branch := _branch(plan.steps[depth], config, values)) is None:
            yield Dead.CONTINUOUS
        else:
            branches.append(branch)


def _branch(step: Step, config: Config, values: Values) -> Iterator[JsonValue | Unset] | None:
    """The values of a step, given those before it; UNSET where it is inactive, None where it has no list."""
    if not is_active(step, config):
        return iter((UNSET,))
    if not isinstance(step.source, Searched):
        return iter((computed(step.source, config),))
    listed = values[step.name]
    return None if listed is None else iter(listed)


def _checks(plan: Plan) -> list[list[Expression]]:
    """The constraints to check once each number of steps is decided."""
    decided = {step.name: number for number, step in enumerate(plan.steps, 1)}
    checks: list[list[Expression]] = [[] for _ in range(len(plan.steps) + 1)]
    for constraint in plan.constraints:
        checks[max((decided[name] for name in constraint.names), default=0)].append(constraint)
    return checks


def every_value(plan: Plan) -> Values:
    """All values of each parameter."""
    return {searched.name: None if searched.axis.size is None else searched.axis for searched in plan.searched}


def valid_set(plan: Plan, limit: int) -> tuple[Config, ...] | None:
    """Every valid configuration; None if there are infinitely many, or more than `limit` branches to look at."""
    values = every_value(plan)
    always = [step for step in plan.steps if isinstance(step.source, Searched) and not step.needs and not step.when]
    sizes = [step.source.axis.size for step in always if isinstance(step.source, Searched)]
    whole = [size for size in sizes if size is not None]
    if not plan.constraints and (len(whole) < len(sizes) or math.prod(whole) > limit):
        return None
    found: list[Config] = []
    for looked_at, end in enumerate(walk(plan, values)):
        if looked_at == limit or end is Dead.CONTINUOUS:
            return None
        if not isinstance(end, Dead):
            found.append(end)
    return tuple(found)


def alive(ends: Iterator[Config | Dead], patience: int) -> Iterator[Config]:
    """The configurations among the ends of a walk.

    Raises:
        SpaceError: more than `patience` dead ends in a row; a grid of billions of infeasible points must not hang.
    """
    in_a_row = 0
    for end in ends:
        if not isinstance(end, Dead):
            in_a_row = 0
            yield end
        elif (in_a_row := in_a_row + 1) > patience:
            message = f"the constraints reject {patience:,} grid points in a row"
            raise SpaceError([SpaceProblem(("constraints",), message, "Loosen them, or use a coarser grid.")])


def grid_values(plan: Plan, parameters: Sequence[Parameter]) -> Values:
    """The points of each parameter in a grid: `grid` of them, or all of a discrete one.

    Raises:
        SpaceError: naming every continuous parameter without `grid` and `step`.
    """
    counts = {p.name: p.grid for p in parameters if isinstance(p, Float | Int) and p.grid is not None}
    problems = [
        SpaceProblem(
            ("parameters", searched.name),
            "a grid needs a number of points for a continuous parameter",
            "Add `grid: 5`, or a step.",
        )
        for searched in plan.searched
        if searched.axis.size is None and searched.name not in counts
    ]
    if problems:
        raise SpaceError(problems)
    points = {s.name: s.axis.grid(counts[s.name]) for s in plan.searched if s.name in counts}
    return {**every_value(plan), **points}
