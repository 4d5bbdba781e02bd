"""`--require`: read before the run, judged after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hpotune
from hpotune.cli.require import check_require, outcome, parse_require
from hpotune.errors import OutcomeError, UsageError

STUDY = {
    "command": ["true"],
    "metric": {"name": "acc", "goal": "maximize"},
    "parameters": {"x": {"type": "float", "low": 0, "high": 1}},
    "limits": {"trials": 4},
    "seed": 0,
}


def _history(*values: float | None):
    tuner = hpotune.Tuner(hpotune.Study.from_dict(STUDY))
    for value in values:
        tuner.tell(tuner.ask(), value)
    return tuner.history


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=4), st.floats(-10, 10))
def test_the_best_value_is_compared_with_the_metrics_own_sign(values: list[float], bound: float) -> None:
    history = _history(*values)
    for name in ("best", "acc"):
        expression = parse_require(f"{name} >= {bound!r}", "acc")
        if max(values) >= bound:
            check_require(expression, history)
        else:
            with pytest.raises(OutcomeError):
                check_require(expression, history)


def test_the_numbers_are_the_histories_own() -> None:
    history = _history(0.5, None, 0.75)
    assert outcome(history) == {"best": 0.75, "trials": 3, "completed": 2, "failed": 1}
    check_require(parse_require("trials == 3 and completed == 2 and failed == 1"), history)


def test_what_is_not_met_is_told_with_the_numbers() -> None:
    with pytest.raises(OutcomeError) as caught:
        check_require(parse_require("best >= 0.9"), _history(0.5, None))
    assert "best >= 0.9" in caught.value.message
    assert "best is 0.5" in caught.value.remedy
    assert "failed is 1" in caught.value.remedy


@pytest.mark.parametrize("text", ["best < 9", "acc < 9", "best > 9"])
def test_without_a_value_nothing_about_it_is_met(text: str) -> None:
    with pytest.raises(OutcomeError, match="no trial has a value"):
        check_require(parse_require(text, "acc"), _history(None))
    check_require(parse_require("failed == 1"), _history(None))


@pytest.mark.parametrize("text", ["best >=", "best >= 0.9 and", "open('x')", "", "best = 1"])
def test_what_is_no_expression_is_bad_usage(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_require(text)
    assert "--require" in caught.value.message
    assert caught.value.exit_code == 2


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(UsageError) as caught:
        parse_require("beste > 1", "acc")
    assert "did you mean best?" in caught.value.remedy


@pytest.mark.parametrize("text", ["best", "best + 1", "best / 0 > 1", "best > 'high'"])
def test_what_has_no_truth_value_is_bad_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--require"):
        check_require(parse_require(text), _history(0.5))
