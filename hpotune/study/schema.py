"""The JSON Schema of a study file, from the same types that check it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpotune.study.model import Study
from hpotune.study.parameters import NAME

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(strategies: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a study file, its short forms included.

    Args:
        strategies: the names that an editor offers for `strategy`; any name is valid if there are none.
    """
    schema = Study.model_json_schema(by_alias=True)
    schema["required"] = [key for key in schema["required"] if key != "name"]
    properties = schema["properties"]
    bare: dict[str, Any] = {"type": "string", "minLength": 1}
    if strategies:
        bare = {"enum": list(strategies)}
        schema["$defs"]["Strategy"]["properties"]["name"] = {**bare, "description": "One of `hpotune strategies`."}
    properties["strategy"] = {
        "anyOf": [bare, {"$ref": "#/$defs/Strategy"}],
        "default": "random",
        "description": "How configurations are chosen: a name, or a mapping with its options.",
    }
    properties["parameters"] |= {"minProperties": 1, "propertyNames": {"pattern": f"^{NAME.pattern}$"}}
    for key, description in _DESCRIPTIONS.items():
        properties[key]["description"] = description
    _tidy(schema)
    return {"$schema": DIALECT, **schema, "title": "hpotune study", "description": "A study file of hpotune."}


_DESCRIPTIONS = {
    "metric": "What is optimised: {name: val_loss, goal: minimize}",
    "budget": "What training costs, for strategies that give trials part of it: {name: epochs, min: 1, max: 81}",
    "limits": "When the study ends; at least one of trials, time and budget, or a target: {trials: 100}",
    "trial": "How a trial's process is run: {timeout: 30m, retries: 1}",
    "gpus": "The GPUs that trials are placed on: {devices: auto, per_trial: 1}",
}


def _tidy(node: Any) -> None:
    """Drop what only code generators read."""
    if isinstance(node, dict):
        node.pop("discriminator", None)
        if isinstance(node.get("title"), str):
            del node["title"]
        for child in node.values():
            _tidy(child)
    elif isinstance(node, list):
        for child in node:
            _tidy(child)
