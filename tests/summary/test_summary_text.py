from __future__ import annotations

import json

import pytest
from history_strategies import NASTY
from hypothesis import given
from hypothesis import strategies as st

from hpotune.summary import (
    budget_text,
    config_text,
    count_text,
    duration_text,
    first_line,
    number_text,
    printable,
    setting_text,
    value_text,
)


@given(NASTY)
def test_printable_text_prints_and_is_left_alone_if_it_did_already(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode()  # no half of a surrogate pair is left
    if text.isprintable():
        assert shown == text


@given(st.dictionaries(NASTY, st.one_of(NASTY, st.integers(), st.booleans(), st.lists(NASTY, max_size=2))))
def test_a_configuration_is_one_printable_line(config: dict[str, object]) -> None:
    assert config_text(config).isprintable()
    assert config_text(config, exact=True).isprintable()


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_a_number_is_shown_to_its_leading_digits(number: float) -> None:
    assert float(number_text(number)) == pytest.approx(number, rel=1e-4)
    assert float(number_text(-number)) == pytest.approx(-number, rel=1e-4)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_an_exact_setting_reads_back(number: float) -> None:
    assert float(setting_text(number, exact=True)) == number


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none()))
def test_a_setting_does_not_pass_for_another_kind(value: object) -> None:
    shown = setting_text(value, exact=True)
    try:
        read: object = json.loads(shown)
    except ValueError:
        read = shown  # a bare string
    if not isinstance(value, str) or value.isprintable():
        assert read == value
        assert type(read) is type(value)


@given(st.floats(0, 1e8), st.floats(0, 1e8))
def test_longer_durations_never_read_shorter(a: float, b: float) -> None:
    a, b = sorted((a, b))
    assert _seconds(duration_text(a)) <= _seconds(duration_text(b)) + 1e-9
    assert _seconds(duration_text(a)) == pytest.approx(a, rel=0.06, abs=0.06)


def _seconds(text: str) -> float:
    sizes = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    return sum(float(part[:-1]) * sizes[part[-1]] for part in text.split())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.42, "0.42s"), (14.2, "14.2s"), (59.97, "1m 00s"), (724, "12m 04s"), (7_400, "2h 03m"),
     (273_600, "3d 04h"), (None, "–"), (float("nan"), "–")],
)  # fmt: skip
def test_durations_as_people_write_them(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


def test_numbers_as_people_write_them() -> None:
    assert [number_text(x) for x in (0.931234, 1e-5, 250_000.0, 97.0, 12)] == ["0.93123", "1e-5", "250000", "97", "12"]
    assert value_text(0.9312, 0.00213) == "0.9312 ± 0.0021"
    assert value_text(None) == "–"
    assert budget_text(27.0, "epochs") == "27 epochs"
    assert [count_text(1, "trial"), count_text(1_204, "trial")] == ["1 trial", "1,204 trials"]
    assert config_text({"lr": 0.00123, "hidden": 128, "name": "a b", "flag": True}) == (
        'lr=0.00123 hidden=128 name="a b" flag=true'
    )


def test_the_first_line_is_the_first_that_says_something() -> None:
    assert first_line("\n  \n\tTraceback\x1b[0m\nmore") == "Traceback\\x1b[0m"
    assert first_line("") == ""
    assert len(first_line("x" * 1_000, 20)) == 20
