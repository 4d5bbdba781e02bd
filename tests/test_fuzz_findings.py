"""What the fuzzer (`scripts/fuzz`) found, each a test under its own name."""

from __future__ import annotations

import math

import pytest

from hpotune.errors import StudyError
from hpotune.expressions import ExpressionError, ExpressionSyntaxError, parse
from hpotune.expressions.operations import LARGEST
from hpotune.protocol import Found, MetricReader
from hpotune.study import load_text
from hpotune.study.yaml12 import read_yaml

STUDY = """\
command: [python, train.py]
metric: {{name: loss, goal: minimize}}
parameters: {{x: {{type: float, low: 0, high: 1}}, y: {{type: bool, when: {when}}}}}
limits: {{trials: {trials}}}
"""


def problem(text: str) -> str:
    """The words of the one problem of a text that is not YAML."""
    document = read_yaml(text, "study.yaml")
    (only,) = document.problems
    assert document.data is None
    assert only.line == 1
    return only.message


# Expressions


@pytest.mark.parametrize("digits", [309, 310, 400, 4301, 4990])
def test_a_number_of_many_digits_is_too_large_wherever_python_would_stop_to_read_it(digits: int) -> None:
    with pytest.raises(ExpressionSyntaxError, match="column 3: the number is too large"):
        parse("1+" + "9" * digits)


def test_leading_zeros_make_no_number_large() -> None:
    assert parse("0" * 4500 + "12").evaluate({}) == 12
    assert parse("0" * 4500).evaluate({}) == 0


def test_the_largest_whole_number_is_still_one() -> None:
    number = int(LARGEST)
    assert parse(str(number)).evaluate({}) == number


def test_a_study_with_a_number_of_many_digits_in_a_condition_says_where() -> None:
    with pytest.raises(StudyError, match=r"study.yaml:3:\d+: parameters.y.when: the number is too large"):
        load_text(STUDY.format(when="x > " + "9" * 400, trials=3), "study.yaml")


@pytest.mark.parametrize("source", ["{}(1)", "1 {}", "2 + {}"])
def test_a_long_name_is_cut_in_messages(source: str) -> None:
    with pytest.raises((ExpressionSyntaxError, ExpressionError)) as caught:
        parse(source.format("n" * 900)).evaluate({})
    assert len(str(caught.value)) < 300


# YAML


@pytest.mark.parametrize("digits", ["00110000", "7FFFFFFF", "FFFFFFFF"])
def test_an_escape_beyond_unicode_is_no_character(digits: str) -> None:
    assert problem(f'"\\U{digits}"') == f"in a text in double quotes: the escape \\U{digits} stands for no character"


@pytest.mark.parametrize("version", ["1." + "9" * 4400, "9" * 4400 + ".2"])
def test_a_yaml_version_of_many_digits_is_none(version: str) -> None:
    assert "the version is no number" in problem(f"%YAML {version}\n--- {{}}")


@pytest.mark.parametrize(("number", "value"), [("9" * 320, math.inf), ("-" + "9" * 320, -math.inf), ("12", 12.0)])
def test_a_whole_number_tagged_float_is_the_float_that_it_would_be_with_an_exponent(number: str, value: float) -> None:
    document = read_yaml(f"!!float {number}", "study.yaml")
    assert document.problems == ()
    assert type(document.data) is float
    assert document.data == value


def test_a_character_in_two_escapes_as_json_writes_it_is_one_character() -> None:
    document = read_yaml('{"\\ud83d\\ude00": "a\\uD83D\\uDE00b"}', "study.json")
    assert document.problems == ()
    assert document.data == {"\U0001f600": "a\U0001f600b"}


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udc80 \\ud83d"', '{"\\ude00": 1}', '["\\ude00\\ud83d"]'])
def test_half_a_character_is_none(text: str) -> None:
    document = read_yaml(text, "study.yaml")
    (only,) = document.problems
    assert only.message == "an escape in this text is half a character"
    assert (only.line, only.column) == (1, 1 + (text[0] != '"'))


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x07"])
@pytest.mark.parametrize(
    ("before", "place"), [("", (1, 1)), ("a: b", (1, 5)), ("a: b\r\n", (2, 1)), ("a:\n  b", (2, 4))]
)
def test_a_character_that_cannot_stand_in_yaml_has_its_place(
    character: str, before: str, place: tuple[int, int]
) -> None:
    (only,) = read_yaml(f"{before}{character}c: d", "study.yaml").problems
    assert only.message == f"the character U+{ord(character):04X} cannot stand in a YAML file"
    assert (only.line, only.column) == place


# Metrics


def test_a_count_of_many_digits_is_no_budget() -> None:
    reader = MetricReader("loss", ("epoch",))
    assert reader.read("epoch " + "9" * 400 + " loss=1") == Found(1.0, None, {})
    assert reader.read("epoch 7 loss=1") == Found(1.0, 7, {})
