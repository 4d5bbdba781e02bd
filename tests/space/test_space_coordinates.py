"""The encoding of one parameter: masses of bins, decimal steps, extreme ranges, grids."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.keys import Key
from hpotune.space import Bool, Categorical, Float, Int, Ordinal, Space


def decoded(parameter, u):
    return Space([parameter]).decode([u])[parameter.name]


def encoded(parameter, value):
    return Space([parameter]).encode({parameter.name: value})[0]


@pytest.mark.parametrize(("low", "high", "step"), [(1, 9, 1), (1, 1000, 1), (3, 17, 1), (16, 512, 16), (20, 101, 10)])
def test_each_log_integer_has_the_mass_of_its_own_bin(low, high, step):
    """On a grid of N points the count of a bin of mass p lies within 1 of N p; the ends are no exception."""
    space = Space([Int("n", low, high, log=True, step=step)])
    count = 20_000
    counts = dict.fromkeys((config["n"] for config in space.enumerate()), 0)
    for j in range(count):
        counts[space.decode([(j + 0.5) / count])["n"]] += 1
    last = max(counts)
    total = math.log((last + step / 2) / (low - step / 2))
    for value, seen in counts.items():
        mass = math.log((value + step / 2) / (value - step / 2)) / total
        assert abs(seen - count * mass) <= 1, value


def test_log_integers_drawn_at_random_have_those_masses():
    """Chi-square of 1,000 draws over 8 bins (7 degrees of freedom) exceeds 24.3 for one seed in 1,000."""
    space = Space([Int("n", 1, 8, log=True)])
    drawn = [space.draw(Key.of(5, k))["n"] for k in range(1_000)]
    chi_square = 0.0
    for value in range(1, 9):
        expected = 1_000 * math.log((value + 0.5) / (value - 0.5)) / math.log(8.5 / 0.5)
        chi_square += (drawn.count(value) - expected) ** 2 / expected
    assert chi_square < 24.3


@pytest.mark.parametrize(("low", "step"), [(1, 10), (0.001, 0.01), (2, 3)])
def test_a_log_range_with_a_step_above_its_low_end_still_reaches_every_value(low, step):
    kind = Float if isinstance(low, float) else Int
    parameter = kind("x", low, low + 5 * step, log=True, step=step)
    counts = {}
    for j in range(2_000):
        value = decoded(parameter, (j + 0.5) / 2_000)
        counts[value] = counts.get(value, 0) + 1
    assert len(counts) == 6
    assert list(counts.values()) == sorted(counts.values(), reverse=True), "a log-uniform bin grows narrower upwards"


@pytest.mark.parametrize(
    "parameter",
    [
        Int("x", -3, 6),
        Bool("x"),
        Ordinal("x", (1, 2, 4)),
        Categorical("x", tuple("abcdefg")),
        Float("x", 0, 1, step=0.1),
    ],
    ids=repr,
)
def test_every_value_of_a_uniform_discrete_parameter_is_equally_likely(parameter):
    space = Space([parameter])
    valid = space.enumerate()
    for k, config in enumerate(valid):
        assert space.encode(config)[0] == pytest.approx((k + 0.5) / len(valid))
        assert space.decode([(k + 0.01) / len(valid)]) == config
        assert space.decode([(k + 0.99) / len(valid)]) == config


def test_float_steps_are_what_their_literals_say():
    values = [config["x"] for config in Space([Float("x", 0.1, 0.5, step=0.05)]).enumerate()]
    assert values == [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]


@given(st.integers(-1000, 1000), st.integers(1, 50), st.integers(0, 40), st.integers(0, 6))
def test_float_steps_are_decimal_arithmetic(low, step, count, places):
    unit = 10**places
    space = Space([Float("x", low / unit, (low + step * count) / unit, step=step / unit)])
    assert [config["x"] for config in space.enumerate()] == [(low + step * k) / unit for k in range(count + 1)]


@pytest.mark.parametrize(("high", "last"), [(10, 9), (9, 9), (11, 9), (12, 12)])
def test_the_last_step_is_the_largest_that_is_at_most_high(high, last):
    for parameter in (Int("x", 0, high, step=3), Float("x", 0, high, step=3)):
        assert decoded(parameter, 1.0) == last
        assert Space([parameter]).cardinality() == last // 3 + 1


wide = st.floats(-300, 300)


@given(wide, wide, st.floats(0, 1))
def test_log_floats_come_back_within_1e_12_over_600_decades(a, b, u):
    low, high = 10.0 ** min(a, b), 10.0 ** max(a, b)
    parameter = Float("x", low, high, log=True)
    value = decoded(parameter, u)
    assert low <= value <= high
    assert abs(decoded(parameter, encoded(parameter, value)) - value) <= 1e-12 * value


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.floats(0, 1))
def test_linear_floats_stay_in_range_and_come_back(a, b, u):
    low, high = min(a, b), max(a, b)
    parameter = Float("x", low, high)
    value = decoded(parameter, u)
    assert low <= value <= high
    assert abs(decoded(parameter, encoded(parameter, value)) - value) <= 1e-12 * max(abs(low), abs(high))


@given(st.integers(1, 10**12), st.floats(0, 1))
def test_long_integer_ranges_round_trip_exactly(high, u):
    for log in (False, True):
        parameter = Int("n", 1, high, log=log)
        value = decoded(parameter, u)
        assert isinstance(value, int)
        for n in (value, 1, high):
            assert decoded(parameter, encoded(parameter, n)) == n


@given(st.floats(0, 1), st.floats(0, 1))
def test_decoding_is_monotone(u, v):
    first, second = min(u, v), max(u, v)
    for parameter in (
        Float("x", 1e-5, 1, log=True),
        Float("x", -2, 3),
        Int("x", 1, 300, log=True),
        Int("x", -7, 9, step=3),
        Float("x", 0.1, 2, log=True, step=0.3),
        Ordinal("x", (1, 2, 3, 4, 5)),
    ):
        assert decoded(parameter, first) <= decoded(parameter, second)


def test_a_linear_float_and_a_log_float_have_their_medians():
    assert decoded(Float("x", -1, 5), 0.5) == 2
    assert decoded(Float("x", 1e-4, 1e-2, log=True), 0.5) == pytest.approx(1e-3, rel=1e-14)


def test_decode_takes_arrays_and_lists_and_gives_plain_values():
    space = Space([Float("x", 0, 1), Int("n", 1, 9), Bool("b")])
    config = space.decode(np.array([0.2, 0.9, 0.7]))
    assert config == space.decode([0.2, 0.9, 0.7])
    assert [type(value) for value in config.values()] == [float, int, bool]
    with pytest.raises(ValueError, match="zip"):
        space.decode([0.5])


def test_choices_that_python_calls_equal_are_kept_apart():
    space = Space([Categorical("c", (1, True, 1.0, "1", None, [1], [True], {"a": 1}))])
    assert len(space.enumerate()) == 8
    assert len({space.canonical(config) for config in space.enumerate()}) == 8
    for config in space.enumerate():
        assert repr(space.decode(space.encode(config))) == repr(config)
        assert space.problems(config) == []
    assert space.problems({"c": [1.0]}) != []


def test_grids_keep_their_ends_and_are_tidy():
    def values(parameter):
        return [config["x"] for config in Space([parameter]).grid()]

    assert values(Float("x", 1e-5, 1e-1, log=True, grid=5)) == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    assert values(Float("x", 0, 0.3, grid=4)) == [0, 0.1, 0.2, 0.3]
    assert values(Float("x", 0, 1, grid=1)) == [0.5]
    assert values(Int("x", 1, 1000, log=True, grid=4)) == [1, 10, 100, 1000]
    assert values(Int("x", 0, 10, grid=3)) == [0, 5, 10]
    assert values(Int("x", 0, 2, grid=9)) == [0, 1, 2]
    assert values(Float("x", 0, 1, step=0.25, grid=2)) == [0, 1]


def test_canonical_text_does_not_tell_one_float_from_another_spelling():
    space = Space([Float("x", -1, 1), Int("n", 0, 1)])
    assert space.canonical({"x": 1, "n": 1}) == space.canonical({"n": 1, "x": 1.0}) == '{"n":1,"x":1.0}'
    assert space.canonical({"x": -0.0, "n": 0}) == space.canonical({"x": 0.0, "n": 0})
