"""The study as a value: round trips, defaults, what is accepted."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_examples import FULL, json_values, small, study_dicts

from hpotune.errors import Problem, StudyError
from hpotune.study import Study, load_study, load_text, outward_names


@given(study_dicts())
def test_to_dict_is_json_and_gives_an_equal_study(data: dict[str, Any]) -> None:
    study = Study.from_dict(data)
    written = json.loads(json.dumps(study.to_dict(), allow_nan=False))
    again = Study.from_dict(written)
    assert again == study
    assert again.to_dict() == study.to_dict()


@given(study_dicts())
def test_a_study_file_in_json_is_the_study_of_its_mapping(data: dict[str, Any]) -> None:
    from_text = load_text(json.dumps({"name": "x", **data}, ensure_ascii=False, indent=1), "x.yaml")
    assert from_text == Study.from_dict({"name": "x", **data})


def problems_of(load: Callable[[], Study]) -> tuple[Problem, ...]:
    """What is wrong with a study; anything but a StudyError goes on."""
    try:
        load()
    except StudyError as error:
        return error.problems
    return ()


_TOP_KEYS = ["command", "metric", "parameters", "limits", "name", "strategy", "enqueue", "budget", "gpus", "trial", "x"]
_PARAMETER_KEYS = [
    "type",
    "low",
    "high",
    "log",
    "step",
    "default",
    "grid",
    "choices",
    "value",
    "when",
    "as",
    "flag",
    "x",
]
_PARAMETER_VALUES = st.sampled_from(["float", "int", "ordinal", "bool", "derived", "a > 1", "(", 1, 2])


@given(st.dictionaries(st.sampled_from(_TOP_KEYS), json_values))
def test_whatever_stands_under_a_key_it_is_a_study_or_a_study_error(changes: dict[str, Any]) -> None:
    found = problems_of(lambda: Study.from_dict({**small(), **changes}))
    # A value that is sound alone may break another part: then that part is named.
    assert all(problem.message and problem.path for problem in found)


@given(st.dictionaries(st.sampled_from(_PARAMETER_KEYS), json_values | _PARAMETER_VALUES))
def test_whatever_a_parameter_says_it_is_one_or_a_study_error(parameter: dict[str, Any]) -> None:
    parameters = {"a": parameter, "b": {"type": "bool", "when": "a > 1"}}
    found = problems_of(lambda: Study.from_dict(small(parameters=parameters)))
    assert all(problem.path[:1] == ("parameters",) for problem in found)


@settings(max_examples=60)
@given(st.integers(0, len(FULL)), st.integers(0, 8), st.text(st.sampled_from(":-{}[],&*!'\"#\n\t xe1"), max_size=3))
def test_a_damaged_file_is_a_study_or_a_study_error_with_places(at: int, cut: int, put: str) -> None:
    text = FULL[:at] + put + FULL[at + cut :]
    found = problems_of(lambda: load_text(text, "s.yaml"))
    lines = [problem.line or 0 for problem in found]
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)
    assert lines == sorted(lines)
    assert all(str(problem).startswith("s.yaml:") for problem in found)


def test_a_value_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    (problem,) = problems_of(lambda: Study.from_dict(small(parameters={"x": {"type": "constant", "value": endless}})))
    assert "nested" in problem.message


def test_every_default_is_written_out() -> None:
    assert Study.from_dict(small()).to_dict() == {
        "name": "study",
        "command": ["python", "train.py"],
        "metric": {
            "name": "score",
            "goal": "maximize",
            "use": "last",
            "target": None,
            "source": "auto",
            "pattern": None,
        },
        "parameters": {
            "x": {"as": None, "when": None, "type": "float", "low": 0.0, "high": 1.0, "log": False}
            | {"step": None, "default": None, "grid": None}
        },
        "constraints": [],
        "strategy": {"name": "random", "searcher": None, "scheduler": None},
        "budget": None,
        "limits": {"trials": 10, "time": None, "budget": None, "failures": None, "same_failures": 3},
        "workers": None,
        "seed": None,
        "trial": {"timeout": None, "stall_timeout": None, "grace": 10.0, "retries": 0, "memory_limit": None}
        | {"checkpoints": "auto", "cwd": "study", "env": {}},
        "gpus": None,
        "enqueue": [],
        "private": False,
    }


def test_the_full_study() -> None:
    study = load_text(FULL, "/somewhere/study.yaml")
    assert study.folder == Path("/somewhere")
    assert study.text == FULL
    assert study.limits.time == 7200
    assert study.strategy.options == {"eta": 3}
    assert study.budget is not None
    assert isinstance(study.budget.max, int)
    assert study.space.names == tuple(study.parameters)
    assert study.trial.env == {"OMP_NUM_THREADS": "1"}


def test_where_a_study_came_from_does_not_count() -> None:
    study = load_text(FULL, "a.yaml")
    assert study == Study.from_dict(study.to_dict()) == pickle.loads(pickle.dumps(study)) == copy.deepcopy(study)
    assert study != study.replace(workers=5)
    assert Study.from_dict(small()).source is None


def test_replace_checks_anew_and_keeps_the_place() -> None:
    study = load_text(FULL, "a.yaml")
    assert study.replace(workers=9, limits={"trials": 3}).limits.trials == 3
    assert study.replace(limits=study.limits) == study
    assert study.replace(workers=9).source == study.source
    with pytest.raises(StudyError, match="workers: must be at least 1"):
        study.replace(workers=0)


def test_numbers_keep_their_kind() -> None:
    study = Study.from_dict(small(limits={"trials": 1e3}, budget={"name": "e", "min": 0.5, "max": 4}, seed=7.0))
    assert (study.limits.trials, type(study.limits.trials)) == (1000, int)
    assert (type(study.seed), study.budget and study.budget.max) == (int, 4)


def test_environment_values_become_text() -> None:
    study = Study.from_dict(small(trial={"env": {"A": 1, "B": True, "C": 0.5, "D": "no"}}))
    assert study.trial.env == {"A": "1", "B": "true", "C": "0.5", "D": "no"}


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        ("python 'my train.py' --x=${lr}", ("python", "my train.py", "--x=${lr}")),
        (["python", "my train.py", 3], ("python", "my train.py", "3")),
        (["sh", "-c", "echo loss=1 | cat", ""], ("sh", "-c", "echo loss=1 | cat", "")),
    ],
)
def test_commands(command: object, argv: tuple[str, ...]) -> None:
    assert Study.from_dict(small(command=command)).command == argv


def test_null_is_a_default_only_where_it_is_a_choice() -> None:
    def default(**changes: Any) -> Any:
        model = {"type": "categorical", "choices": ["a"], **changes}
        return Study.from_dict(small(parameters={"x": model})).space.default()

    assert default() is None
    assert default(default=None) is None
    assert default(default=None, choices=["a", None]) == {"x": None}


def test_a_default_outside_its_range_is_none_in_the_space() -> None:
    model = {"type": "float", "low": 0, "high": 1, "default": 2}
    assert Study.from_dict(small(parameters={"x": model})).space.default() is None


def test_names_to_the_outside() -> None:
    parameters = {"x": {"type": "bool", "as": "use-x", "flag": True}, "y": {"type": "bool"}}
    found = outward_names(Study.from_dict(small(parameters=parameters)))
    assert [(each.name, each.spelling, each.flag) for each in found] == [("x", "use-x", True), ("y", "y", False)]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("digits/study.yaml", "digits"),
        ("digits/mlp.yaml", "mlp"),
        ("my studies/Study.yml", "my-studies"),
        ("/study.yaml", "study"),
    ],
)
def test_the_name_comes_from_the_file_or_its_folder(file: str, name: str) -> None:
    assert load_text(json.dumps(small()), file).name == name


def test_an_empty_section_counts_as_left_out(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(json.dumps(small()).removesuffix("}") + ',"constraints": , "trial": , "gpus": }')
    assert load_study(path).constraints == ()


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert load_study(path) == load_text(FULL, path)
