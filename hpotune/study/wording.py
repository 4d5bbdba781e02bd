"""What pydantic found wrong, in the words of a study file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from hpotune.study.fields import described
from hpotune.study.parameters import MODELS
from hpotune.study.sections import SECTIONS
from hpotune.study.source import Path
from hpotune.study.suggest import did_you_mean, listed
from hpotune.study.trial_settings import Retries

# What other tools call their distributions.
_FOREIGN_TYPES = {
    **dict.fromkeys(("uniform", "number", "real", "double", "quniform", "q_uniform"), "write `type: float`"),
    **dict.fromkeys(("loguniform", "log_uniform", "log_uniform_values"), "write `type: float` with `log: true`"),
    **dict.fromkeys(("integer", "randint", "int_uniform", "range"), "write `type: int`"),
    **dict.fromkeys(("choice", "choices", "category", "enum", "str", "string"), "write `type: categorical`"),
    **dict.fromkeys(("flag", "boolean"), "write `type: bool`"),
    **dict.fromkeys(("fixed", "const", "value"), "write `type: constant`"),
}
_MISSING = {
    ("command",): "say how a trial is started: `command: [python, train.py]`",
    ("metric",): "say what is optimised: `metric: {name: val_loss, goal: minimize}`",
    ("parameters",): "say what is tuned: `parameters: {lr: {type: float, low: 1e-5, high: 1e-1, log: true}}`",
    ("metric", "name"): "write the name that the script prints, such as `name: val_loss`",
    ("metric", "goal"): "write `goal: maximize` or `goal: minimize`",
    ("budget", "name"): "say what is counted: `name: epochs`",
    ("budget", "max"): "say what a whole training costs: `max: 81`",
}
_MAPPINGS = {
    "metric": "write `metric: {name: val_loss, goal: minimize}`",
    "parameters": "write `lr: {type: float, low: 0, high: 1}`, one for each parameter",
    "limits": "write `limits: {trials: 100}`",
    "budget": "write `budget: {name: epochs, min: 1, max: 81}`",
    "trial": "write `trial: {timeout: 30m}`",
    "gpus": "write `gpus: {devices: auto, per_trial: 1}`",
    "enqueue": "write `enqueue: [{lr: 1e-3}]`",
}
_BOUNDS = {
    "greater_than": ("gt", "must be above"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be below"),
    "less_than_equal": ("le", "must be at most"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, at a path of the study. `key`: the key is meant; `offset`: where in the scalar's text."""

    path: Path
    message: str
    remedy: str = ""
    key: bool = False
    offset: int | None = None
    unknown: bool = False  # the key at the path does not belong there at all


def translate(error: ErrorDetails, data: Mapping[str, Any], top: Sequence[str]) -> Finding:
    """One error of pydantic. `data` is what was validated, `top` the keys at the top of a study."""
    kind, path, value = error["type"], _path(error["loc"]), error["input"]
    context: dict[str, Any] = error.get("ctx", {})
    if kind == "study":
        key = error["loc"][-1:] == ("[key]",)
        at = () if context["at"] is None else (context["at"],)
        return Finding((*path, *at), context["message"], context["remedy"], key, context["offset"], unknown=key)
    if kind == "missing":
        return _missing(path, data)
    if kind == "extra_forbidden":
        return _unknown_key(path, data, top)
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        words = f"expected a mapping, found {described(value)}"
        return Finding(path, words, _MAPPINGS.get(str(path[0]) if path else "", ""))
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return _type(path, value)
    if kind == "bool_type":
        remedy = "write true or false" + ("; yes, no, on and off are texts in YAML 1.2" * isinstance(value, str))
        return Finding(path, f"expected true or false, found {described(value)}", remedy)
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'|(\d+)", context["expected"])
        values = [word or number for word, number in known]
        remedy = did_you_mean(value, values) if isinstance(value, str) else ""
        return Finding(path, f"expected {listed(values)}, found {described(value)}", remedy)
    if kind in _BOUNDS:
        name, words_for = _BOUNDS[kind]
        return Finding(path, f"{words_for} {context[name]:g}, found {described(value)}")
    return Finding(path, f"{error['msg'][:1].lower()}{error['msg'][1:]}, found {described(value)}")


def _path(loc: Sequence[str | int]) -> Path:
    """pydantic's place without what it adds: a parameter's type, and `[key]` where a key is meant."""
    parts = list(loc)
    if parts[-1:] == ["[key]"]:
        parts.pop()
    if len(parts) > 2 and parts[0] == "parameters" and parts[2] in MODELS:
        del parts[2]
    return tuple(parts)


def _missing(path: Path, data: Mapping[str, Any]) -> Finding:
    *parent, key = path
    remedy = _MISSING.get((str(path[0]), *map(str, path[1:])), f"add `{key}: ...`")
    there: Any = data
    for part in parent:
        there = there[part]
    state = "has no value" if key in there else "is missing"
    return Finding(path, f"the key {key!r} {state}", remedy, key=True)


def _unknown_key(path: Path, data: Mapping[str, Any], top: Sequence[str]) -> Finding:
    key = str(path[-1])
    message, remedy = f"unknown key {key!r}", ""
    if len(path) == 1:
        home = next((name for name, section in SECTIONS.items() if key in section.known_keys()), None)
        remedy = f"write it under {home!r}: `{home}: {{{key}: ...}}`" if home else did_you_mean(key, top)
        if not home and isinstance(data.get("parameters"), Mapping) and key in data["parameters"]:
            remedy = f"did you mean 'parameters.{key}'?"
        known = top
    elif path[0] == "parameters":
        kind = str(data["parameters"][path[1]]["type"])
        known = MODELS[kind].known_keys()
        owners = [name for name, model in MODELS.items() if key in model.known_keys()]
        if owners:
            message, remedy = f"a parameter of type {kind} has no {key!r}", f"{key!r} goes with {listed(owners, 'and')}"
    else:
        known = (Retries if path[:2] == ("trial", "retries") else SECTIONS[str(path[0])]).known_keys()
    remedy = remedy or did_you_mean(key, known) or f"known here: {', '.join(known)}"
    return Finding(path, message, remedy, key=True, unknown=True)


def _type(path: Path, value: Any) -> Finding:
    kinds = ", ".join(MODELS)
    given = value.get("type") if isinstance(value, Mapping) else None
    if given is None:
        return Finding((*path, "type"), "the key 'type' is missing", _guess(value) or f"write one of {kinds}", key=True)
    if not isinstance(given, str):
        return Finding((*path, "type"), f"expected a type, found {described(given)}", f"write one of {kinds}")
    remedy = _FOREIGN_TYPES.get(given.casefold()) or did_you_mean(given, MODELS) or f"write one of {kinds}"
    return Finding((*path, "type"), f"unknown type {given!r}", remedy)


def _guess(value: Any) -> str:
    """The type that a parameter's other keys speak for."""
    if not isinstance(value, Mapping):
        return ""
    if "choices" in value:
        return "write `type: categorical`, or `type: ordinal` if the order means something"
    if "low" in value or "high" in value:
        ends = [value.get("low"), value.get("high")]
        return "write `type: int`" if all(isinstance(end, int) for end in ends) else "write `type: float`"
    if "expression" in value:
        return "write `type: derived`"
    return "write `type: constant`" if "value" in value else ""
