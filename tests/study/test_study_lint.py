"""The warnings of `validate`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from study_examples import FULL, small, study_dicts

from hpotune.errors import Problem, dotted
from hpotune.study import Study, lint, load_text


def warnings(**changes: Any) -> list[Problem]:
    return lint(Study.from_dict(small(**changes)))


def parameter_warnings(name: str = "x", /, **model: Any) -> list[str]:
    return [
        warning.message
        for warning in warnings(parameters={name: model, "other": {"type": "float", "low": 0, "high": 1}})
    ]


def test_a_sound_study_has_none() -> None:
    assert lint(load_text(FULL, "study.yaml")) == []
    assert warnings() == []


@settings(max_examples=50)
@given(study_dicts())
def test_warnings_never_raise_and_have_a_place(data: dict[str, Any]) -> None:
    assert all(warning.path and warning.message for warning in lint(Study.from_dict(data)))


def test_a_range_of_many_decades_without_log() -> None:
    assert "decades" in parameter_warnings(type="float", low=1e-3, high=1)[0]
    assert "decades" in parameter_warnings(type="int", low=1, high=1000)[0]
    assert parameter_warnings(type="float", low=1e-3, high=1, log=True) == []
    assert parameter_warnings(type="float", low=1e-2, high=1) == []
    assert "decades" in parameter_warnings("learning_rate", type="float", low=1e-2, high=1)[0]
    assert "sampled evenly from 0" in parameter_warnings("optim.weight_decay", type="float", low=0, high=1)[0]
    # A name that merely holds such letters is not one.
    assert parameter_warnings("color", type="float", low=0, high=1) == []


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"type": "categorical", "choices": [16, 32, 64]}, "all choices are numbers"),
        ({"type": "ordinal", "choices": [16, 64, 32]}, "not in order"),
        ({"type": "categorical", "choices": ["a"]}, "only one choice"),
        ({"type": "float", "low": 1, "high": 1}, "low and high are the same"),
        ({"type": "float", "low": 0.1, "high": 0.48, "step": 0.05}, "the last step is 0.45"),
        ({"type": "float", "low": 0, "high": 1, "default": 2}, "the default is ignored: 2.0 is above"),
        ({"type": "categorical", "choices": ["a", "b"], "default": "c"}, "the default is ignored"),
        ({"type": "float", "low": 0.1, "high": 0.5, "step": 0.1, "default": 0.25}, "the default is ignored"),
        ({"type": "bool", "when": "other > 2"}, "it never holds"),
        ({"type": "bool", "when": "other <= 1"}, "it always holds"),
    ],
)
def test_parameters(model: dict[str, Any], words: str) -> None:
    (message,) = parameter_warnings(**model)
    assert words in message


@pytest.mark.parametrize(
    "model",
    [
        {"type": "categorical", "choices": ["a", 1, 2]},
        {"type": "ordinal", "choices": [3, 2, 1]},
        {"type": "ordinal", "choices": ["s", "m", "l"]},
        {"type": "float", "low": 0.1, "high": 0.5, "step": 0.05, "default": 0.45},
        {"type": "bool", "when": "other > 0.5"},
    ],
)
def test_parameters_without_doubts(model: dict[str, Any]) -> None:
    assert parameter_warnings(**model) == []


@pytest.mark.parametrize(
    ("constraints", "paths", "words"),
    [
        (["x < 0.05"], ["constraints[0]"], "% of 2,000 samples"),
        (["x < 2"], ["constraints[0]"], "it holds in all"),
        (["x < 0.5"], [], ""),
        (["x < 0.54", "x > 0.46"], ["constraints"], "together they reject"),
        (["log(0 * x) < 1"], ["constraints[0]"], "rejects all"),
    ],
)
def test_constraints(constraints: list[str], paths: list[str], words: str) -> None:
    found = warnings(constraints=constraints)
    assert [dotted(warning.path) for warning in found] == paths
    assert all(words in warning.message for warning in found)


def test_a_constraint_without_a_value_says_why() -> None:
    (warning,) = warnings(constraints=["1 / (0 * x) > 1"])
    assert "division by zero" in warning.remedy


def test_a_constraint_on_inactive_parameters_is_satisfied() -> None:
    parameters = {
        "on": {"type": "categorical", "choices": ["a", "b"]},
        "x": {"type": "float", "low": 0, "high": 1, "when": 'on == "a"'},
    }
    assert warnings(parameters=parameters, constraints=["x < 0.2"]) == []


def test_a_grid_larger_than_the_limit() -> None:
    parameters = {"x": {"type": "float", "low": 0, "high": 1, "grid": 11}}
    (warning,) = warnings(parameters=parameters, strategy="grid")
    assert "the grid has 11 points, and only the first 10" in warning.message
    assert warnings(parameters=parameters, strategy="grid", limits={"trials": 11}) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("python train.py > log.txt", "'>'"),
        ("python train.py >log.txt", "'>log.txt'"),
        ("python train.py 2>&1", "'2>&1'"),
        ("python a.py && python b.py", "'&&'"),
        ("python train.py $HOME", "'$HOME'"),
        ("python train.py --data=$DATA/x", "variable"),
        ("python train.py data/*.csv", "file pattern"),
        ("cd src; python train.py", "';'"),
        ("python train.py ~/data", "'~'"),
        ("FOO=1 python train.py", "FOO=..."),
        (["python", "a.py", "|", "tee", "log"], "'|'"),
    ],
)
def test_what_only_a_shell_understands(command: object, words: str) -> None:
    (warning,) = warnings(command=command)
    assert words in warning.message


@pytest.mark.parametrize(
    "command",
    [
        ["bash", "-c", "python train.py > log; ls *"],
        ["python", "-c", "print('loss=1'); x = 3 * 4"],
        "python train.py --lr=${lr} ${args} $${HOME}",
        "python train.py --expr 'a > b'",
    ],
)
def test_commands_without_doubts(command: object) -> None:
    assert warnings(command=command) == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"metric": {"name": "val_loss", "goal": "maximize"}}, "metric.goal"),
        ({"metric": {"name": "test/accuracy", "goal": "minimize"}}, "metric.goal"),
        ({"trial": {"timeout": 60, "stall_timeout": 60}}, "trial.stall_timeout"),
        ({"trial": {"timeout": "2h"}, "limits": {"time": "1h"}}, "trial.timeout"),
        ({"trial": {"env": {"HPOTUNE_SEED": "1"}}}, "trial.env.HPOTUNE_SEED"),
        ({"workers": 11}, "workers"),
        ({"enqueue": [{"x": 0.5}] * 11}, "limits.trials"),
        ({"parameters": {"x": {"type": "bool"}}}, "limits.trials"),
        ({"parameters": {"x": {"type": "constant", "value": 1}}, "limits": {"trials": 1}}, "parameters"),
    ],
)
def test_the_rest(changes: dict[str, Any], path: str) -> None:
    assert [dotted(warning.path) for warning in warnings(**changes)] == [path]


def test_each_warning_has_its_line() -> None:
    text = FULL.replace("log: true, default: 1e-3", "default: 3").replace('"sgd"', '"sdg"', 1)
    found = lint(load_text(text, "study.yaml"))
    assert [(warning.line, dotted(warning.path)) for warning in found] == [
        (5, "parameters.lr"),
        (5, "parameters.lr.default"),
        (10, "parameters.momentum.when"),
    ]
