"""Durations."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.study import DurationError, format_duration, parse_duration


@given(st.integers(0, 10**12))
def test_formatting_is_exact_to_the_millisecond(milliseconds: int) -> None:
    assert math.isclose(parse_duration(format_duration(milliseconds / 1000)), milliseconds / 1000, rel_tol=1e-12)


@given(st.floats(0, 1e9))
def test_a_plain_number_is_seconds(seconds: float) -> None:
    assert parse_duration(seconds) == parse_duration(repr(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("1H 5s", 3605),
    ],
)
def test_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "2hh", "h", "1m1h", "-5s", "5 minutes", "nan", "inf", "1e999", "1:30"])
def test_anything_else_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(DurationError) as caught:
        parse_duration(text)
    assert "1h30m" in caught.value.remedy


def test_shortest_form() -> None:
    assert [format_duration(each) for each in (0, 0.25, 59, 60, 5400, 90_061)] == [
        *("0s", "250ms", "59s", "1m", "1h30m", "1d1h1m1s")
    ]
