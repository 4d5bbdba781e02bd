"""Studies for the tests of the study file: a full one as text, and strategies that make others."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

FULL = """\
name: digits-mlp
command: [python, train.py]
metric: {name: val_accuracy, goal: maximize, use: last, target: 0.99}
parameters:
  lr:        {type: float, low: 1e-5, high: 1e-1, log: true, default: 1e-3}
  hidden:    {type: int, low: 64, high: 512, log: true}
  dropout:   {type: float, low: 0.1, high: 0.5, step: 0.05}
  batch:     {type: ordinal, choices: [16, 32, 64, 128]}
  optimizer: {type: categorical, choices: [adam, adamw, sgd]}
  momentum:  {type: float, low: 0.5, high: 0.99, when: optimizer == "sgd"}
  nesterov:  {type: bool, when: optimizer == "sgd"}
  loaders:   {type: constant, value: 2}
  peak_lr:   {type: derived, expression: lr * batch / 32}
constraints: ["hidden * batch <= 32768"]
strategy: {name: bohb, eta: 3}
budget: {name: epochs, min: 1, max: 81}
limits: {trials: 100, time: 2h, budget: 2000, failures: 10}
workers: 4
seed: 7
trial: {timeout: 30m, stall_timeout: 5m, grace: 10s, retries: 1, cwd: study, env: {OMP_NUM_THREADS: "1"}}
gpus: {devices: auto, per_trial: 1}
enqueue: [{lr: 1e-3, hidden: 128}]
"""

SMALL: dict[str, Any] = {
    "command": ["python", "train.py"],
    "metric": {"name": "score", "goal": "maximize"},
    "parameters": {"x": {"type": "float", "low": 0, "high": 1}},
    "limits": {"trials": 10},
}


def small(**changes: Any) -> dict[str, Any]:
    """The smallest study with some of its keys changed; None leaves a key out."""
    return {key: value for key, value in {**SMALL, **changes}.items() if value is not None}


_text = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\ufeff\xad"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def _ranges(draw: st.DrawFn) -> dict[str, Any]:
    whole = draw(st.booleans())
    low = draw(st.integers(1, 50)) if whole else draw(st.floats(0.001, 50))
    high = low + (draw(st.integers(1, 50)) if whole else draw(st.floats(0.001, 50)))
    model: dict[str, Any] = {"type": "int" if whole else "float", "low": low, "high": high, "log": draw(st.booleans())}
    if draw(st.booleans()):
        model["default"] = draw(st.sampled_from([low, high, high + 1]))
    if draw(st.booleans()):
        model["grid"] = draw(st.integers(1, 5))
    return model


@st.composite
def _choices(draw: st.DrawFn) -> dict[str, Any]:
    values = draw(st.lists(st.none() | st.booleans() | _text, min_size=1, max_size=4, unique_by=repr))
    model: dict[str, Any] = {"type": draw(st.sampled_from(["ordinal", "categorical"])), "choices": values}
    if draw(st.booleans()):
        model["default"] = draw(st.sampled_from(values))
    return model


_bools = st.fixed_dictionaries({"type": st.just("bool")}, optional={"default": st.booleans(), "flag": st.booleans()})
_constants = st.fixed_dictionaries({"type": st.just("constant"), "value": json_values})
_durations = st.sampled_from([0.5, 90, "90s", "1h30m", "500ms", "2d"])


@st.composite
def study_dicts(draw: st.DrawFn) -> dict[str, Any]:
    """Valid studies as mappings of a study file's shape."""
    names = draw(st.lists(st.sampled_from(["a", "b.c", "_d", "e-f", "G1"]), min_size=1, max_size=4, unique=True))
    parameters = {name: draw(_ranges() | _choices() | _bools | _constants) for name in names}
    if draw(st.booleans()):
        parameters["on"] = {"type": "bool", "as": "switch"}
        parameters["under"] = {"type": "float", "low": 0, "high": 1, "when": "on"}
        parameters["sum"] = {"type": "derived", "expression": "under + 1"}
    optional = {
        "name": st.sampled_from(["a study", "x-1"]),
        "constraints": st.just(["1 < 2"]),
        "strategy": st.sampled_from(["grid", {"name": "bohb", "eta": 3}, {"searcher": "gp", "scheduler": "asha"}]),
        "budget": st.sampled_from([{"name": "epochs", "max": 81}, {"name": "s", "min": 0.5, "max": 2.0, "first": 1}]),
        "workers": st.integers(1, 8),
        "seed": st.integers(0, 2**63 - 1),
        "trial": st.fixed_dictionaries(
            {}, optional={"timeout": _durations, "env": st.just({"A": 1, "B": True, "C": "x"}), "cwd": st.just("trial")}
        ),
        "gpus": st.sampled_from([{"devices": [0, 1], "per_trial": 2}, {"per_trial": 0.5}, {"devices": ["GPU-1"]}]),
    }
    required = {
        "command": st.sampled_from(["python 'my train.py' ${args}", ["python", "train.py", 3]]),
        "metric": st.sampled_from(
            [{"name": "loss", "goal": "minimize"}, {"name": "v", "goal": "maximize", "target": 1}]
        ),
        "parameters": st.just(parameters),
        "limits": st.fixed_dictionaries({"trials": st.integers(1, 9)}, optional={"time": _durations}),
    }
    return draw(st.fixed_dictionaries(required, optional=optional))
