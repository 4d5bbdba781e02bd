"""What may change while a run goes on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from study_examples import FULL, study_dicts

from hpotune.study import Study, compare, load_text

FULL_STUDY = load_text(FULL, "study.yaml")


def changed(**changes: Any) -> Study:
    return Study.from_dict({**FULL_STUDY.to_dict(), **changes})


def part(key: str, **changes: Any) -> dict[str, Any]:
    return {**FULL_STUDY.to_dict()[key], **changes}


@given(study_dicts())
def test_nothing_has_changed_between_equal_studies(data: dict[str, Any]) -> None:
    study = Study.from_dict(data)
    assert not compare(study, Study.from_dict(study.to_dict()))


@given(study_dicts(), study_dicts())
def test_a_comparison_is_empty_only_for_equal_studies(left: dict[str, Any], right: dict[str, Any]) -> None:
    old, new = Study.from_dict(left), Study.from_dict({"seed": left.get("seed"), **right})
    found = compare(old, new)
    seeded = Study.from_dict({**new.to_dict(), "seed": new.seed if new.seed is not None else old.seed})
    assert bool(found) == (old != seeded)
    # Turning round turns the values round; what is appended one way is taken away the other way.
    back = compare(new, old)
    pairs = {(each.path, repr(each.new), repr(each.old)) for each in (*back.allowed, *back.warned, *back.refused)}
    if new.seed is not None and old.seed is not None:
        assert {
            (each.path, repr(each.old), repr(each.new)) for each in (*found.allowed, *found.warned, *found.refused)
        } == pairs


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"limits": part("limits", trials=200)}, "limits.trials"),
        ({"limits": part("limits", time=None)}, "limits.time"),
        ({"workers": 9}, "workers"),
        ({"trial": part("trial", env={"A": "1"})}, "trial.env.A"),
        ({"trial": part("trial", timeout="3h")}, "trial.timeout"),
        ({"gpus": None}, "gpus"),
        ({"metric": part("metric", target=0.5)}, "metric.target"),
        ({"name": "other"}, "name"),
        ({"enqueue": [*FULL_STUDY.enqueue, {"lr": 0.01}]}, "enqueue"),
    ],
)
def test_free_changes(changes: dict[str, Any], path: str) -> None:
    found = compare(FULL_STUDY, changed(**changes))
    assert path in [change.path for change in found.allowed]
    assert not found.warned
    assert not found.refused


def test_another_command_is_warned_of() -> None:
    found = compare(FULL_STUDY, changed(command=["other"]))
    assert [(each.path, each.old, each.new) for each in found.warned] == [
        ("command", ["python", "train.py"], ["other"])
    ]
    assert not found.refused


@pytest.mark.parametrize(
    ("changes", "path", "old", "new"),
    [
        ({"metric": part("metric", goal="minimize")}, "metric.goal", "maximize", "minimize"),
        ({"metric": part("metric", use="best")}, "metric.use", "last", "best"),
        ({"seed": 8}, "seed", 7, 8),
        ({"strategy": "random"}, "strategy.name", "bohb", "random"),
        ({"strategy": {"name": "bohb", "eta": 4}}, "strategy.eta", 3, 4),
        ({"budget": part("budget", max=27)}, "budget.max", 81, 27),
        ({"constraints": []}, "constraints", ["hidden * batch <= 32768"], []),
        ({"enqueue": []}, "enqueue", [{"lr": 1e-3, "hidden": 128}], []),
        ({"parameters": part("parameters", lr={"type": "float", "low": 1e-5, "high": 1, "log": True, "default": 1e-3})},
         "parameters.lr.high", 0.1, 1.0),
        ({"parameters": part("parameters", loaders={"type": "constant", "value": True})},
         "parameters.loaders.value", 2, True),
        ({"parameters": part("parameters", new={"type": "bool"})}, "parameters.new", None,
         {"as": None, "when": None, "type": "bool", "default": None, "flag": False}),
    ],
)  # fmt: skip
def test_what_would_change_the_meaning_is_refused(changes: dict[str, Any], path: str, old: Any, new: Any) -> None:
    found = compare(FULL_STUDY, changed(**changes))
    assert (path, old, new) in [(change.path, change.old, change.new) for change in found.refused]


def test_one_and_true_are_not_the_same_value() -> None:
    def study(value: object) -> Study:
        return changed(parameters=part("parameters", loaders={"type": "constant", "value": value}))

    assert compare(study(1), study(True)).refused
    assert compare(study(1), study(1.0)).refused


def test_the_order_of_parameters_counts() -> None:
    names = list(FULL_STUDY.parameters)
    turned = {name: FULL_STUDY.to_dict()["parameters"][name] for name in [*names[1:], names[0]]}
    assert [change.path for change in compare(FULL_STUDY, changed(parameters=turned)).refused] == [
        "parameters (their order)"
    ]


def test_a_seed_left_out_is_the_one_that_was_drawn() -> None:
    assert not compare(FULL_STUDY, changed(seed=None))
