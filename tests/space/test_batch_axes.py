"""Many coordinates of one discrete parameter: the bins they lie in, all bins, and the steps from one to another."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_space import spaces

from hpotune.keys import Key
from hpotune.space import Bool, Categorical, Constant, Float, Int, Ordinal, Space

anything = st.data()
DISCRETE = [
    Bool("x"),
    Categorical("x", ("a", 1, 1.0, True, None, [1], {"a": 1})),
    Ordinal("x", (16, 32, 64)),
    Int("x", -3, 6),
    Int("x", 1, 300, log=True),
    Int("x", 2, 17, log=True, step=3),
    Int("x", 3, 20_000, log=True),  # more values than are listed
    Float("x", 0.1, 2, log=True, step=0.3),
    Float("x", -1, 1, step=0.05),
    Int("x", -(10**14), 10**14, step=2),
    Int("x", 1, 10**14),
    Int("x", 1, 10**12, log=True),
    Categorical("x", ("only",)),
    Int("x", 4, 4, log=True),
    Float("x", 3, 3),
    Float("x", 2.0, 2.0, log=True),
    Float("x", 1, 1, step=0.1),
]
each_discrete = pytest.mark.parametrize("parameter", DISCRETE, ids=repr)


def one_by_one(space, rows):
    return np.array([space.encode(space.decode(row)) for row in np.clip(rows, 0, 1)])


def uniforms(space, count, seed=0):
    return Key.of(seed).uniforms(count * space.dimension).reshape(count, space.dimension)


@each_discrete
def test_beyond_the_ends_a_discrete_coordinate_is_settled_as_it_is_decoded(parameter):
    space = Space([parameter])
    for u in (-3.0, -1e-300, -0.4, 1.0, math.nextafter(1, 2), 1.5):
        expected = space.encode(space.decode([u]))
        assert space.settle([[u]]).tolist() == [expected.tolist()]


@each_discrete
def test_the_edges_of_bins_fall_on_the_side_where_decoding_puts_them(parameter):
    """Log edges are where exp of another library would differ in the last bit."""
    space = Space([parameter])
    centres = space.settle(uniforms(space, 200))[:, 0]
    (size,) = space.axis_sizes
    nearby = np.unique(np.concatenate([centres, space.shift(0, centres, 1), space.shift(0, centres, -1)]))
    edges = [*((nearby[1:] + nearby[:-1]) / 2), *(np.arange(min(size, 300) + 1) / size)]
    rows = np.array([[side] for u in edges for side in (u, math.nextafter(u, 0), math.nextafter(u, 1))])
    np.testing.assert_array_equal(space.settle(rows), one_by_one(space, rows))


@pytest.mark.parametrize("parameter", [Int("n", 1, 60, log=True), Float("x", 0.1, 2, log=True, step=0.3)], ids=repr)
def test_the_very_edges_of_log_bins_fall_where_decoding_puts_them(parameter):
    space = Space([parameter])
    edges = []
    for first, second in pairwise(space.levels(0)):
        below, above = first, second
        while below < (middle := (below + above) / 2) < above:
            same = space.decode([middle]) == space.decode([first])
            below, above = (middle, above) if same else (below, middle)
        edges += [below, above]
    rows = np.array(edges).reshape(-1, 1)
    np.testing.assert_array_equal(space.settle(rows), one_by_one(space, rows))
    assert len(np.unique(space.settle(rows))) == space.axis_sizes[0]


@given(anything)
@settings(max_examples=60)
def test_shifting_goes_along_the_list_of_values_and_stops_at_its_ends(data):
    space = data.draw(spaces(discrete=True))
    for j, (parameter, size) in enumerate(zip(space.searchable, space.axis_sizes, strict=True)):
        values = listed(parameter)
        assert len(values) == size
        u = np.array(data.draw(st.lists(st.floats(0, 1), min_size=1, max_size=5)))
        steps = np.array(data.draw(st.lists(st.integers(-8, 8), min_size=len(u), max_size=len(u))))
        shifted = space.shift(j, u, steps)
        alone = Space([without_condition(parameter)])
        for start, step, end in zip(u, steps, shifted, strict=True):
            index = position(values, alone.decode([start]))
            target = values[min(max(index + step, 0), size - 1)]
            assert end == alone.encode(target)[0]
            assert repr(alone.decode([end])) == repr(target)


def without_condition(parameter):
    fields = {field: getattr(parameter, field) for field in parameter.__dataclass_fields__}
    return type(parameter)(**fields | {"when": None})


def listed(parameter):
    """All configurations of a space of this one parameter, in the order of its values."""
    return Space([without_condition(parameter)]).enumerate()


def position(values, config):
    return [repr(value) for value in values].index(repr(config))


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("step", [1, 7])
def test_neighbours_in_ranges_too_long_to_list(log, step):
    space = Space([Int("n", 1, 10**12, log=log, step=step)])
    u = uniforms(space, 100)[:, 0]
    for distance in (1, -1, 12_345, -(10**6)):
        for start, end in zip(u, space.shift(0, u, distance), strict=True):
            value = space.decode([start])["n"] + distance * step
            last = space.decode([1.0])["n"]
            assert space.decode([end])["n"] == min(max(value, 1), last)
            assert end == space.encode(space.decode([end]))[0]


def test_neighbours_where_bins_are_as_narrow_as_they_may_be():
    space = Space([Int("n", -(10**14) + 1, 10**14, step=2)])
    u = uniforms(space, 100)[:, 0]
    shifted = space.shift(0, u, np.ones(100))
    assert [space.decode([v])["n"] for v in shifted] == [space.decode([v])["n"] + 2 for v in u]
    assert space.shift(0, [0.5], 10**15).tolist() == space.settle([[1.0]])[0].tolist()


def test_shifting_keeps_what_is_missing_and_the_shape():
    space = Space([Int("n", 0, 4)])
    shifted = space.shift(0, [[0.1, math.nan], [0.9, 2.0]], [[1], [-1]])
    np.testing.assert_array_equal(shifted, [[0.3, math.nan], [0.7, 0.7]])


@each_discrete
def test_levels_are_the_coordinates_of_all_values_in_their_order(parameter):
    space = Space([parameter])
    if space.axis_sizes[0] > 10_000:
        with pytest.raises(ValueError, match=f"x has {space.axis_sizes[0]:,} values, more than the 10,000"):
            space.levels(0)
        return
    levels = space.levels(0)
    assert levels.tolist() == [space.encode(config)[0] for config in listed(parameter)]
    levels[:] = 0  # the caller's own array
    assert space.levels(0)[0] > 0


def test_a_continuous_parameter_has_neither_levels_nor_steps():
    space = Space([Bool("b"), Constant("c", 1), Float("x", 0, 1)])
    assert space.axis_sizes == (2, None)
    with pytest.raises(ValueError, match="x is continuous"):
        space.levels(1)
    with pytest.raises(ValueError, match="x is continuous"):
        space.shift(1, [0.5], [1])
