"""Pause and promote with the real program: a script that saves, is ended, and goes on from where it was."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from e2e_program import Program

from hpotune.history import Trial

# Trains epoch by epoch from its checkpoint, appends every epoch that it really trains to a file, and saves at the end.
# A file `crash-T-N` in the study's folder makes trial T fail after epoch N, once.
TRAINS = """
import json, os, sys
trial, folder = os.environ["HPOTUNE_TRIAL_ID"], os.environ["HPOTUNE_CHECKPOINT_DIR"]
x, saved = float(os.environ["HPOTUNE_PARAM_X"]), folder + "/epoch"
epoch = int(open(saved).read()) if os.path.exists(saved) else 0
assert epoch <= int(os.environ["HPOTUNE_PREVIOUS_BUDGET"]) or os.path.exists("half-way"), "trained too far"
while epoch < int(os.environ["HPOTUNE_BUDGET"]):
    epoch += 1
    with open("trained-" + trial, "a") as file:
        file.write("%d " % epoch)
    print(json.dumps({"epoch": epoch, "loss": (x - 0.3) ** 2 + 1 / epoch}), flush=True)
    if os.path.exists("half-way"):
        open(saved, "w").write(str(epoch))
    crash = "crash-%s-%d" % (trial, epoch)
    if os.path.exists(crash):
        os.unlink(crash)
        sys.exit("crash")
open(saved, "w").write(str(epoch))
"""
BUDGET = {"name": "epochs", "min": 1, "max": 9}


def multifidelity(program: Program, strategy: Any, script: str = TRAINS, **changes: Any) -> None:
    program.study(script, strategy=strategy, **{"budget": BUDGET, "limits": {"trials": 12}, **changes})


def trained(program: Program, trial: int) -> list[int]:
    return [int(word) for word in (program.folder / f"trained-{trial}").read_text().split()]


def values(program: Program, name: str) -> dict[int, tuple[str, dict[float | None, float]]]:
    """The value of each trial at each budget: a job that begins anew comes by where the earlier ones have been."""
    return {number: (state, dict(reports)) for number, (_, state, reports) in program.outcome(name).items()}


def checkpoint(program: Program, trial: Trial) -> bool:
    return (program.run().trial(trial.number) / "checkpoint").exists()


@pytest.mark.parametrize("strategy", ["successive_halving", "hyperband", "asha", "bohb", "mobster"])
def test_a_promoted_trial_trains_every_epoch_once(program: Program, strategy: str) -> None:
    multifidelity(program, strategy, workers=2)
    program.call("run", "study.yaml")
    history = program.history()
    twice = [trial for trial in history.trials if trial.budget == 9]
    assert twice
    for trial in history.trials:
        assert trained(program, trial.number) == list(range(1, int(trial.budget or 0) + 1))
        assert trial.state == ("completed" if trial.budget == 9 else "paused")
    assert history.best is not None
    assert history.best.budget == 9
    assert history.best.loss == min(trial.loss for trial in twice if trial.loss is not None)
    assert history.budget_planned == sum(len(trained(program, trial.number)) for trial in history.trials)
    assert "the same" in program.call("replay", "runs/toy").out
    kept = [trial for trial in history.trials if checkpoint(program, trial)]
    assert set(twice) <= set(kept)
    assert len(kept) < len(history.trials), "checkpoints of no more use are deleted"
    dropped = {event["trial"] for event in program.events("checkpoint_dropped")}
    assert {trial.number for trial in history.trials} - {trial.number for trial in kept} == dropped


def test_all_checkpoints_may_be_kept(program: Program) -> None:
    multifidelity(program, "hyperband", trial={"checkpoints": "all"})
    program.call("run", "study.yaml")
    assert all(checkpoint(program, trial) for trial in program.history().trials)


def test_a_script_that_cannot_resume_trains_from_the_start_and_is_counted_so(program: Program) -> None:
    script = TRAINS.replace("os.path.exists(saved)", "False")
    multifidelity(program, "successive_halving", script, budget={**BUDGET, "resume": False}, limits={"trials": 9})
    program.call("run", "study.yaml")
    history = program.history()
    assert sorted(trial.budget or 0 for trial in history.trials) == [1] * 6 + [3] * 2 + [9]
    assert {job.start for trial in history.trials for job in trial.jobs} == {0}
    assert history.budget_planned == 9 * 1 + 3 * 3 + 9
    best = history.best
    assert best is not None
    assert trained(program, best.number) == [1, 1, 2, 3, *range(1, 10)]


def test_a_crash_in_a_promotion_is_retried_from_the_last_checkpoint(program: Program) -> None:
    multifidelity(program, "successive_halving", limits={"trials": 9}, trial={"retries": 1})
    program.call("run", "study.yaml")
    winner = program.history().best
    assert winner is not None
    (program.folder / f"crash-{winner.number}-5").touch()
    (program.folder / f"trained-{winner.number}").unlink()
    program.call("run", "study.yaml", "--fresh")
    again = program.history().trials[winner.number]
    assert (again.state, again.budget, again.loss) == ("completed", 9, winner.loss)
    assert trained(program, winner.number) == [1, 2, 3, 4, 5, *range(4, 10)], "from 3, where it had paused"
    assert [job.attempt for job in again.jobs] == [0, 0, 1]


def test_a_second_failure_of_the_same_kind_is_retried_from_an_empty_folder(program: Program) -> None:
    """A checkpoint that a crash has left unusable must not be the end of a trial."""
    script = (
        'import os\nfolder = os.environ["HPOTUNE_CHECKPOINT_DIR"]\n'
        'assert not os.path.exists(folder + "/bad"), "unusable"\n'
        'if os.environ["HPOTUNE_TRIAL_ID"] == "0" and os.environ["HPOTUNE_PREVIOUS_BUDGET"] != "0":\n'
        '    open(folder + "/bad", "w").close()\n'
        '    raise SystemExit("crash")\n'
        'budget = int(os.environ["HPOTUNE_BUDGET"])\n'
        'for epoch in range(int(os.environ["HPOTUNE_PREVIOUS_BUDGET"]) + 1, budget + 1):\n'
        '    print("epoch=%d loss=%r" % (epoch, float(os.environ["HPOTUNE_TRIAL_ID"])))\n'
    )
    budget = {"name": "epochs", "min": 3, "max": 9}
    multifidelity(program, "successive_halving", script, budget=budget, limits={"trials": 3}, trial={"retries": 2})
    program.call("run", "study.yaml")
    launches = [event for event in program.events("job_planned") if event["trial"] == 0 and event["job"] == 1]
    assert [(each["from"], each["to"], each.get("fresh", False)) for each in launches] == [
        (3, 9, False),
        (3, 9, False),
        (0, 9, True),
    ]
    history = program.history()
    assert history.trials[0].state == "completed"
    assert history.budget_planned == 3 * 3 + 6, "a job that is run again is counted once"


STRATEGIES_FOR_KILLS = [
    {"name": "hyperband", "brackets": 2},
    "asha",
    {"name": "asha", "mode": "stop"},
    {"name": "bohb", "initial": 3},
    {"name": "mobster", "initial": 3},
]


@pytest.mark.parametrize("strategy", STRATEGIES_FOR_KILLS)
def test_kills_change_no_outcome(program: Program, strategy: Any) -> None:
    """Law 3 with one worker: the tuner dies after lines of every kind, promotions and drops among them."""
    multifidelity(program, strategy, limits={"trials": 8})
    program.call("run", "study.yaml", "--name", "whole")
    lines = program.run("whole").journal.read_text().splitlines(keepends=True)
    places = [
        n for n, line in enumerate(lines) if json.loads(line)["event"] in ("trial_promoted", "checkpoint_dropped")
    ]
    for place in [*places[:2], *places[-1:], len(lines) * 2 // 3]:
        folder = program.run(f"cut-{place}").path
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").write_text("".join(lines[: place + 1]))
        (folder / "study.yaml").write_text(program.study_file.read_text())
        program.call("resume", str(folder))
        assert program.outcome(folder.name) == program.outcome("whole")
        assert "the same" in program.call("replay", str(folder)).out


def test_a_script_without_budgets_is_refused_where_trials_are_judged_by_their_reports(program: Program) -> None:
    multifidelity(program, {"name": "asha", "mode": "stop"}, script='print("loss=0.5")\n')
    done = program.call("run", "study.yaml", code=2)
    assert "names no budget" in done.err
    assert "epochs=3 loss=0.5" in done.err
    program.await_no_trials()
    for _ in range(3):
        program.call("resume", code=2)
    assert program.history().states["failed"] == 0, "no trial is to blame"


def test_a_last_line_without_a_budget_is_no_reason_to_end_the_study(program: Program) -> None:
    script = 'print("epoch=1 loss=0.5")\nprint("epoch=9 loss=0.25")\nprint("loss=0.125")\n'
    multifidelity(program, {"name": "asha", "mode": "stop"}, script, limits={"trials": 2})
    program.call("run", "study.yaml")
    assert [trial.loss for trial in program.history().trials] == [0.125, 0.125]


def test_a_kill_between_the_last_save_and_the_end_loses_nothing(program: Program) -> None:
    """The script finds all its epochs behind it, trains nothing and prints nothing."""
    multifidelity(program, "successive_halving", limits={"trials": 9})
    program.call("run", "study.yaml", "--name", "whole")
    lines = program.run("whole").journal.read_text().splitlines(keepends=True)
    events = [json.loads(line) for line in lines]
    last = next(n for n, event in enumerate(events) if event["event"] == "reported" and event["budget"] == 9)
    for name, place in (("told", last), ("untold", last - 1)):
        folder = program.run(name).path
        shutil.copytree(program.run("whole").path, folder)
        (folder / "journal.jsonl").write_text("".join(lines[: place + 1]))
        (program.folder / "half-way").touch()  # the checkpoint is beyond what the job goes on from
        program.call("resume", str(folder))
        assert values(program, name) == values(program, "whole")
        attempts = [event for event in program.events("job_planned", name) if event["to"] == 9]
        assert [event.get("fresh", False) for event in attempts] == [False, False, True][: 2 if name == "told" else 3]


def test_a_trial_that_is_stopped_may_save(program: Program) -> None:
    script = """
import json, os, signal, sys, time
def save(*_):
    open(os.environ["HPOTUNE_CHECKPOINT_DIR"] + "/saved", "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
trial = int(os.environ["HPOTUNE_TRIAL_ID"])
print(json.dumps({"epoch": 1, "loss": trial}), flush=True)
if trial >= 2:
    time.sleep(60)
for epoch in range(2, 10):
    print(json.dumps({"epoch": epoch, "loss": trial}), flush=True)
"""
    multifidelity(program, {"name": "asha", "mode": "stop"}, script, limits={"trials": 4})
    program.call("run", "study.yaml")
    trials = program.history().trials
    assert [trial.state for trial in trials] == ["completed", "completed", "stopped", "stopped"]
    assert [trial.budget for trial in trials] == [9, 9, 1, 1]
    assert (program.run().trial(3) / "checkpoint" / "saved").exists()
