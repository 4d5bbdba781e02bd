"""The JSON Schema agrees with what a study accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from study_examples import FULL, small, study_dicts

from hpotune.errors import StudyError
from hpotune.study import Study, json_schema, load_text
from hpotune.study.yaml12 import read_value

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
STUDIES = sorted((Path(__file__).parents[2] / "studies").glob("**/*.yaml"))


def test_it_is_a_schema_of_its_draft() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@given(study_dicts())
def test_every_study_is_valid_before_and_after_its_defaults(data: dict[str, Any]) -> None:
    VALIDATOR.validate(data)
    VALIDATOR.validate(Study.from_dict(data).to_dict())


@pytest.mark.parametrize("text", [FULL, *(path.read_text() for path in STUDIES)])
def test_study_files_are_valid(text: str) -> None:
    VALIDATOR.validate(read_value(text))


def test_the_example_of_the_documentation_is_a_study() -> None:
    page = (Path(__file__).parents[2] / "docs" / "editor.md").read_text()
    text = page.split("```yaml\n")[1].split("```")[0]
    assert load_text(text, "study.yaml").name == "digits"
    VALIDATOR.validate(read_value(text))


@pytest.mark.parametrize(
    "changes",
    [
        {"sed": 1},
        {"command": []},
        {"metric": "loss"},
        {"metric": {"name": "loss"}},
        {"metric": {"name": "loss", "goal": "min"}},
        {"parameters": {}},
        {"parameters": {"2x": {"type": "bool"}}},
        {"parameters": {"x": {"type": "flot", "low": 0, "high": 1}}},
        {"parameters": {"x": {"type": "float", "low": "0", "high": 1}}},
        {"parameters": {"x": {"type": "float", "low": 0}}},
        {"parameters": {"x": {"type": "int", "low": 0.5, "high": 3}}},
        {"parameters": {"x": {"type": "ordinal", "choices": []}}},
        {"constraints": "x > 1"},
        {"limits": {"trials": 0}},
        {"limits": {"time": "2hh"}},
        {"budget": {"name": "epochs"}},
        {"workers": 0},
        {"seed": -1},
        {"trial": {"timout": 3}},
        {"trial": {"env": {"A": []}}},
        {"gpus": {"devices": "all"}},
        {"enqueue": [3]},
    ],
)
def test_what_it_refuses_a_study_refuses_too(changes: dict[str, Any]) -> None:
    data = small(**changes)
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(StudyError):
        Study.from_dict(data)


def test_every_key_is_described() -> None:
    schema = json_schema()
    tables = {"study": schema, **schema["$defs"]}
    missing = [
        f"{table}.{key}"
        for table, definition in tables.items()
        for key, value in definition["properties"].items()
        if "description" not in value and "const" not in value
    ]
    assert missing == []


def test_known_strategies_are_offered() -> None:
    schema = json_schema(["grid", "random"])
    assert {"enum": ["grid", "random"]} in schema["properties"]["strategy"]["anyOf"]
    assert not jsonschema.Draft202012Validator(schema).is_valid(small(strategy="gird"))
