"""The golden runs: a study for each, and what happens to it.

A new release adds tales at the end and makes a folder of its own with `scripts/make_golden`; folders that exist are
never made again.
"""

from __future__ import annotations

from typing import Any

from golden.declared import ASHA, CONSTRAINT, EPOCHS, KINDS, SPACES, Json, Tale, just_run, run_with, study
from golden.fates import people
from golden.place import Place

# Every strategy, with one worker and with four.

SCHEDULED: dict[str, tuple[Any, Json]] = {
    "successive_halving": ({"name": "successive_halving", "eta": 2}, {"trials": 8}),
    "hyperband": ({"name": "hyperband", "eta": 2}, {"trials": 12}),
    "asha_promote": ({"name": "asha", "eta": 2, "mode": "promote"}, {"trials": 9}),
    "asha_stop": ({"name": "asha", "eta": 2, "mode": "stop"}, {"trials": 9}),
    "bohb": ({"name": "bohb", "eta": 2, "initial": 3}, {"trials": 12}),
    "mobster": ({"name": "mobster", "eta": 2, "initial": 3}, {"trials": 8}),
    "sobol_with_hyperband": ({"searcher": "sobol", "scheduler": "hyperband", "eta": 2}, {"trials": 12}),
    "median_stop": ({"name": "random", "stop": {"rule": "median", "after": 1}}, {"trials": 9}),
}
FULL: dict[str, Any] = {
    "grid": "grid",
    "random": "random",
    "sobol": "sobol",
    "bo": {"name": "bo", "initial": 4},
    "tpe": {"name": "tpe", "initial": 4},
}


def strategies() -> dict[str, Tale]:
    """Each strategy with one worker and with four."""
    tales: dict[str, Tale] = {}
    for workers in (1, 4):
        for name, strategy in FULL.items():
            data = study("once", strategy=strategy, parameters=SPACES.get(name, KINDS), limits={"trials": 12})
            tales[f"{name}-{workers}"] = ({**data, "workers": workers, "constraints": [CONSTRAINT]}, just_run)
        for name, (strategy, limits) in SCHEDULED.items():
            mode = "stubborn" if name == "asha_stop" else "curve"
            data = study(mode, strategy=strategy, budget=EPOCHS, limits=limits or None, workers=workers)
            tales[f"{name}-{workers}"] = (data, just_run)
    return tales


# What a trial can do.


def launch(place: Place) -> None:
    """A program that is there for some trials alone."""
    program = place.folder / "first.sh"
    program.write_text("#!/bin/sh\necho loss=0.5\n")
    program.chmod(0o755)
    place.run()


def trials() -> dict[str, Tale]:
    """What a trial can do, its failures first."""
    programs = {"program": {"type": "categorical", "choices": ["first", "second"]}}
    return {
        "failures": (
            study("failures", limits={"trials": 9}, trial={"timeout": "4s", "stall_timeout": "2s"}, workers=2), just_run
        ),
        "launch": (study("", command=["./${program}.sh"], parameters=programs, strategy="grid", limits=None), launch),
        "retries": (study("flaky", trial={"retries": 1}, budget=EPOCHS), just_run),
        "failure_limit": (study("always", limits={"trials": 9, "failures": 3}), run_with(1)),
        "nan": (study("nan", budget={**EPOCHS, "min": 2}, strategy=ASHA, limits={"trials": 6}), just_run),
        "messy": (study("messy", budget=EPOCHS, limits={"trials": 2}), just_run),
        "flood": (study("flood", budget={"name": "epochs", "min": 1, "max": 1200}, limits={"trials": 2}), just_run),
        "zero_based": (
            study("zero_based", budget=EPOCHS, strategy=ASHA, limits={"trials": 4}), just_run
        ),
        "started_over": (
            study("scratch", budget=EPOCHS, strategy=ASHA, limits={"trials": 4}), just_run
        ),
        "no_resume": (
            study(
                "curve", budget={**EPOCHS, "resume": False}, strategy={"name": "hyperband", "eta": 2, "brackets": 1},
                limits=None,
            ),
            just_run,
        ),
        "checkpoints": (
            study(
                "curve", budget=EPOCHS, strategy=ASHA, limits={"trials": 8},
                trial={"checkpoints": 0},
            ),
            just_run,
        ),
        "fractions": (
            study(
                "fractions", budget={"name": "data", "min": 0.125, "max": 0.5}, limits={"trials": 6}, seed=None,
                strategy=ASHA,
            ),
            just_run,
        ),
        "without_budgets": (study("once", budget=EPOCHS, limits={"trials": 3}), just_run),
        "file": (
            study("to_file", metric={"name": "loss", "goal": "maximize", "use": "best", "source": "file"}), just_run
        ),
        "gpus": (
            study("once", gpus={"devices": ["0", "1"], "per_trial": 0.5}, trial={"env": {"SEEDS": "1"}}), just_run
        ),
        "größe 研究": (
            study(
                "words",
                metric={"name": "损失", "goal": "minimize", "pattern": r"损失 ist ([\d.e-]+)"},
                parameters={"art": {"type": "categorical", "choices": ["größe", "🎉", 'a "b"\n\\ c', "", "<b>&amp;"]}},
                limits={"trials": 4},
            ),
            just_run,
        ),
    }  # fmt: skip


def causes() -> dict[str, Tale]:
    """What is done about failures, and what is not written down."""
    broken = 'test "$CUDA_VISIBLE_DEVICES" = 0 && echo loss=0.5'
    return {
        "alike": (study("always", limits={"trials": 9}, workers=2), run_with(1)),
        "alike_retried": (study("always", limits={"trials": 4, "same_failures": 2}), alike_retried),
        "retried_after_a_while": (
            study("flaky", trial={"retries": {"max": 1, "on": ["exit"], "delay": 0.2}}, budget=EPOCHS), just_run
        ),
        "set_aside": (
            study(
                "", command=["sh", "-c", broken], limits={"trials": 24}, gpus={"devices": ["0", "1"]},
            ),
            just_run,
        ),
        "missing": (study("", command=["python3", "-S", "no_such_file.py"], limits={"trials": 2}), run_with(1)),
        "secrets": (study("once", private=True, trial={"env": {"API_KEY": "not to be seen", "SEEDS": "1"}}), just_run),
    }  # fmt: skip


def alike_retried(place: Place) -> None:
    """Ended as all failed alike, and resumed twice: without a change, and with the failed tried again."""
    place.run(code=1)
    place.resume(code=1)
    place.resume("--retry-failed", "all", code=1)


def tales() -> dict[str, Tale]:
    """Every golden run: its name, its study, and what happens to it."""
    return {**strategies(), **trials(), **people(), **causes()}
