"""Rungs and brackets against the tables of the papers, and as exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.schedulers.rungs import Bracket, brackets, halving, rungs, sizes

LADDERS = [
    # R, eta, r: the rungs
    (27, 2, 1, (1, 3, 6, 13, 27)),
    (27, 3, 1, (1, 3, 9, 27)),
    (27, 4, 1, (1, 6, 27)),
    (27, 10, 1, (2, 27)),
    (81, 2, 1, (1, 2, 5, 10, 20, 40, 81)),
    (81, 3, 1, (1, 3, 9, 27, 81)),
    (81, 4, 1, (1, 5, 20, 81)),
    (81, 10, 1, (8, 81)),
    (243, 2, 1, (1, 3, 7, 15, 30, 60, 121, 243)),
    (243, 3, 1, (1, 3, 9, 27, 81, 243)),  # floor(log(243) / log(3)) is 4
    (243, 4, 1, (3, 15, 60, 243)),
    (243, 10, 1, (2, 24, 243)),
    (1000, 2, 1, (1, 3, 7, 15, 31, 62, 125, 250, 500, 1000)),
    (1000, 3, 1, (1, 4, 12, 37, 111, 333, 1000)),
    (1000, 4, 1, (3, 15, 62, 250, 1000)),
    (1000, 10, 1, (1, 10, 100, 1000)),  # floor(log(1000) / log(10)) is 2
    (100, 2, 1, (1, 3, 6, 12, 25, 50, 100)),
    (100, 3, 1, (1, 3, 11, 33, 100)),
    (100, 4, 1, (1, 6, 25, 100)),
    (100, 10, 1, (1, 10, 100)),
    # a minimum above 1 need not be a rung
    (100, 3, 5, (11, 33, 100)),
    (100, 3, 11, (11, 33, 100)),
    (100, 3, 12, (33, 100)),
    (81, 3, 3, (3, 9, 27, 81)),
    (81, 3, 28, (81,)),
    (81, 3, 81, (81,)),
    (1, 3, 1, (1,)),
    (2, 3, 1, (2,)),
    (10, 100, 1, (10,)),
    # budgets that are not whole
    (1.0, 3, 0.05, (1 / 9, 1 / 3, 1.0)),
    (1.0, 2, 0.05, (0.0625, 0.125, 0.25, 0.5, 1.0)),
    (0.9, 3, 0.1, (0.1, 0.3, 0.9)),  # in floats, 0.9 / 9 < 0.1
    (10, 10, 0.1, (0.1, 1.0, 10)),
    (2.5, 3, 1, (2.5,)),
    (10**9, 10, 1, tuple(10**k for k in range(10))),
    (10**9, 1000, 1, (1, 1000, 10**6, 10**9)),
]


@pytest.mark.parametrize(("maximum", "eta", "minimum", "expected"), LADDERS)
def test_the_rungs_of_a_table(maximum: float, eta: int, minimum: float, expected: tuple[float, ...]) -> None:
    found = rungs(minimum, maximum, eta)
    assert found == expected
    assert found[-1] == maximum


def test_whole_floats_are_whole_numbers() -> None:
    found = rungs(1.0, 81.0, 3)
    assert found == (1, 3, 9, 27, 81)
    assert all(isinstance(budget, int) for budget in found)


@pytest.mark.parametrize(("minimum", "maximum", "eta"), [(0, 9, 3), (-1, 9, 3), (10, 9, 3), (1, 9, 1), (1, 9, 0)])
def test_what_has_no_rungs_is_refused(minimum: int, maximum: int, eta: int) -> None:
    with pytest.raises(ValueError, match="no rungs"):
        rungs(minimum, maximum, eta)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(2, 12))
def test_whole_rungs_are_floors_of_exact_quotients(one: int, other: int, eta: int) -> None:
    minimum, maximum = sorted((one, other))
    found = rungs(minimum, maximum, eta)
    assert list(found) == sorted(set(found))
    assert found == tuple(reversed([maximum // eta**k for k in range(len(found))]))
    assert found[0] >= minimum
    assert maximum // eta ** len(found) < minimum, "there is room for one more rung"


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(2, 12), st.integers(1, 6))
def test_decimals_have_the_rungs_of_exact_fractions(one: int, other: int, eta: int, places: int) -> None:
    minimum, maximum = sorted((one / 10**places, other / 10**places))
    found = rungs(minimum, maximum, eta)
    assert found[-1] == maximum
    assert list(found) == sorted(set(found))
    top = Fraction(max(one, other), 10**places)
    least = Fraction(min(one, other), 10**places)
    if top.denominator == least.denominator == 1:
        return
    assert found == tuple(float(top / eta**k) for k in reversed(range(len(found))))
    assert top / eta ** (len(found) - 1) >= least > top / eta ** len(found)


# Brackets

HYPERBAND_81 = (
    Bracket(4, (81, 27, 9, 3, 1), (1, 3, 9, 27, 81)),
    Bracket(3, (34, 11, 3, 1), (3, 9, 27, 81)),
    Bracket(2, (15, 5, 1), (9, 27, 81)),
    Bracket(1, (8, 2), (27, 81)),
    Bracket(0, (5,), (81,)),
)


def test_the_brackets_of_the_hyperband_paper() -> None:
    """Li et al. 2018, R = 81 and eta = 3, by algorithm 1."""
    assert brackets(rungs(1, 81, 3), 3) == HYPERBAND_81


@pytest.mark.parametrize(
    ("maximum", "eta", "expected"),
    [
        (27, 2, [(16, 8, 4, 2, 1), (10, 5, 2, 1), (7, 3, 1), (5, 2), (5,)]),
        (27, 3, [(27, 9, 3, 1), (12, 4, 1), (6, 2), (4,)]),
        (27, 4, [(16, 4, 1), (6, 1), (3,)]),
        (27, 10, [(10, 1), (2,)]),
        (81, 4, [(64, 16, 4, 1), (22, 5, 1), (8, 2), (4,)]),
        (243, 3, [(243, 81, 27, 9, 3, 1), (98, 32, 10, 3, 1), (41, 13, 4, 1), (18, 6, 2), (9, 3), (6,)]),
        (1000, 10, [(1000, 100, 10, 1), (134, 13, 1), (20, 2), (4,)]),
        (100, 3, [(81, 27, 9, 3, 1), (34, 11, 3, 1), (15, 5, 1), (8, 2), (5,)]),
        (1, 3, [(1,)]),
    ],
)
def test_the_sizes_of_brackets(maximum: int, eta: int, expected: list[tuple[int, ...]]) -> None:
    levels = rungs(1, maximum, eta)
    found = brackets(levels, eta)
    assert [bracket.sizes for bracket in found] == expected
    assert [bracket.budgets for bracket in found] == [levels[k:] for k in range(len(levels))]


def test_the_brackets_of_the_asha_paper() -> None:
    """Li et al. 2020, figure 1: n = 9, r = 1, R = 9, eta = 3; bracket s starts at the budget r * eta^s."""
    levels = rungs(1, 9, 3)
    table = [list(zip(sizes(9, 3, 3 - s), levels[s:], strict=True)) for s in range(3)]
    assert table == [[(9, 1), (3, 3), (1, 9)], [(9, 3), (3, 9)], [(9, 9)]]
    assert [sum(n * budget for n, budget in bracket) for bracket in table] == [27, 54, 81]
    assert halving(levels, 3) == Bracket(2, (9, 3, 1), levels)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**9), st.integers(2, 12))
def test_brackets_are_those_of_exact_fractions(maximum: int, eta: int) -> None:
    levels = rungs(1, maximum, eta)
    s_max = len(levels) - 1
    for bracket in brackets(levels, eta):
        n = Fraction((s_max + 1) * eta**bracket.s, bracket.s + 1)
        assert bracket.sizes[0] - 1 < n <= bracket.sizes[0]
        for i, size in enumerate(bracket.sizes):
            assert 0 <= Fraction(bracket.sizes[0], eta**i) - size < 1
        assert len(bracket.sizes) == len(bracket.budgets) == bracket.s + 1
        assert bracket.budgets[-1] == maximum


@pytest.mark.parametrize(
    ("n", "expected"), [(81, (81, 27, 9, 3, 1)), (80, (80, 26, 8, 2, 1)), (2, (2, 1, 1, 1, 1)), (1, (1, 1, 1, 1, 1))]
)
def test_fewer_than_a_bracket_needs_still_send_one_to_the_top(n: int, expected: tuple[int, ...]) -> None:
    assert halving(rungs(1, 81, 3), 3, n).sizes == expected
