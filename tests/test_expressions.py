"""The expression language: it agrees with Python where it has a value, and is bounded everywhere."""

from __future__ import annotations

import math
import pickle
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.expressions import WORDS, Expression, ExpressionError, ExpressionSyntaxError, parse

VALUES = {"a": 3, "b": 0.5, "optim.lr": 1e-3, "lambda": 7, "s": "sgd", "yes": True, "n": None, "l": [1, 2]}


def value(source, values=VALUES):
    return parse(source).evaluate(values)


def refusal(source) -> ExpressionSyntaxError:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse(source)
    return caught.value


numbers = st.integers(-20, 20).map(str) | st.floats(-20, 20).map(repr) | st.sampled_from(["x", "y", "z"])
sums = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, st.sampled_from(["<", "<=", "==", "!=", ">"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        inner.map(lambda e: f"(not {e})"),
        inner.map(lambda e: f"(-{e})"),
        inner.map(lambda e: f"abs({e})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda es: f"max({', '.join(es)})"),
        st.tuples(inner, st.lists(inner, max_size=3)).map(lambda t: f"({t[0]} in [{', '.join(t[1])}])"),
    ),
    max_leaves=12,
)


@given(sums)
@settings(max_examples=100)
def test_it_agrees_with_python(source):
    values = {"x": 2, "y": -1.5, "z": True}
    try:
        expected = eval(source, {"abs": abs, "max": max}, values)
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="division by zero"):
            value(source, values)
        return
    found = value(source, values)
    assert found == expected
    assert type(found) is type(expected)


@given(st.text(max_size=40) | st.text("ab.1()[]+-*/%<>=!&|,'\" \\\n\x00é:{}@lambdinotrfse_", max_size=60))
@settings(max_examples=100)
def test_any_text_is_read_or_refused_with_a_place(source):
    try:
        expression = parse(source)
    except ExpressionSyntaxError:
        error = refusal(source)
        assert 0 <= error.column <= len(source)
        assert error.message
        return
    with suppress(ExpressionError):
        expression.evaluate(dict.fromkeys(expression.names, 1))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("optim.lr * 2", 2e-3),
        ("lambda > 6", True),
        ("log + 1", 2),
        ("log(log)", 0),
        ("1 < a < 5 > 4", True),
        ("1 < a < 2", False),
        ('s in ["adam", "sgd"]', True),
        ("s not in ('adam', 'sgd')", False),
        ('"g" in s', True),
        ("2 in l", True),
        ("yes and not false", True),
        ("n == null and n == None", True),
        ("a if yes else b", 3),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("7 // 2 + 7 % 2", 4),
        ("\n  a\n  + 1 ", 4),
        ("min(a, b, 1) + max(l)", 2.5),
        ("[round(2.5), round(3.14159, 2)]", [2, 3.14]),
        ("floor(b) + ceil(b)", 1),
        ("sqrt(exp(log(16)))", pytest.approx(4)),
        ("log(8, 2)", 3),
        ('"a" + s', "asgd"),
        (r"'it\'s' + " + r'"\\ \""', "it's\\ \""),
        ("[a, (1, 2)]", [3, [1, 2]]),
        ("'größe' == 'größe'", True),
        ("yes or nothing_of_the_sort", True),
    ],
)
def test_values(source, expected):
    assert value(source, VALUES | {"log": 1}) == expected


def test_names_are_those_of_parameters_with_their_dots():
    assert parse("optim.lr > max(a, 1) and log < log(b) or 'c' == true").names == {"optim.lr", "a", "log", "b"}


def test_an_expression_is_a_value():
    first, second = parse("a + 1"), parse("a + 1")
    assert first == second
    assert hash(first) == hash(second)
    assert first != parse("a+1")
    twin = pickle.loads(pickle.dumps(first))
    assert twin == first
    assert twin.evaluate({"a": 1}) == 2
    with pytest.raises(AttributeError):
        first.source = "b"
    assert isinstance(first, Expression)


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("a = 1", 2, "Write ==."),
        ("a && b", 2, "Write and."),
        ("a & b", 2, "Write and."),
        ("a || b", 2, "Write or."),
        ("!a", 0, "Write not."),
        ("a AND b", 2, "Write and."),
        ("a is 1", 2, "Write ==."),
        ("a <> 1", 2, "Write !=."),
        ("a ^ 2", 2, "Write **."),
        ("a + ", 3, "ends too early"),
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("a b", 2, "cannot be read at b"),
        ("a + * b", 4, "cannot be read at *"),
        ("(a + 1", 0, "( is never closed"),
        ("a + 1)", 5, ") closes nothing"),
        ("(a]", 2, "] closes nothing"),
        ("a if b", 0, "if needs an else"),
        ("squrt(a)", 0, "Did you mean sqrt?"),
        ("open('x')", 0, "The functions are min"),
        ("a + round()", 4, "one or two arguments"),
        ("log(1, 2, 3)", 0, "one or two arguments"),
        ("l[0]", 0, "cannot be indexed"),
        ("(1)(2)", 0, "not part of the language"),
        ("max(*l)", 4, "not part of the language"),
        ("max(**l)", 0, "not part of the language"),
        ("lambda x: x", 8, "no meaning"),
        ("a := 1", 2, "no meaning"),
        ("{a}", 0, "no meaning"),
        ("f'{a}'", 1, "cannot be read"),
        ("[x for x in l]", 3, "cannot be read at for"),
        ("'abc", 0, "has no end"),
        ("1.2.3", 0, "number cannot be read"),
        ("2x", 0, "number cannot be read"),
        ("1e999", 0, "too large"),
        ("größe > 1", 2, "a text needs quotes"),
        ("a\x00", 1, "U+0000"),
        (r"'\d'", 1, "escape"),
        ("a.b. c", 3, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_column_and_a_remedy(source, column, words):
    error = refusal(source)
    assert error.column == column
    assert words in str(error)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5_000,
        "(" * 400 + "a" + ")" * 400,
        "-" * 900 + "a",
        "not " * 900 + "a",
        "+".join("a" * 400),
        "**".join("2" * 400),
        "[" * 100 + "]" * 100 + "[" * 200,
        " if a else ".join("a" * 300),
        "a" * 6_000,
        "max(" * 101 + "1" + ")" * 101,
    ],
    ids=lambda source: source[:12],
)
def test_excess_is_refused(source):
    assert refusal(source).message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("2 ** 100000", "too large"),
        ("(2 ** 1000) * (2 ** 1000)", "too large"),
        ("10.0 ** 400", "too large"),
        ("1e300 * 1e300", "too large"),
        ("exp(1000)", "too large"),
        ("(-8) ** 0.5", "not a real number"),
        ("log(0)", "log(0) is not defined"),
        ("sqrt(-1)", "sqrt(-1) is not defined"),
        ("log(3, 1)", "not defined"),
        ("min([])", "not defined"),
        ("round(1, 10 ** 9)", "at most"),
        ("s * 3", "* takes numbers, not a text and a number"),
        ("l + l", "+ takes numbers, not a list and a list"),
        ("s % 3", "% takes numbers"),
        ("-s", "- takes a number, not a text"),
        ("abs(n)", "abs takes numbers, not null"),
        ("s < 1", "< cannot compare a text with a number"),
        ("n > 1", "> cannot compare null with a number"),
        ("1 in s", "in cannot look for a number in a text"),
        ("missing + 1", "missing has no value here"),
        ("{} + big".format(" + ".join(["big"] * 5)), "longer than"),
    ],
)
def test_what_has_no_value_says_so(source, words):
    with pytest.raises(ExpressionError) as caught:
        value(source, VALUES | {"big": "x" * 5_000})
    assert words in caught.value.message


@given(
    st.sampled_from(["**", "*", "+", "-"]),
    st.lists(st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=4),
)
@settings(max_examples=100)
def test_every_number_is_finite_and_bounded(operator, operands):
    names = [f"v{i}" for i in range(len(operands))]
    try:
        result = value(f" {operator} ".join(names), dict(zip(names, operands, strict=True)))
    except ExpressionError:
        return
    assert math.isfinite(result)
    assert abs(result) < 2**1024


def test_the_words_of_the_language_are_no_names():
    for word in WORDS:
        try:
            assert word not in parse(f"{word}").names
        except ExpressionSyntaxError:
            assert word in {"and", "or", "not", "in", "if", "else"}
