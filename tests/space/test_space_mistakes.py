"""A mistaken declaration: every mistake is found at once, with its place and a remedy."""

from __future__ import annotations

import math

import pytest

from hpotune.expressions import parse
from hpotune.space import Bool, Categorical, Constant, Derived, Float, Int, Ordinal, Space, SpaceError


def mistakes(parameters, constraints=()):
    with pytest.raises(SpaceError) as caught:
        Space(parameters, [parse(text) for text in constraints])
    return caught.value.problems


@pytest.mark.parametrize(
    ("parameter", "field", "words"),
    [
        (Float("x", 1, 0), "low", "above high"),
        (Float("x", 0, 1, log=True), "low", "log range cannot begin at 0"),
        (Float("x", 5e-324, 1, log=True), "low", "log range cannot begin"),
        (Int("x", 0, 9, log=True), "low", "log range cannot begin at 0"),
        (Float("x", 0, math.inf), "high", "finite"),
        (Float("x", math.nan, 1), "low", "finite"),
        (Float("x", -1.7e308, 1.7e308), "high", "wider than the largest float"),
        (Float("x", 0, 1, step=0), "step", "above 0"),
        (Float("x", 0, 1, step=-0.1), "step", "above 0"),
        (Float("x", 0, 1, step=2), "step", "wider than the range"),
        (Float("x", 0, 1, step=1e-16), "step", "too many values"),
        (Float("x", 1e15, 1e15 + 10, step=0.5), "step", "too many values"),
        (Float("x", 1, 1e6, step=1e-7, log=True), "step", "too fine"),
        (Int("x", 0, 10**16), "high", "too many values"),
        (Int("x", 0, 10**400), "high", "whole number"),
        (Int("x", 1.5, 3), "low", "whole number"),
        (Int("x", 0, 9, step=0), "step", "above 0"),
        (Float("x", 0, 1, grid=0), "grid", "whole number from 1"),
        (Float("x", 0, 1, grid=10**9), "grid", "whole number from 1"),
        (Ordinal("x", ()), "choices", "no choices"),
        (Categorical("x", (1, "1", 1)), "choices", "1 is listed twice"),
        (Categorical("x", ({"a": 1, "b": 2}, {"b": 2, "a": 1})), "choices", "listed twice"),
        (Categorical("x", (math.nan,)), "choices", "JSON"),
        (Categorical("x", (...,)), "choices", "JSON"),
        (Constant("x", math.inf), "value", "JSON"),
        (Constant("x", {1: 2}), "value", "JSON"),
    ],
    ids=repr,
)
def test_a_mistaken_parameter(parameter, field, words):
    (problem,) = mistakes([parameter])
    assert problem.path == ("parameters", "x", field)
    assert words in problem.message


def test_all_mistakes_are_found_at_once_in_the_order_of_declaration():
    problems = mistakes(
        [Bool("b", when=parse("nothing")), Float("x", 1, 0), Bool("c", when=parse("d")), Bool("d", when=parse("c"))],
        ["y > 1", "x > z"],
    )
    assert [problem.path for problem in problems] == [
        ("parameters", "b", "when"),
        ("parameters", "x", "low"),
        ("parameters", "c", "when"),
        ("constraints", 0),
        ("constraints", 1),
    ]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("optimzer", "Did you mean optimizer?"),
        ("OPTIMIZER", "Did you mean optimizer?"),
        ("sgd", 'A text needs quotes: "sgd".'),
        ("rate", "name it learning_rate and add `as: learning-rate`"),
        ("qqq", "The parameters are optimizer, learning-rate."),
    ],
)
def test_an_unknown_name_comes_with_what_was_meant(name, remedy):
    parameters = [Categorical("optimizer", ("adam", "sgd")), Float("learning-rate", 0, 1)]
    (problem,) = mistakes(parameters, [f"{name} == 1"])
    assert problem.message == f"there is no parameter {name}"
    assert remedy in problem.remedy


def test_a_name_declared_twice():
    (problem,) = mistakes([Bool("a"), Int("a", 0, 1)])
    assert problem.path == ("parameters", "a")
    assert "twice" in problem.message


def test_one_cycle_check_covers_conditions_and_derived_values():
    (problem,) = mistakes(
        [
            Bool("free"),
            Bool("a", when=parse("c > 1 and free")),
            Int("b", 0, 1, when=parse("a")),
            Derived("c", parse("b + 1")),
        ]
    )
    assert problem.path == ("parameters", "a", "when")
    assert "a needs c needs b needs a" in problem.message


def test_every_cycle_is_named_once():
    problems = mistakes(
        [Derived("a", parse("a")), Derived("b", parse("c")), Derived("c", parse("b")), Derived("d", parse("b"))]
    )
    assert [problem.path for problem in problems] == [
        ("parameters", "a", "expression"),
        ("parameters", "b", "expression"),
    ]


def test_a_fine_step_written_in_decimals_is_not_too_wide():
    assert Space([Float("x", -1.0, -0.9, step=0.1)]).cardinality() == 2


def test_the_error_reads_as_a_list_of_problems():
    with pytest.raises(SpaceError, match=r"parameters\.x\.low: low \(1\) is above high \(0\)\. Exchange them\."):
        Space([Int("x", 1, 0)])
