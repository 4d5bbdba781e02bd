"""Law 3 and law 7 with the real program: `kill -9` of the tuner at any moment, then `resume`."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from e2e_program import GATED, Outcome, Program, eventually

# Reports at every epoch of its budget, and fails for some configurations: all a function of the configuration.
EPOCHS = """
import os, sys, time
x = float(os.environ["HPOTUNE_PARAM_X"])
for epoch in range(1, int(os.environ["HPOTUNE_BUDGET"]) + 1):
    print("epoch %d loss=%r" % (epoch, (x - 0.3) ** 2 + 1 / epoch))
    time.sleep(0.02)
sys.exit(3 if 0.6 < x < 0.8 else 0)
"""
# Relies on its folder and its files, and reports through one.
FILES = """
import json, os
assert os.path.isdir(os.environ["HPOTUNE_CHECKPOINT_DIR"])
x = json.load(open(os.environ["HPOTUNE_CONFIG_FILE"]))["x"]
open(os.environ["HPOTUNE_METRICS_FILE"], "a").write('{"loss": %r}' % x)
"""
STUDIES = {
    "files": {"script": FILES, "limits": {"trials": 2}},
    "epochs, failures and retries": {
        "script": EPOCHS,
        "budget": {"name": "epochs", "max": 2},
        "limits": {"trials": 4},
        "trial": {"retries": 1},
        "strategy": "sobol",
    },
}


@pytest.mark.parametrize("study", STUDIES)
def test_a_kill_after_any_line_changes_no_outcome(program: Program, study: str) -> None:
    """A tuner that dies leaves the journal up to some line; a part of the next one at most."""
    program.study(**STUDIES[study])
    program.call("run", "study.yaml")
    whole = program.run().journal.read_bytes().splitlines(keepends=True)
    undisturbed = program.outcome()
    # Of the short journal each line of the first trial, of the long one a line here and there.
    moments = range(1, 9) if len(whole) < 20 else range(6, len(whole), 9)
    for lines in moments:
        name = f"cut-{lines}"
        program.run(name).path.mkdir()
        program.run(name).journal.write_bytes(b"".join(whole[:lines]))
        done = program.call("resume", f"runs/{name}", "--quiet")
        assert done.out.startswith("best: ")
        assert program.outcome(name) == undisturbed, f"after line {lines}: {whole[lines - 1]!r}"
    assert_replays(program, name)


@pytest.mark.parametrize("workers", [1, 2])
def test_kills_at_several_moments(program: Program, workers: int) -> None:
    slow = EPOCHS.replace("0.02", "0.06")
    program.study(slow, budget={"name": "epochs", "max": 3}, limits={"trials": 6}, workers=workers)
    program.call("run", "study.yaml", "--name", "undisturbed")
    tuner = program.start("run", "study.yaml")
    for lines in (7, 15, 27):
        eventually(lambda lines=lines, tuner=tuner: len(program.events()) >= lines or tuner.process.poll() is not None)
        tuner.kill()
        tuner = program.start("resume", "study.yaml")
    tuner.end()
    assert_totals(program, 6)
    if workers == 1:
        assert program.outcome() == program.outcome("undisturbed")
    else:
        assert values(program.outcome()) == values(program.outcome("undisturbed"))
    assert_replays(program)
    assert_nothing_vanished(program)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_kill_during_a_trial_ends_it_and_resume_runs_it_again_first(program: Program, workers: int) -> None:
    program.study(GATED, workers=workers)
    tuner = program.start("run", "study.yaml")
    program.await_trial(*range(workers))
    assert len(program.trial_processes()) == workers
    tuner.kill()
    program.await_no_trials()
    program.go()
    done = program.call("resume")
    assert f"0 trials done, {workers} to run again, {4 - workers} left to plan" in done.err
    cut_off = [event for event in program.events("job_ended") if event["outcome"] == "interrupted"]
    assert [event["cause"] for event in cut_off] == ["tuner_died"] * workers
    later = program.events("job_planned")[workers:]
    assert [event["cause"] for event in later] == ["resume"] * workers + ["first"] * (4 - workers)
    assert_totals(program, 4)
    assert_replays(program)


def test_a_resume_waits_for_the_trials_of_the_dead(program: Program) -> None:
    """A trial that ignores TERM lives until the grace is over; no second copy may run beside it."""
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + GATED
    program.study(deaf, limits={"trials": 1}, trial={"grace": 3})
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    (trial,) = program.trial_processes()
    tuner.kill()
    resumed = program.start("resume")  # the gate stays shut: the old copy does not end by itself
    eventually(lambda: "waiting until its trials have ended" in resumed.err)
    eventually(lambda: len(program.events("job_started")) == 2)
    assert not trial.is_running() or trial.status() == psutil.STATUS_ZOMBIE
    program.go()
    resumed.end()
    assert_totals(program, 1)


def test_tuner_and_watchdog_killed_together(program: Program) -> None:
    program.study(GATED, limits={"trials": 2})
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    (trial,) = program.trial_processes()
    watchdogs = [child for child in psutil.Process(tuner.pid).children() if "watchdog.py" in " ".join(child.cmdline())]
    assert len(watchdogs) == 1
    watchdogs[0].suspend()
    tuner.kill()
    watchdogs[0].kill()
    assert trial.is_running()
    resumed = program.start("resume")
    eventually(lambda: len(program.events("job_started")) == 2)
    assert not trial.is_running() or trial.status() == psutil.STATUS_ZOMBIE
    program.go()
    resumed.end()
    assert_totals(program, 2)


def test_a_trial_that_takes_the_tuner_down_three_times_has_failed(program: Program) -> None:
    program.study(GATED, limits={"trials": 2}, enqueue=[{"x": 0.5, "kind": "a"}])
    verb = ["run", "study.yaml"]
    for attempt in range(3):
        tuner = program.start(*verb)
        eventually(lambda attempt=attempt: len(program.events("job_started")) == attempt + 1)
        tuner.kill()
        verb = ["resume"]
    program.go()
    done = program.call("resume")
    first, second = program.history().trials
    assert (first.state, first.cause) == ("failed", "interrupted")
    assert second.state == "completed"
    assert "failed" in done.err
    assert_replays(program)


def test_a_kill_before_the_first_line_leaves_a_folder_that_run_can_use(program: Program) -> None:
    program.study(limits={"trials": 1})
    folder = program.run().path
    folder.mkdir(parents=True)
    (folder / "study.yaml").write_text("half a fi")
    (folder / "lock").write_text("")
    program.call("run", "study.yaml")
    assert_totals(program, 1)


def test_files_of_attempts_that_the_journal_has_lost_are_not_taken_for_new(program: Program) -> None:
    """A damaged journal may be gone on with up to its last good line; what came after leaves its folders behind."""
    program.study(FILES, limits={"trials": 2})
    program.call("run", "study.yaml")
    journal = program.run().journal
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    program.script(FILES.replace("% x", "% (x + 1)"))
    program.call("resume")
    for trial in program.history().trials:
        assert trial.loss == trial.config["x"] + 1


def values(outcome: Outcome) -> object:
    """What two workers may not change: configurations, and what became of them."""
    return {number: (config, state) for number, (config, state, _) in outcome.items()}


def assert_totals(program: Program, trials: int) -> None:
    history = program.history()
    assert len(history.trials) == trials
    assert history.finished == "trials"
    assert history.states["completed"] + history.states["failed"] == trials
    assert [trial.number for trial in history.trials] == [*range(trials)]


def assert_replays(program: Program, name: str = "toy") -> None:
    replay = program.call("replay", f"runs/{name}", "--json").json
    assert replay["same"] == replay["decisions"] > 0, replay["differences"]


def assert_nothing_vanished(program: Program) -> None:
    """The numbers go up by one through all sessions, and the log of each attempt is still there."""
    events = program.events()
    assert [event["n"] for event in events] == [*range(len(events))]
    for event in program.events("job_started"):
        folder: Path = program.run().attempt(event["trial"], event["job"], event["attempt"])
        assert (folder / "stdout.log").exists()
