"""Thousands of points at once: what decoding and encoding makes of each, and whether the constraints hold there.

Notation
    n, d         number of points; of coordinates of each
    u    (d, n)  coordinates within [0, 1], one row for each searchable parameter, without nan
    codes  (n,)  what stands for a name's value at each point: equal codes, equal values

Numbers are computed array by array; conditions, derived values and constraints by the expression language itself, once
for each distinct combination of the codes of the names concerned. The code of a discrete value is its index; that of a
continuous one is the number of its point, so what depends on it is computed point by point; that of a derived one is
the number of the combination that it was computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from hpotune.space.axis import MOST_LEVELS, FloatArray, IntArray, within
from hpotune.space.parameters import Config, JsonValue
from hpotune.space.plan import Plan, Searched, Step, computed, is_active, violated

_UNKNOWN = 0.5  # stands for a coordinate that is nan

BoolArray = npt.NDArray[np.bool_]
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Column:
    """A parameter at all points: `value(codes[i])` at point i, if `active[i]`; else the code means nothing."""

    active: BoolArray
    codes: IntArray
    value: Callable[[int], JsonValue]


def settle(plan: Plan, points: FloatArray) -> FloatArray:
    """`encode(decode(row))` of each row (see `Space.settle`)."""
    u = _coordinates(plan, points)
    settled = np.empty_like(u)
    if plan.unconditional:
        for searched in plan.searched:
            settled[searched.coordinate] = searched.axis.settled(u[searched.coordinate])
    else:
        columns = _columns(plan.steps, u)
        for searched in plan.searched:
            row, axis, column = searched.coordinate, searched.axis, columns[searched.name]
            centres = axis.settled(u[row]) if axis.size is None else axis.centres(column.codes)
            settled[row] = np.where(column.active, centres, np.nan)
    return np.ascontiguousarray(settled.T)


def feasible_points(plan: Plan, points: FloatArray) -> BoolArray:
    """`feasible(decode(row))` of each row (see `Space.feasible_points`)."""
    u = _coordinates(plan, points)
    feasible = np.ones(u.shape[1], np.bool_)
    if not plan.constraints:
        return feasible
    columns = _columns(_needed(plan), u)
    for constraint in plan.constraints:
        names = sorted(constraint.names)
        rows = np.flatnonzero(_all_active(names, columns, feasible))
        failed, group = _by_combination(names, columns, rows, partial(violated, (constraint,)))
        feasible[rows] = np.array([failure is None for failure in failed], np.bool_)[group]
    return feasible


def levels(searched: Searched) -> FloatArray:
    """The coordinates of all values of a discrete parameter (see `Space.levels`)."""
    size = _discrete(searched)
    if size > MOST_LEVELS:
        raise ValueError(f"{searched.name} has {size:,} values, more than the {MOST_LEVELS:,} that can be listed")
    return searched.axis.centres(np.arange(size))


def shift(searched: Searched, u: FloatArray, steps: IntArray) -> FloatArray:
    """The coordinates of the values so many steps further (see `Space.shift`)."""
    size = _discrete(searched)
    known = ~np.isnan(u)
    k = searched.axis.indices(_filled(u))
    return np.where(known, searched.axis.centres(within(k + steps, size)), np.nan)


def _discrete(searched: Searched) -> int:
    if searched.axis.size is None:
        raise ValueError(f"{searched.name} is continuous: it has no list of values")
    return searched.axis.size


def _coordinates(plan: Plan, points: FloatArray) -> FloatArray:
    """The points with the axes exchanged, so that each parameter's coordinates are one piece of memory."""
    if points.ndim != 2 or points.shape[1] != len(plan.searched):
        raise ValueError(f"points of this space have the shape (n, {len(plan.searched)}), not {points.shape}")
    return np.ascontiguousarray(_filled(points).T)


def _filled(u: FloatArray) -> FloatArray:
    return np.where(np.isnan(u), _UNKNOWN, np.clip(u, 0.0, 1.0))


def _needed(plan: Plan) -> Sequence[Step]:
    """The steps that the constraints depend on."""
    names = {name for constraint in plan.constraints for name in constraint.names}
    needed: list[Step] = []
    for step in reversed(plan.steps):
        if step.name in names:
            needed.append(step)
            names.update(step.needs)
    return needed[::-1]


def _columns(steps: Sequence[Step], u: FloatArray) -> Mapping[str, _Column]:
    """What `resolve` computes, for all points at once.

    Raises:
        SpaceError: a condition or a derived value cannot be evaluated.
    """
    columns: dict[str, _Column] = {}
    for step in steps:
        columns[step.name] = _column(step, columns, u)
    return columns


def _column(step: Step, columns: Mapping[str, _Column], u: FloatArray) -> _Column:
    source, count = step.source, u.shape[1]
    active = _active(step, columns, count)
    if isinstance(source, Searched):
        coordinates, axis = u[source.coordinate], source.axis
        if axis.size is not None:
            return _Column(active, axis.indices(coordinates), axis.at)
        return _Column(active, np.arange(count), lambda i: axis.value(coordinates.item(i)))
    rows = np.flatnonzero(active)
    values, group = _by_combination(step.needs, columns, rows, lambda config: computed(source, config))
    codes = np.zeros(count, np.int64)
    codes[rows] = group
    return _Column(active, codes, values.__getitem__)


def _active(step: Step, columns: Mapping[str, _Column], count: int) -> BoolArray:
    active = _all_active(step.needs, columns, np.ones(count, np.bool_))
    if step.when is not None:
        rows = np.flatnonzero(active)
        holds, group = _by_combination(step.needs, columns, rows, lambda config: is_active(step, config))
        active[rows] = np.array(holds, np.bool_)[group]
    return active


def _all_active(names: Collection[str], columns: Mapping[str, _Column], among: BoolArray) -> BoolArray:
    active = among.copy()
    for name in names:
        active &= columns[name].active
    return active


def _by_combination(
    names: Collection[str],
    columns: Mapping[str, _Column],
    rows: IntArray,
    evaluate: Callable[[Config], _Result],
) -> tuple[list[_Result], IntArray]:
    """The results for the distinct combinations of the values of `names`, and the number of its result for each row."""
    first, group = _distinct([columns[name].codes[rows] for name in names], rows.size)
    values = {name: [columns[name].value(code) for code in columns[name].codes[rows[first]].tolist()] for name in names}
    return [evaluate({name: values[name][i] for name in names}) for i in range(first.size)], group


def _distinct(columns: Sequence[IntArray], count: int) -> tuple[IntArray, IntArray]:
    """Where each distinct combination of the columns' codes stands first, and its number for each row."""
    combined = columns[0] if columns else np.zeros(count, np.int64)
    for codes in columns[1:]:  # renumbered below `count`, so that the product is not too large
        combined = _renumbered(combined) * count + _renumbered(codes)
    _, first, group = np.unique(combined, return_index=True, return_inverse=True)
    return first, group


def _renumbered(codes: IntArray) -> IntArray:
    return np.unique(codes, return_inverse=True)[1]
