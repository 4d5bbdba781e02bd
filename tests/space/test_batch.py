"""Many points at once: each row gets what decoding and encoding it alone would give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_space import points, spaces

from hpotune.expressions import Expression, parse
from hpotune.keys import Key
from hpotune.space import Bool, Categorical, Constant, Derived, Float, Int, Ordinal, Space, SpaceError

anything = st.data()


def one_by_one(space, rows):
    """What `settle` promises, by decoding and encoding each row."""
    filled = read(rows)
    return np.array([space.encode(space.decode(row)) for row in filled]).reshape(filled.shape)


def read(rows):
    return np.where(np.isnan(rows), 0.5, np.clip(rows, 0, 1))


def uniforms(space, count, seed=0):
    return Key.of(seed).uniforms(count * space.dimension).reshape(count, space.dimension)


def some_points(data, space, count=20):
    """A few chosen rows, with corners and repetitions, and many at random."""
    chosen = data.draw(st.lists(points(space), max_size=4))
    random = uniforms(space, count, data.draw(st.integers(0, 99)))
    return np.vstack([np.array(chosen, np.float64).reshape(len(chosen), space.dimension), random])


@given(anything)
@settings(max_examples=60)
def test_settling_is_decoding_and_encoding_each_row_bit_for_bit(data):
    space = data.draw(spaces())
    rows = some_points(data, space)
    before = rows.copy()
    np.testing.assert_array_equal(space.settle(rows), one_by_one(space, rows))
    np.testing.assert_array_equal(rows, before)


@given(anything)
@settings(max_examples=60)
def test_feasible_points_are_those_whose_configuration_is_feasible(data):
    space = data.draw(spaces())
    rows = some_points(data, space)
    settled = space.settle(rows)
    for given_rows in (rows, settled):
        expected = [space.feasible(space.decode(row)) for row in read(given_rows)]
        found = space.feasible_points(given_rows)
        assert found.dtype == np.bool_
        assert found.tolist() == expected


@given(anything)
@settings(max_examples=60)
def test_settling_twice_changes_nothing_in_a_discrete_space(data):
    space = data.draw(spaces(discrete=True))
    settled = space.settle(some_points(data, space))
    np.testing.assert_array_equal(space.settle(settled), settled)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.floats(-300, 299), st.floats(0.01, 10), st.integers(0, 99))
@settings(max_examples=60)
def test_settling_continuous_parameters_moves_them_by_rounding_only(low, width, decade, decades, seed):
    """A float keeps 53 bits: of the largest bound in a linear range, of log x in a log range."""
    start, end = 10.0**decade, 10.0 ** min(decade + decades, 300)
    space = Space([Float("x", low, low + width), Float("y", start, end, log=True)])
    rows = uniforms(space, 50, seed)
    once = space.settle(rows)
    twice = space.settle(once)
    bits = 2.0**-50
    largest = [max(abs(low), abs(low + width)) / width, 700 / math.log(end / start)]
    for moved in (once - rows, twice - once):
        assert (np.abs(moved) <= bits * np.maximum(1, largest)).all()


@given(anything)
@settings(max_examples=60)
def test_coordinates_outside_count_as_the_ends_and_missing_ones_as_the_middle(data):
    space = data.draw(spaces())
    rows = some_points(data, space, 10)
    strange = st.sampled_from([math.nan, -math.inf, math.inf, -0.1, 1.1, 1e300])
    for i in range(len(rows) if space.dimension else 0):
        rows[i, data.draw(st.integers(0, space.dimension - 1))] = data.draw(strange)
    np.testing.assert_array_equal(space.settle(rows), space.settle(read(rows)))
    np.testing.assert_array_equal(space.feasible_points(rows), space.feasible_points(read(rows)))


def nested(*constraints):
    return Space(
        [
            Bool("nesterov", when=parse("momentum > 0.5")),
            Float("momentum", 0, 1, when=parse('optimizer == "sgd"')),
            Categorical("optimizer", ("adam", "sgd")),
            Derived("double", parse("2 * momentum")),
            Derived("half_batch", parse("batch // 2"), when=parse("double >= 0.25")),
            Constant("seed", 3, when=parse("half_batch > 8")),
            Ordinal("batch", (8, 16, 32, 64)),
            Int("warmup", 0, 10**9, when=parse('seed == 3 or optimizer == "adam"')),
            Int("cooldown", 1, 10**9, log=True, when=parse("half_batch == 8")),
        ],
        [parse(text) for text in constraints],
    )


def test_chains_of_conditions_and_derived_values_are_followed_row_by_row():
    texts = "double < 1.75", "warmup + half_batch <= 7e8", "seed == 3 or batch == 8", 'optimizer != "adam" or batch > 8'
    space = nested(*texts)
    rows = uniforms(space, 500)
    settled = space.settle(rows)
    np.testing.assert_array_equal(settled, one_by_one(space, rows))
    assert not np.isnan(settled).all(axis=0).any(), "each parameter is active somewhere"
    expected = [space.feasible(space.decode(row)) for row in rows]
    assert space.feasible_points(rows).tolist() == expected
    assert 0 < sum(expected) < len(expected)


@pytest.mark.parametrize("kind", ["when", "expression"])
def test_what_cannot_be_evaluated_is_an_error_as_in_decoding(kind):
    broken = parse("1 / a > 0.1")
    second = Bool("b", when=broken) if kind == "when" else Derived("b", broken)
    space = Space([Int("a", 0, 1), second], [parse("b")])
    good, bad = np.full((1, space.dimension), 0.9), np.full((1, space.dimension), 0.1)
    with pytest.raises(SpaceError) as alone:
        space.decode(bad[0])
    for many in (space.settle, space.feasible_points):
        many(good)
        with pytest.raises(SpaceError) as together:
            many(np.vstack([good, bad]))
        assert together.value.problems == alone.value.problems


def test_what_is_inactive_is_not_evaluated():
    guarded = Bool("b", when=parse("a != 0"))
    space = Space([Int("a", 0, 1), guarded, Derived("c", parse("1 / (a * (2 - b))"))])
    rows = uniforms(space, 50)
    np.testing.assert_array_equal(space.settle(rows), one_by_one(space, rows))


def test_a_constraint_that_cannot_be_evaluated_is_violated_and_of_the_inactive_satisfied():
    space = Space([Int("a", 0, 1), Bool("b", when=parse("a == 1"))], [parse("1 / a >= 1 or true"), parse("not b")])
    assert space.feasible_points([[0.1, 0.9], [0.9, 0.1], [0.9, 0.9]]).tolist() == [False, True, False]
    space = Space([Int("a", 0, 1), Bool("b", when=parse("a == 1"))], [parse("b and 1 / (a - 1) > 0")])
    assert space.feasible_points([[0.1, 0.9], [0.9, 0.1], [0.9, 0.9]]).tolist() == [True, False, False]


def test_expressions_without_names_hold_everywhere_or_nowhere():
    space = Space([Bool("a", when=parse("1 > 2")), Bool("b", when=parse("true")), Derived("c", parse("2 + 3"))])
    np.testing.assert_array_equal(space.settle([[0.1, 0.1], [0.9, 0.9]]), [[math.nan, 0.25], [math.nan, 0.75]])
    assert Space([Bool("a")], [parse("1 > 2")]).feasible_points([[0.1], [0.9]]).tolist() == [False, False]


def counted(source):
    """An expression that counts how often it is evaluated."""
    real = parse(source)
    calls = []

    def run(values):
        calls.append(dict(values))
        return real.evaluate(values)

    return Expression(source, real.names, run), calls


def test_what_depends_on_discrete_parameters_is_evaluated_once_for_each_combination():
    condition, conditions = counted("a > b")
    constraint, constraints = counted("a + b < double")
    derived, derivations = counted("a * 2")
    space = Space(
        [Int("a", 0, 3), Int("b", 0, 2), Int("c", 0, 9), Float("x", 0, 1, when=condition), Derived("double", derived)],
        [constraint],
    )
    rows = uniforms(space, 500)
    settled = space.settle(rows)
    assert len(conditions) == 4 * 3
    assert len(derivations) == 4
    derivations.clear()
    conditions.clear()
    space.feasible_points(settled)
    assert len(constraints) == 4 * 3
    assert len(derivations) == 4
    assert conditions == [], "no constraint depends on it"


def test_combinations_of_long_ranges_are_kept_apart():
    """The product of the sizes is beyond any integer type."""
    names = ["a", "b", "c", "d"]
    ranges = [Int(name, 0, 10**14 - 1) for name in names]
    space = Space([*ranges, Bool("e", when=parse("a < b and c < d and a + c > 7e13"))], [parse("a + b < c + d")])
    rows = np.vstack([uniforms(space, 300)] * 2)
    np.testing.assert_array_equal(space.settle(rows), one_by_one(space, rows))
    assert space.feasible_points(rows).tolist() == [space.feasible(space.decode(row)) for row in rows]


@given(anything)
@settings(max_examples=20)
def test_no_points_are_no_points(data):
    space = data.draw(spaces())
    assert space.settle(np.empty((0, space.dimension))).shape == (0, space.dimension)
    assert space.feasible_points(np.empty((0, space.dimension))).shape == (0,)
    for j, size in enumerate(space.axis_sizes):
        assert size is None or space.shift(j, [], []).shape == (0,)


def test_points_of_a_space_without_coordinates():
    nothing = np.empty((3, 0))
    assert Space([]).settle(nothing).shape == (3, 0)
    assert Space([]).axis_sizes == ()
    fixed = [Constant("a", 1), Derived("b", parse("a + 1"))]
    assert Space(fixed, [parse("b == 2")]).feasible_points(nothing).tolist() == [True] * 3
    assert Space(fixed, [parse("b == 3")]).feasible_points(nothing).tolist() == [False] * 3


@pytest.mark.parametrize("shape", [(2,), (2, 3), (0, 1), (1, 2, 2)])
def test_points_of_another_shape_are_refused(shape):
    space = Space([Bool("a"), Bool("b")])
    for many in (space.settle, space.feasible_points):
        with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
            many(np.zeros(shape))
