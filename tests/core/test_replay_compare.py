"""How far two decisions are apart: in the unit cube, relative, or without a distance."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from replaying import SPACE, plan

from hpotune.replay.compare import compare
from hpotune.summary.replayed import (
    FAR,
    Difference,
)
from studies import study

CONTINUOUS = ("lr", "momentum")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_distances_are_those_of_the_encoding(data: st.DataObject) -> None:
    cube = st.lists(st.floats(0, 1, exclude_max=True), min_size=SPACE.dimension, max_size=SPACE.dimension)
    one, other = (SPACE.decode(data.draw(cube)) for _ in range(2))
    off = compare(plan(one), plan(other), SPACE)
    assert {each.path[1] for each in off} == {n for n in {*one, *other} if one.get(n, ...) != other.get(n, ...)}
    u, v = SPACE.encode(one), SPACE.encode(other)
    for place, parameter in enumerate(SPACE.searchable):
        both = parameter.name in one and parameter.name in other
        for each in off:
            if each.path[1] != parameter.name:
                continue
            if parameter.name in CONTINUOUS and both:
                assert each.distance == pytest.approx(abs(u[place] - v[place]), abs=1e-15)
                assert each.is_near == (each.distance <= FAR["cube"])
            else:
                assert each.distance is None
    assert compare(plan(one), plan(one), SPACE) == ()
    back = compare(plan(other), plan(one), SPACE)
    assert {(o.path, o.distance) for o in back} == {(o.path, o.distance) for o in off}


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)), st.floats(-0.02, 0.02))
@example(0.0, 0.0)
@example(1.7e308, 0.02)
@example(5e-324, 0.01)
def test_numbers_that_are_no_parameters_have_a_relative_distance(number: float, by: float) -> None:
    assume(abs(number) < 1e308 or by <= 0)
    other = float(number) * (1 + by)
    off = compare(plan({}, a={"b": [1, number]}), plan({}, a={"b": [1, other]}), SPACE)
    if number == other:
        assert off == ()
    else:
        assert off[0].path == ("record", "a", "b", 1)
        assert off[0].distance is not None
        assert 0 <= off[0].distance <= min(abs(by) * 1.03, abs(number - other) / 1e-7) + 1e-15
        assert off[0].is_near == (off[0].distance <= 0.01)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ({"n": 7}, {"n": 8}),
        ({"n": True}, {"n": 1}),
        ({"n": "exit"}, {"n": "nan"}),
        ({"n": None}, {"n": 0.5}),
        ({"n": [1.0]}, {"n": [1.0, 2.0]}),
        ({"n": 1.0}, {}),
        ({}, {"n": {"m": 1}}),
        ({"n": {"m": 1}}, {"n": [1]}),
    ],
)
def test_what_has_no_distance_is_different(was: dict[str, Any], now: dict[str, Any]) -> None:
    off = compare(plan({}, **was), plan({}, **now), SPACE)
    assert [(each.path, each.distance) for each in off] == [(("record", "n"), None)]
    assert Difference(1, 0, plan({}, **was), plan({}, **now), off=off).verdict == "different"


@pytest.mark.parametrize(
    ("was", "now", "same"), [(1, 1, True), (1, 1.0, False), (1, True, False), ("1", 1, False), ([1], [1.0], False)]
)
def test_choices_are_told_apart_as_the_space_does(was: Any, now: Any, same: bool) -> None:
    choices = [1, 1.0, True, "1", [1], [1.0]]
    space = study(parameters={"kind": {"type": "categorical", "choices": choices}}).space
    off = compare(plan({"kind": was}), plan({"kind": now}), space)
    assert [(each.path, each.distance) for each in off] == ([] if same else [(("config", "kind"), None)])


def test_how_many_candidates_were_left_may_hang_on_rounding() -> None:
    """Seen with OpenBLAS's kernels for other processors: 817 became 842, and the configuration moved by 1e-8."""
    few, many, double = (plan({}, by="gp", candidates=count) for count in (817, 842, 1634))
    off = compare(few, many, SPACE)
    assert [(each.path, each.measure, each.is_near) for each in off] == [(("record", "candidates"), "count", True)]
    assert Difference(1, 0, few, many, off=off).verdict == "numerically different"
    assert [each.is_near for each in compare(few, double, SPACE)] == [False]


def test_a_list_is_the_same_whether_it_was_read_or_made() -> None:
    assert compare(plan({}, lengths=[1.0, 2]), plan({}, lengths=(1.0, 2.0)), SPACE) == ()
