"""`run`, `resume` and `report` when all is well, with each of their options."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from e2e_program import Program

TWO_WAYS = {
    "x": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.5},
    "kind": {"type": "categorical", "choices": ["a", "b c"]},
}


@pytest.mark.parametrize("strategy", ["grid", "random", "sobol", "bo", "tpe"])
def test_a_study_runs_and_has_nothing_left(program: Program, strategy: str) -> None:
    program.study(strategy=strategy, parameters=TWO_WAYS, limits=None if strategy == "grid" else {"trials": 4})
    done = program.call("run", "study.yaml")
    trials = 6 if strategy == "grid" else 4
    assert done.out.startswith("best: loss 0.0")
    assert f"{trials} completed" in done.err
    assert program.history().states["completed"] == trials
    assert len({json.dumps(trial.config) for trial in program.history().trials}) == trials
    before = program.run().journal.read_bytes()
    again = program.call("resume")
    assert "nothing is left to do" in again.err
    assert again.out == done.out
    assert program.run().journal.read_bytes() == before
    replay = program.call("replay", "--json").json
    assert replay["same"] == replay["decisions"] > 0


def test_reports_come_in_every_format(program: Program) -> None:
    program.study()
    program.call("run", "study.yaml", "--quiet")
    best = min(event["value"] for event in program.events("reported"))
    assert json.loads(program.call("report", "--json").out)["best"]["value"] == best
    rows = list(csv.DictReader(io.StringIO(program.call("report", "runs/toy", "--format", "csv").out)))
    assert [row["state"] for row in rows] == ["completed"] * 4
    assert program.call("report", "study.yaml", "-f", "markdown").out.count("|") > 8
    assert "HPOTUNE_PARAM_X" in program.call("best", "runs/toy", "--format", "env").out


def test_two_runs_with_one_seed_are_the_same(program: Program) -> None:
    program.study()
    program.call("run", "study.yaml")
    program.call("run", "study.yaml", "--name", "other")
    kept = []
    for name in ("toy", "other"):
        lines = program.events(name=name)
        for line in lines:
            line.pop("crc")
            line.pop("measured", None)
        lines[0]["study"]["name"] = ""
        lines[0]["hashes"].pop("study")
        kept.append(lines)
    assert kept[0] == kept[1]


def test_json_carries_the_events_and_nothing_else(program: Program) -> None:
    program.study()
    done = program.call("run", "study.yaml", "--json")
    assert [line["n"] for line in done.lines] == [*range(len(done.lines))]
    assert [{**line, "crc": ""} for line in done.lines] == [{**line, "crc": ""} for line in program.events()]


def test_quiet_says_only_how_it_ended(program: Program) -> None:
    program.study()
    done = program.call("run", "study.yaml", "--quiet")
    assert "completed" not in done.err
    assert len(done.err.splitlines()) <= 2
    assert done.out.startswith("best: ")


def test_set_workers_seed_name_and_runs(program: Program) -> None:
    program.study()
    changes = ["--set", "limits.trials=2", "--set", "parameters.x.high=0.5", "--workers", "2", "--seed", "99"]
    program.call("run", "study.yaml", *changes, "--name", "tuned", "--runs", "elsewhere")
    folder = program.folder / "elsewhere" / "tuned"
    started = json.loads((folder / "journal.jsonl").read_text().split("\n")[0])
    assert started["study"]["limits"]["trials"] == 2
    assert started["study"]["parameters"]["x"]["high"] == 0.5
    assert started["study"]["workers"] == 2
    assert started["seed"] == 99
    assert not (program.folder / "runs").exists()
    assert "nothing is left" in program.call("resume", "tuned", "--runs", "elsewhere").err


def test_a_seed_that_is_left_out_is_drawn_and_said(program: Program) -> None:
    program.study(seed=None, limits={"trials": 1})
    done = program.call("run", "study.yaml")
    assert f"seed {program.history().seed}" in done.err
    program.call("resume", "study.yaml", "--set", "limits.trials=2")
    assert program.history().states["completed"] == 2


def test_a_second_run_offers_to_resume_and_fresh_keeps_the_first(program: Program) -> None:
    program.study()
    program.call("run", "study.yaml")
    before = program.run().journal.read_bytes()
    refused = program.call("run", "study.yaml", code=2)
    assert "hpotune resume study.yaml" in refused.err
    assert "--fresh" in refused.err
    assert program.run().journal.read_bytes() == before
    fresh = program.call("run", "study.yaml", "--fresh", "--seed", "4")
    assert "toy.1" in fresh.err
    assert program.run("toy.1").journal.read_bytes() == before
    assert program.history().seed == 4
    program.call("run", "study.yaml", "--fresh")
    assert program.history("toy.2").seed == 4
    assert "nothing is left" in program.call("resume", "runs/toy.1").err


def test_smoke_tries_defaults_and_bounds_in_a_run_that_is_thrown_away(program: Program) -> None:
    parameters = {"x": {"type": "float", "low": 0.0, "high": 1.0, "default": 0.25}}
    program.study(
        "import os\nprint('epochs=%s loss=%s' % (os.environ['HPOTUNE_BUDGET'], os.environ['HPOTUNE_PARAM_X']))",
        parameters=parameters,
        budget={"name": "epochs", "min": 2, "max": 50},
        limits={"trials": 1000},
    )
    done = program.call("run", "study.yaml", "--smoke", "--json")
    assert not (program.folder / "runs").exists()
    configurations = [line["config"]["x"] for line in done.lines if line["event"] == "trial_planned"]
    assert configurations[:3] == [0.25, pytest.approx(0.0), pytest.approx(1.0)]
    assert len(configurations) == 5
    assert {line["to"] for line in done.lines if line["event"] == "job_planned"} == {2}


def test_smoke_of_a_broken_script_ends_at_its_first_failure(program: Program) -> None:
    program.study("import sys\nsys.exit('no data')")
    done = program.call("run", "study.yaml", "--smoke", code=1)
    assert "no data" in done.err
    assert done.err.count("exit code 1") >= 1


def test_require(program: Program) -> None:
    program.study()
    for bad in ("best >=", "bst >= 1", "best + 1"):
        program.call("run", "study.yaml", "--require", bad, "--name", "bad", code=2)
        if bad != "best + 1":  # whether it is true or false is known only in the end
            assert not program.run("bad").path.exists()
    program.call("run", "study.yaml", "--require", "best <= 0.5 and failed == 0 and trials == 4")
    unmet = program.call("resume", "--require", "loss < 0", "runs/toy", code=1)
    assert "not met" in unmet.err
    assert "best is" in unmet.err
    program.call("report", "runs/toy", "--require", "completed > 4", code=1)
    program.call("report", "runs/toy", "--require", "completed == 4")


def test_a_study_without_a_completed_trial_is_not_acceptable(program: Program) -> None:
    program.study("import sys\nsys.exit(7)", limits={"trials": 2})
    done = program.call("run", "study.yaml", code=1)
    assert "exit code 7" in done.err
    assert "no trial completed" in done.err
    assert program.history().finished == "trials"


def test_the_failure_limit_ends_a_study(program: Program) -> None:
    program.study("import sys\nsys.exit(7)", limits={"trials": 50, "failures": 3, "same_failures": 0})
    program.call("run", "study.yaml", code=1)
    assert program.history().finished == "failures"
    assert len(program.history().trials) == 3
    program.call("resume", code=1)
    assert len(program.history().trials) == 6


def test_the_target_ends_a_study(program: Program) -> None:
    program.study(limits={"trials": 200}, metric={"name": "loss", "goal": "minimize", "target": 0.1})
    program.call("run", "study.yaml")
    assert program.history().finished == "target"
    assert program.history().best.loss <= 0.1
    assert "nothing is left" in program.call("resume").err


def test_a_space_that_is_tried_through_ends_a_study(program: Program) -> None:
    program.study(parameters={"x": {"type": "ordinal", "choices": [0, 1, 2]}}, limits={"trials": 50})
    program.call("run", "study.yaml")
    assert sorted(trial.config["x"] for trial in program.history().trials) == [0, 1, 2]


def test_the_run_folder_is_as_it_is_documented(program: Program) -> None:
    study = program.study()
    program.call("run", "study.yaml")
    folder = program.run()
    assert folder.study_copy.read_text() == study.read_text()
    assert folder.log.read_text()
    config = json.loads((folder.trial(0) / "config.json").read_text())
    assert config == program.history().trials[0].config
    assert program.stdout(0).startswith("loss=")
    assert (folder.attempt(0, 0, 0) / "stderr.log").read_bytes() == b""
    leftovers = {path.name for path in folder.path.iterdir()}
    assert leftovers == {"journal.jsonl", "study.yaml", "tuner.log", "trials", "lock"}


def test_the_only_run_is_found_and_others_are_named(program: Program, tmp_path: Path) -> None:
    program.study(limits={"trials": 1})
    assert "there is no run" in program.call("resume", code=2).err
    program.call("run", "study.yaml")
    program.call("run", "study.yaml", "--name", "other")
    assert "other" in program.call("resume", code=2).err
    assert "other" in program.call("report", "runs/neither", code=2).err
    (tmp_path / "empty").mkdir()
    assert "is no run" in program.call("resume", "empty", code=2).err
