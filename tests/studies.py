"""Studies for tests: small ones by hand, and a hypothesis strategy that makes whole studies of every kind."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from hpotune.study import Study

PARAMETERS: dict[str, Any] = {
    "lr": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True, "grid": 3},
    "hidden": {"type": "int", "low": 8, "high": 64, "log": True, "grid": 3},
    "dropout": {"type": "float", "low": 0.0, "high": 0.5, "step": 0.25},
    "batch": {"type": "ordinal", "choices": [16, 32, 64]},
    "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]},
    "momentum": {"type": "float", "low": 0.5, "high": 0.99, "grid": 2, "when": 'optimizer == "sgd"'},
    "nesterov": {"type": "bool", "when": 'optimizer == "sgd"'},
    "width": {"type": "derived", "expression": "hidden * batch"},
    "loaders": {"type": "constant", "value": 2},
}


WITHOUT_BUDGET: list[Any] = ["random", "sobol", "grid", {"name": "bo", "initial": 2}, {"name": "tpe", "initial": 2}]
WITH_BUDGET: list[Any] = [
    {"name": "successive_halving", "eta": 2},
    {"name": "hyperband", "eta": 2},
    {"name": "hyperband", "brackets": 2},
    {"name": "asha", "eta": 2},
    {"name": "asha", "mode": "stop", "eta": 2},
    {"name": "bohb", "initial": 2},
    {"name": "mobster", "initial": 2},
    {"searcher": "grid", "scheduler": "asha"},
    {"name": "random", "stop": {"rule": "median"}},
]


def study(**changes: Any) -> Study:
    """A small valid study, with some of its keys changed; a value of None leaves a key out."""
    data: dict[str, Any] = {
        "name": "test",
        "command": ["true"],
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": PARAMETERS["lr"], "batch": PARAMETERS["batch"]},
        "strategy": "random",
        "limits": {"trials": 5},
        "seed": 7,
        **changes,
    }
    return Study.from_dict({key: value for key, value in data.items() if value is not None})


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """Whole studies: every strategy, conditional and constrained spaces, limits, retries, defaults, enqueued trials."""
    names = draw(st.lists(st.sampled_from(list(PARAMETERS)), min_size=1, max_size=6, unique=True))
    if {"momentum", "nesterov"} & set(names):
        names = ["optimizer", *(name for name in names if name != "optimizer")]
    if "width" in names:
        names = ["hidden", "batch", *(name for name in names if name not in ("hidden", "batch"))]
    parameters = {name: dict(PARAMETERS[name]) for name in names}
    if draw(st.booleans()) and "lr" in parameters:
        parameters["lr"]["default"] = 1e-3
    constraints = ["hidden * batch <= 1024"] if {"hidden", "batch"} <= set(names) and draw(st.booleans()) else []
    enqueue = [{"batch": 32}] if "batch" in names and draw(st.booleans()) else []
    goal = draw(st.sampled_from(["minimize", "maximize"]))
    limits: dict[str, Any] = {"trials": draw(st.integers(1, 12))}
    if draw(st.booleans()):
        limits["failures"] = draw(st.integers(1, 4))
    if draw(st.booleans()):
        limits["time"] = draw(st.integers(1, 30))
    metric: dict[str, Any] = {"name": "loss", "goal": goal, "use": draw(st.sampled_from(["last", "best"]))}
    if draw(st.booleans()):
        metric["target"] = draw(st.sampled_from([0.05, 0.5, 0.95]))
    budget: dict[str, Any] | None = None
    strategies = list(WITHOUT_BUDGET)
    if draw(st.booleans()):
        budget = {"name": "epochs", "max": draw(st.integers(1, 9)), "resume": draw(st.booleans())}
        strategies += WITH_BUDGET
        if draw(st.booleans()):
            limits["budget"] = draw(st.integers(1, 60))
    return study(
        metric=metric,
        parameters=parameters,
        constraints=constraints,
        strategy=draw(st.sampled_from(strategies)),
        limits=limits,
        workers=draw(st.integers(1, 4)),
        seed=draw(st.integers(0, 5)),
        budget=budget,
        enqueue=enqueue,
        trial={
            "checkpoints": draw(st.sampled_from(["auto", "all", 1])),
            "retries": draw(st.integers(0, 2)),
            "grace": 1,
            "timeout": draw(st.sampled_from([None, 4])),
            "stall_timeout": draw(st.sampled_from([None, 3])),
        },
    )
