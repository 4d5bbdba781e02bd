"""How trial and tuner talk, end to end: every way to give the metric, and all that a trial is given."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from e2e_program import GATED, Program, eventually

REPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "name=value": ("print('step 1 loss=0.5 lr=1e-3')", {}),
    "name: value": ("print('Epoch 1: loss: .5, time: 3s')", {}),
    "JSON": ('print(\'{"loss": 0.5, "lr": 1e-3}\')', {}),
    "stderr": ("import sys\nprint('INFO loss=0.5', file=sys.stderr)", {}),
    "stderr alone": ("import sys\nprint('loss=9')\nprint('loss=0.5', file=sys.stderr)", {"source": "stderr"}),
    "stdout alone": ("import sys\nprint('loss=0.5')\nprint('loss=9', file=sys.stderr)", {"source": "stdout"}),
    "the file": ("import os\nopen(os.environ['HPOTUNE_METRICS_FILE'], 'w').write('{\"loss\": 0.5}')", {}),
    "a pattern": ("print('final: the loss is 0.5 (nice)')", {"pattern": r"loss is ([\d.]+)"}),
    "another name beside it": ("print('val_loss=9 loss=0.5 loss_total=8')", {}),
    "the last of several": ("print('loss=0.1')\nprint('loss=0.5')", {}),
    "the best of several": ("print('loss=0.5')\nprint('loss=0.7')", {"use": "best"}),
}


@pytest.mark.parametrize("way", REPORTS)
def test_a_way_to_report(program: Program, way: str) -> None:
    script, metric = REPORTS[way]
    program.study(script, metric={"name": "loss", "goal": "minimize", **metric}, limits={"trials": 1})
    program.call("run", "study.yaml")
    assert program.history().best.loss == 0.5


def test_the_helper_in_a_python_script(program: Program) -> None:
    script = """
from hpotune import trial
config = trial.defaults(x=9.0, width=3)
for epoch in range(trial.previous_budget + 1, trial.budget + 1):
    trial.report(epoch=epoch, accuracy=config.x / epoch, width=config.width)
"""
    metric = {"name": "accuracy", "goal": "maximize", "use": "best"}
    program.study(
        script,
        command=[sys.executable, "train.py"],
        metric=metric,
        budget={"name": "epochs", "max": 3},
        limits={"trials": 2},
    )
    program.call("run", "study.yaml")
    for trial in program.history().trials:
        x = trial.config["x"]
        assert [*trial.jobs[0].reports()] == [(1, -x), (2, -x / 2), (3, -x / 3)]
        assert trial.loss == -x
    assert program.events("reported")[0]["also"] == {"width": 3}


def test_epochs_that_count_from_zero(program: Program) -> None:
    script = 'for epoch in range(4): print(\'{"epoch": %d, "loss": %d}\' % (epoch, 9 - epoch))'
    program.study(script, budget={"name": "epochs", "max": 4}, limits={"trials": 2})
    done = program.call("run", "study.yaml")
    assert [event["budget"] for event in program.events("reported")] == [1, 2, 3, 4] * 2
    assert done.err.count("counts epochs from 0") == 1
    assert program.history().best.budget == 4


def test_what_a_trial_finds_in_its_environment(program: Program) -> None:
    script = """
import json, os
names = [name for name in os.environ if name.startswith("HPOTUNE_") or name in ("FLAVOUR", "OUTER", "PYTHONUNBUFFERED")]
json.dump({name: os.environ[name] for name in names}, open("seen.json", "w"))
print("loss=1")
"""
    parameters = {
        "optim.lr": {"type": "constant", "value": 0.001},
        "deep": {"type": "constant", "value": {"a": [1, None]}},
        "on": {"type": "constant", "value": True},
        "odd": {"type": "categorical", "choices": ['it\'s a "quoted"\n two-line $HOME `value` é']},
    }
    program.study(
        script,
        parameters=parameters,
        limits={"trials": 1},
        budget={"name": "epochs", "max": 9},
        trial={"env": {"FLAVOUR": "a b", "N": 3}},
    )
    outer = {"OUTER": "kept", "HPOTUNE_TRIAL_ID": "77", "HPOTUNE_PARAM_STALE": "1"}
    program.call("run", "study.yaml", env=outer)
    seen = json.loads((program.folder / "seen.json").read_text())
    config = program.history().trials[0].config
    folder = program.run().path.resolve() / "trials" / "00000"
    assert json.loads(seen["HPOTUNE_CONFIG"]) == config
    assert json.loads(Path(seen["HPOTUNE_CONFIG_FILE"]).read_text()) == config
    expected = {
        "HPOTUNE_PARAM_OPTIM_LR": "0.001",
        "HPOTUNE_PARAM_ON": "true",
        "HPOTUNE_PARAM_ODD": parameters["odd"]["choices"][0],
        "HPOTUNE_STUDY": "toy",
        "HPOTUNE_TRIAL_ID": "0",
        "HPOTUNE_TRIAL_DIR": str(folder),
        "HPOTUNE_CHECKPOINT_DIR": str(folder / "checkpoint"),
        "HPOTUNE_METRICS_FILE": str(folder / "jobs" / "0-0" / "metrics.jsonl"),
        "HPOTUNE_BUDGET": "9",
        "HPOTUNE_PREVIOUS_BUDGET": "0",
        "PYTHONUNBUFFERED": "1",
        "FLAVOUR": "a b",
        "OUTER": "kept",
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert json.loads(seen["HPOTUNE_PARAM_DEEP"]) == {"a": [1, None]}
    assert "HPOTUNE_PARAM_STALE" not in seen
    assert int(seen["HPOTUNE_SEED"]) >= 0


def test_arguments_arrive_as_they_are(program: Program) -> None:
    odd = 'it\'s a "quoted"\n two-line $HOME `value` *; é'
    script = "import json, sys\njson.dump(sys.argv[1:], open('seen.json', 'w'))\nprint('loss=1')"
    program.study(
        script,
        command=[sys.executable, "-S", "train.py", "--text=${text}", "a b", "$${x}", "", "${args}", "--only=${only}"],
        parameters={
            "text": {"type": "constant", "value": odd},
            "on": {"type": "constant", "value": True},
            "way": {"type": "categorical", "choices": ["plain"]},
            "only": {"type": "int", "low": 1, "high": 2, "when": 'way == "other"'},
        },
        limits={"trials": 1},
    )
    program.call("run", "study.yaml")
    seen = json.loads((program.folder / "seen.json").read_text())
    assert seen[:4] == [f"--text={odd}", "a b", "${x}", ""]
    assert f"--text={odd}" in seen[4:]
    assert "--way=plain" in seen
    assert "--on=true" in seen
    assert not [word for word in seen if "only" in word]


def test_a_command_in_one_text_and_a_trial_in_its_own_folder(program: Program) -> None:
    script = program.script("import os, sys\nopen('mark', 'w').close()\nprint('loss=' + sys.argv[1])")
    program.study(
        None,
        command=f"{sys.executable} -S '{script}' ${{x}}",
        limits={"trials": 2},
        trial={"cwd": "trial"},
    )
    program.call("run", "study.yaml")
    assert (program.run().trial(0) / "mark").exists()
    assert (program.run().trial(1) / "mark").exists()
    assert program.history().trials[0].loss == program.history().trials[0].config["x"]


def test_two_trials_see_two_devices(program: Program) -> None:
    look = (
        "from os import environ as e\nopen('device-' + e['HPOTUNE_TRIAL_ID'], 'w').write(e['CUDA_VISIBLE_DEVICES'])\n"
    )
    program.study(look + GATED, gpus={"per_trial": 1})
    tuner = program.start("run", "study.yaml", env={"CUDA_VISIBLE_DEVICES": "4,7"})
    program.await_trial(0, 1)
    assert {(program.folder / f"device-{number}").read_text() for number in range(2)} == {"4", "7"}
    assert len(program.trial_processes()) == 2
    program.go()
    tuner.end(0)
    assert {(program.folder / f"device-{number}").read_text() for number in range(4)} == {"4", "7"}
    assert {tuple(event["slots"]) for event in program.events("job_started")} == {("4",), ("7",)}


def test_shared_devices_and_too_many_workers(program: Program) -> None:
    devices = {"CUDA_VISIBLE_DEVICES": "3"}
    program.study("import os\nprint('loss=' + os.environ['CUDA_VISIBLE_DEVICES'])", gpus={"per_trial": 0.5}, workers=2)
    program.call("run", "study.yaml", env=devices)
    assert program.history().best.loss == 3
    refused = program.call("run", "study.yaml", "--workers", "3", "--name", "more", code=4, env=devices)
    assert "room for 2" in refused.err
    none = program.call("run", "study.yaml", "--name", "none", code=4, env={"CUDA_VISIBLE_DEVICES": ""})
    assert "GPU" in none.err
    assert not program.run("none").path.exists()


def test_conditions_and_derived_values_reach_the_trial(program: Program) -> None:
    script = """
import json, os
config = json.loads(os.environ["HPOTUNE_CONFIG"])
assert ("momentum" in config) == (config["optimizer"] == "sgd") == ("HPOTUNE_PARAM_MOMENTUM" in os.environ)
assert config["peak"] == config["lr"] * 10
print("loss=%r" % config["lr"])
"""
    program.study(
        script,
        parameters={
            "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True},
            "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]},
            "momentum": {"type": "float", "low": 0.5, "high": 0.9, "when": 'optimizer == "sgd"'},
            "peak": {"type": "derived", "expression": "lr * 10"},
        },
        limits={"trials": 8},
        workers=2,
    )
    program.call("run", "study.yaml")
    assert program.history().states["completed"] == 8


def test_progress_is_seen_while_a_trial_runs(program: Program) -> None:
    program.study("print('loss=0.5')\n" + GATED, limits={"trials": 1})
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    eventually(lambda: program.events("reported"))
    running = program.call("status", "runs/toy", "--json").json["running"]
    assert [(each["trial"], each["value"]) for each in running] == [(0, 0.5)]
    assert "loss=0.5" in program.call("logs", "runs/toy", "0").out
    program.go()
    tuner.end(0)
