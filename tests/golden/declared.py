"""The studies of the golden runs are changes of this small one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from golden.place import Place

Json = dict[str, Any]
Tale = tuple[Json, Callable[[Place], None]]

X: Json = {"x": {"type": "float", "low": 0.0, "high": 1.0}, "kind": {"type": "categorical", "choices": ["a", "b c"]}}
KINDS: Json = {
    "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True, "default": 1e-3, "grid": 2},
    "hidden": {"type": "int", "low": 8, "high": 64, "log": True, "default": 16, "grid": 2},
    "dropout": {"type": "float", "low": 0.0, "high": 0.5, "step": 0.25, "default": 0.25},
    "layers": {"type": "int", "low": 1, "high": 7, "step": 2, "default": 3, "grid": 2},
    "batch": {"type": "ordinal", "choices": [16, 32, 64], "default": 32},
    "optimizer": {"type": "categorical", "choices": ["adam", "sgd", None], "default": "adam"},
    "momentum": {"type": "float", "low": 0.5, "high": 0.99, "default": 0.9, "grid": 2, "when": 'optimizer == "sgd"'},
    "nesterov": {"type": "bool", "default": False, "when": "momentum > 0.6"},
    "augment": {"type": "bool", "default": True},
    "loaders": {"type": "constant", "value": {"train": 2, "test": [1, None]}},
    "optim.eps": {"type": "float", "low": 1e-9, "high": 1e-3, "log": True, "default": 1e-8, "as": "epsilon"},
    "peak": {"type": "derived", "expression": "lr * batch / 32"},
}
CONSTRAINT = "hidden * batch <= 1024"
# A grid has points enough along these.
SPACES = {"grid": {name: KINDS[name] for name in ("hidden", "batch", "optimizer", "momentum", "lr", "peak", "loaders")}}
ASHA: Json = {"name": "asha", "eta": 2}
EPOCHS: Json = {"name": "epochs", "min": 1, "max": 4}


def study(mode: str, **changes: Any) -> Json:
    """A small study whose trial does what `mode` says; None leaves a key out."""
    data: Json = {
        "command": ["python3", "-S", "train.py", mode],
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": X,
        "strategy": "random",
        "limits": {"trials": 5},
        "seed": 3,
        **changes,
    }
    data["trial"] = {"grace": "2s", **data.get("trial", {})}
    return {key: value for key, value in data.items() if value is not None}


def just_run(place: Place) -> None:
    place.run()


def run_with(code: int) -> Callable[[Place], None]:
    """Run it, which ends with a code."""
    return lambda place: place.run(code=code)
