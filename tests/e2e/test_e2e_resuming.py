"""`resume` when something has changed since: what may, what may not, and what is said about it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from e2e_program import PARABOLA, PYTHON, Program

X = {"type": "float", "low": 0.0, "high": 1.0}


@pytest.fixture
def finished(program: Program) -> Program:
    program.study()
    program.call("run", "study.yaml")
    return program


def edit(program: Program, **changes: Any) -> None:
    """Change keys of the study file; None takes one out."""
    data = {**yaml.safe_load(program.study_file.read_text()), **changes}
    lines = (f"{key}: {json.dumps(value)}" for key, value in data.items() if value is not None)
    program.study_file.write_text("\n".join(lines) + "\n")


def test_a_larger_limit_goes_on_as_if_it_had_been_so_from_the_start(finished: Program) -> None:
    done = finished.call("resume", "--set", "limits.trials=6")
    assert "4 trials done, 0 to run again, 2 left to plan" in done.err
    assert "limits.trials: 4 → 6" in done.err
    finished.call("run", "study.yaml", "--set", "limits.trials=6", "--name", "at-once")
    assert finished.outcome() == finished.outcome("at-once")
    # what was set stays, unless it is set again
    assert "nothing is left" in finished.call("resume", "runs/toy").err
    finished.call("resume", "study.yaml", "--set", "limits.trials=7")
    assert finished.history().states["completed"] == 7


def test_limits_workers_trial_target_and_enqueue_may_be_edited(finished: Program) -> None:
    edit(finished, limits={"trials": 6}, workers=2, trial={"grace": 1, "timeout": "1h", "env": {"A": "1"}})
    assert "2 left to plan" in finished.call("resume").err
    assert finished.history().workers == 2
    assert finished.history().study.trial.timeout == 3600
    edit(finished, limits={"trials": 8}, enqueue=[{"x": 0.3, "kind": "a"}])
    finished.call("resume", "runs/toy")
    enqueued = finished.history().trials[6]
    assert (enqueued.origin, enqueued.config) == ("enqueue", {"x": 0.3, "kind": "a"})
    edit(finished, limits={"trials": 50}, metric={"name": "loss", "goal": "minimize", "target": 0.2})
    finished.call("resume")
    assert finished.history().finished == "target"
    assert len(finished.history().trials) == 8


def test_workers_may_change_on_the_command_line(finished: Program) -> None:
    finished.call("resume", "--workers", "3", "--set", "limits.trials=9")
    assert finished.history().workers == 3
    assert finished.history().states["completed"] == 9


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"metric": {"name": "accuracy", "goal": "minimize"}}, ["metric.name", "'loss'", "'accuracy'"]),
    ({"metric": {"name": "loss", "goal": "maximize"}}, ["metric.goal", "'minimize'", "'maximize'"]),
    ({"parameters": {"x": {**X, "high": 2.0}}}, ["parameters.x.high", "1.0", "2.0", "parameters.kind"]),
    ({"strategy": "sobol"}, ["strategy", "'random'", "'sobol'"]),
    ({"seed": 4}, ["seed", "3", "4"]),
    ({"enqueue": [{"x": 0.1}], "constraints": ["x < 2"]}, ["constraints"]),
]


def test_what_would_make_old_trials_meaningless_is_refused(finished: Program) -> None:
    before = finished.run().journal.read_bytes()
    study = finished.study_file.read_text()
    for changes, shown in REFUSED:
        finished.study_file.write_text(study)
        edit(finished, **changes)
        refused = finished.call("resume", code=2)
        for words in (*shown, "--fresh"):
            assert words in refused.err
        assert finished.run().journal.read_bytes() == before
    assert finished.call("report", "runs/toy").out


def test_a_refusal_does_not_cut_off_what_was_running(program: Program) -> None:
    program.study()
    program.call("run", "study.yaml")
    journal = program.run().journal
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-3]))
    before = journal.read_bytes()
    edit(program, seed=77)
    program.call("resume", code=2)
    assert journal.read_bytes() == before
    edit(program, seed=3)
    program.call("resume")
    assert program.history().states["completed"] == 4


def test_a_study_file_that_is_broken_now_is_shown_with_its_place(finished: Program) -> None:
    before = finished.run().journal.read_bytes()
    finished.study_file.write_text(finished.study_file.read_text() + "limitz: {trials: 9}\n")
    refused = finished.call("resume", "runs/toy", code=2)
    assert "study.yaml:" in refused.err
    assert "limits" in refused.err
    assert finished.run().journal.read_bytes() == before


def test_a_study_file_that_is_gone_leaves_its_copy(finished: Program) -> None:
    """The copy lies in the run's folder, but paths still start from where the study was."""
    finished.study_file.unlink()
    done = finished.call("resume", "--set", "limits.trials=6")
    assert "is gone" in done.err
    assert finished.history().states["completed"] == 6
    finished.call("resume", "runs/toy", "--set", "limits.trials=7")
    assert finished.history().states["completed"] == 7


def test_a_study_that_was_moved_goes_on_from_its_new_place(finished: Program) -> None:
    moved = finished.folder / "moved"
    moved.mkdir()
    for name in ("study.yaml", "train.py", "runs"):
        (finished.folder / name).rename(moved / name)
    finished.call("resume", "moved/study.yaml", "--set", "limits.trials=6")
    run = moved / "runs" / "toy"
    assert finished.call("status", str(run), "--json").json["states"] == {"completed": 6}


def test_a_project_that_was_moved_is_found_through_its_run(finished: Program) -> None:
    moved = finished.folder / "moved"
    moved.mkdir()
    for name in ("study.yaml", "train.py", "runs"):
        (finished.folder / name).rename(moved / name)
    assert "is gone" not in finished.call("resume", "moved/runs/toy", "--set", "limits.trials=5").err


def test_an_edited_script_is_noticed(finished: Program) -> None:
    finished.script(PARABOLA + "\n# better now\n")
    assert "train.py has changed since" in finished.call("resume", "--set", "limits.trials=5").err
    assert "has changed" not in finished.call("resume", "--set", "limits.trials=6").err


def test_another_command_is_taken_with_a_word(finished: Program) -> None:
    finished.script(PARABOLA, "other.py")
    edit(finished, command=[*PYTHON, "other.py"], limits={"trials": 5})
    done = finished.call("resume")
    assert "command:" in done.err
    assert finished.history().states["completed"] == 5


def test_a_finished_run_stays_byte_for_byte(finished: Program) -> None:
    before = finished.run().journal.read_bytes()
    for options in (["study.yaml"], ["runs/toy", "--json"], ["--quiet"], ["--retry-failed", "all"]):
        finished.call("resume", *options)
    assert finished.run().journal.read_bytes() == before


def test_a_run_whose_time_is_up_stays_byte_for_byte(program: Program) -> None:
    program.study("import time\nprint('loss=1', flush=True)\ntime.sleep(0.3)", limits={"time": "1s"})
    program.call("run", "study.yaml")
    assert program.history().finished == "time"
    before = program.run().journal.read_bytes()
    assert "nothing is left" in program.call("resume").err
    assert program.run().journal.read_bytes() == before
    program.call("resume", "--set", "limits.time=2s")
    assert program.history().sessions == 2
    assert program.history().states["completed"] >= 3


def test_failed_trials_are_run_again_if_that_is_wished(program: Program) -> None:
    sick = "import os, sys\nif not os.path.exists('cured'): sys.exit(5)\n"
    program.study(sick + PARABOLA, limits={"trials": 4, "same_failures": 0})
    program.call("run", "study.yaml", code=1)
    assert program.history().causes["exit"] == 4
    program.call("resume", code=1)
    program.call("resume", "--retry-failed", "timeout,stall", code=1)
    assert "no cause" in program.call("resume", "--retry-failed", "exti", code=2).err
    (program.folder / "cured").touch()
    done = program.call("resume", "--retry-failed", "exit")
    assert "4 to run again" in done.err
    assert program.history().states["completed"] == len(program.history().trials) == 4
    replay = program.call("replay", "--json").json
    assert replay["same"] == replay["decisions"]


def test_a_smaller_limit_plans_no_more(finished: Program) -> None:
    done = finished.call("resume", "--set", "limits.trials=2")
    assert "0 left to plan" in done.err
    assert len(finished.history().trials) == 4


def test_resume_keeps_the_total_of_the_time_limit(program: Program) -> None:
    program.study("import time\nprint('loss=1', flush=True)\ntime.sleep(0.2)", limits={"trials": 2, "time": "1h"})
    program.call("run", "study.yaml")
    first = program.history().elapsed
    program.call("resume", "--set", "limits.trials=4")
    assert program.history().elapsed > first
