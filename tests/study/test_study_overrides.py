"""`--set key.path=value`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_examples import FULL

from hpotune.errors import Problem, StudyError
from hpotune.study import Study, load_text


def load(*overrides: str, text: str = FULL) -> Study:
    return load_text(text, "study.yaml", overrides=overrides)


def problems(*overrides: str) -> tuple[Problem, ...]:
    with pytest.raises(StudyError) as caught:
        load(*overrides)
    return caught.value.problems


@given(st.integers(1, 10**6), st.floats(0.2, 1e6))
def test_a_value_that_is_set_is_the_value_of_the_study(trials: int, high: float) -> None:
    study = load(f"limits.trials={trials}", f"parameters.lr.high={high!r}")
    assert study.limits.trials == trials
    assert study.to_dict()["parameters"]["lr"]["high"] == high


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("strategy=grid", ("strategy", "name"), "grid"),
        ("strategy.eta=4", ("strategy", "eta"), 4),
        ("limits.time=90s", ("limits", "time"), 90.0),
        ("seed=null", ("seed",), None),
        ("workers =  8", ("workers",), 8),
        ("parameters.batch.choices=[1, 2]", ("parameters", "batch", "choices"), [1, 2]),
        ("parameters.new={type: bool}", ("parameters", "new", "type"), "bool"),
        ("trial.env.A=1", ("trial", "env", "A"), "1"),
        ("trial.env.A=x=y", ("trial", "env", "A"), "x=y"),
        ("constraints[0]=lr < 1", ("constraints", 0), "lr < 1"),
        ("enqueue.0.hidden=64", ("enqueue", 0, "hidden"), 64),
        ("command=python other.py", ("command",), ["python", "other.py"]),
        ("metric.pattern='x (\\d)'", ("metric", "pattern"), "x (\\d)"),
    ],
)
def test_paths_and_values(override: str, path: tuple[str | int, ...], value: Any) -> None:
    found: Any = load(override).to_dict()
    for step in path:
        found = found[step]
    assert found == value


def test_a_name_with_dots_is_one_step() -> None:
    text = FULL.replace("  loaders:", "  optim.lr:")
    assert load("parameters.optim.lr.value=3", text=text).to_dict()["parameters"]["optim.lr"]["value"] == 3


def test_a_bare_strategy_takes_options_too() -> None:
    text = FULL.replace("strategy: {name: bohb, eta: 3}", "strategy: bohb")
    assert load("strategy.eta=4", text=text).strategy.options == {"eta": 4}


def test_the_last_of_two_counts() -> None:
    assert load("seed=1", "seed=2").seed == 2


@pytest.mark.parametrize(
    ("override", "words", "remedy", "at"),
    [
        ("limits.trials=abc", "expected a whole number, found the string 'abc'", "", "abc"),
        ("limits.trails=3", "unknown key 'trails'", "did you mean 'trials'?", "trails"),
        ("limit.trials=3", "unknown key 'limit'", "did you mean 'limits'?", "limit.trials"),
        ("parameters.lrr.high=3", "unknown parameter 'lrr'", "did you mean 'lr'?", "lrr"),
        ("parameters.lr.high=1e-9", "low (1e-05) is above high (1e-09)", "", None),
        ("seed.x=3", "nothing below seed", "", "x"),
        ("enqueue.4.lr=3", "no element '4'", "", "4"),
        ("constraints[0]=hiden > 1", "no parameter hiden", "hidden", "hiden"),
        ("nonsense", "is not key=value", "limits.trials=200", "nonsense"),
        ("=3", "is not key=value", "", "=3"),
        ("seed=[1", "not closed", "", "[1"),
    ],
)
def test_a_mistake_is_shown_in_the_option(override: str, words: str, remedy: str, at: str | None) -> None:
    (problem,) = problems(override)
    assert words in problem.message
    assert remedy in problem.remedy.lower()
    if at is not None:
        assert problem.source_line == f"--set {override}"
        assert problem.source_line[(problem.column or 0) - 1 :].startswith(at)


def test_all_wrong_options_at_once() -> None:
    assert len(problems("nonsense", "seed=[1", "parameters.lrr.low=1")) == 3
    assert len(problems("workers=0", "seed=-1", "limits.trials=x")) == 3


def test_the_file_has_its_lines_still() -> None:
    with pytest.raises(StudyError) as caught:
        load("workers=3", text=FULL.replace("seed: 7", "seed: x"))
    (problem,) = caught.value.problems
    assert problem.line == 19
