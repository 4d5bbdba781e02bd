"""A tuner to ask and tell, of a small study with some of its keys changed."""

from __future__ import annotations

from typing import Any

import hpotune

DECLARED: dict[str, Any] = {
    "command": ["python", "train.py"],
    "metric": {"name": "val_accuracy", "goal": "maximize"},
    "parameters": {
        "lr": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True},
        "hidden": {"type": "int", "low": 64, "high": 512},
    },
    "limits": {"trials": 6},
    "seed": 3,
}
LOSS = {"name": "loss", "goal": "minimize"}
BUDGET = {"name": "epochs", "min": 1, "max": 9}


def tuner(sink: Any = None, **changes: Any) -> hpotune.Tuner:
    data = {**DECLARED, **changes}
    return hpotune.Tuner(
        hpotune.Study.from_dict({key: value for key, value in data.items() if value is not None}), sink=sink
    )


def asked(tuner: hpotune.Tuner) -> hpotune.Job:
    job = tuner.ask()
    assert job is not None
    return job
