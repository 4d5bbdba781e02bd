"""Ctrl-C, TERM, `stop`, and a second tuner on the same run."""

from __future__ import annotations

import signal
import time

import pytest
from e2e_program import GATED, Program, eventually

# Says when TERM comes, and then goes on for ever.
DEAF = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: open("termed", "w").close())
print("loss=0.5", flush=True)
open("waiting-" + os.environ["HPOTUNE_TRIAL_ID"], "w").close()
while True:
    time.sleep(0.05)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_first_interrupt_lets_trials_finish_and_resume_goes_on(program: Program, workers: int) -> None:
    program.study(GATED, workers=workers)
    tuner = program.start("run", "study.yaml")
    program.await_trial(*range(workers))
    tuner.signal(signal.SIGINT)
    eventually(lambda: program.events("signal_received"))
    eventually(lambda: "Ctrl-C again stops" in tuner.err)
    assert len(program.trial_processes()) == workers
    program.go()
    done = tuner.end(130)
    assert "hpotune resume" in done.err
    history = program.history()
    assert history.finished == "interrupted"
    assert history.states["completed"] == len(history.trials) == workers
    resumed = program.call("resume")
    assert f"{workers} trials done, 0 to run again, {4 - workers} left" in resumed.err
    assert program.history().states["completed"] == 4


def test_a_second_interrupt_stops_trials_and_resume_runs_them_again(program: Program) -> None:
    program.study(GATED, workers=2)
    tuner = program.start("run", "study.yaml")
    program.await_trial(0, 1)
    tuner.signal(signal.SIGINT)
    eventually(lambda: program.events("signal_received"))
    tuner.signal(signal.SIGINT)
    tuner.end(130)
    assert not program.trial_processes()
    ends = program.events("job_ended")
    assert [(end["outcome"], end["cause"]) for end in ends] == [("interrupted", "interrupted")] * 2
    program.go()
    assert "0 trials done, 2 to run again, 2 left" in program.call("resume").err
    history = program.history()
    assert history.states["completed"] == len(history.trials) == 4
    assert not history.failures


def test_a_third_interrupt_does_not_wait_for_the_grace(program: Program) -> None:
    program.study(DEAF, limits={"trials": 1}, trial={"grace": 600})
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    for count in (1, 2, 3):
        tuner.signal(signal.SIGINT)
        eventually(lambda count=count: len(program.events("signal_received")) == count)
    tuner.end(130)
    assert program.events("job_ended")[0]["outcome"] == "interrupted"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_stops_trials_at_once(program: Program, number: signal.Signals) -> None:
    program.study(GATED)
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    tuner.signal(number)
    done = tuner.end(130)
    assert "resume" in done.err
    assert not program.trial_processes()
    program.go()
    program.call("resume")
    assert program.history().states["completed"] == 4


def test_a_trial_that_finished_in_order_while_it_was_stopped_counts_once(program: Program) -> None:
    obedient = GATED.replace(
        "import os, time", "import os, sys, time, signal\nsignal.signal(15, lambda *_: sys.exit(0))"
    )
    program.study("print('loss=1', flush=True)\n" + obedient, limits={"trials": 2})
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    tuner.signal(signal.SIGTERM)
    tuner.end(130)
    assert program.events("job_ended")[0]["outcome"] == "interrupted"
    program.go()
    program.call("resume")
    assert program.history().states["completed"] == len(program.history().trials) == 2


def test_interrupts_while_the_program_starts_and_ends_do_no_harm(program: Program) -> None:
    """Whenever it comes: exit code 130, or 0 if it was over already; nothing in the run is broken."""
    program.study(limits={"trials": 3})
    for number, trials in enumerate([None, 1, 3]):
        name = f"run-{number}"
        tuner = program.start("run", "study.yaml", "--name", name)
        if trials is not None:
            eventually(
                lambda trials=trials, name=name: (
                    program.run(name).journal.exists() and len(program.events("job_ended", name)) >= trials
                )
            )
        tuner.signal(signal.SIGINT)
        done = tuner.end(None)
        assert done.code in (0, 130, -signal.SIGINT), done
        if program.run(name).journal.exists():
            program.call("resume", f"runs/{name}")
            assert program.history(name).states["completed"] == 3


def test_an_impatient_user(program: Program) -> None:
    """Ctrl-C again and again, until the program has gone: also while it closes."""
    program.study(GATED)
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    while tuner.process.poll() is None:
        tuner.signal(signal.SIGINT)
        time.sleep(0.001)
    tuner.end(130)
    program.go()
    program.call("resume")
    assert program.history().states["completed"] == 4


@pytest.mark.parametrize("now", [False, True])
def test_stop_ends_a_living_run(program: Program, now: bool) -> None:
    program.study(GATED)
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    stopping = program.start("stop", "runs/toy", *(["--now"] if now else []))
    eventually(lambda: program.events("signal_received"))
    assert program.events("signal_received")[0]["mode"] == ("stop" if now else "drain")
    program.go()
    stopping.end(0)
    tuner.end(130)
    assert program.history().states["completed"] == (0 if now else 1)
    program.call("resume")
    assert program.history().states["completed"] == 4
    assert "not running" in program.call("stop", "runs/toy", code=2).err


def test_a_run_that_a_living_tuner_holds_is_refused(program: Program) -> None:
    program.study(GATED, limits={"trials": 1})
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    before = program.run().journal.read_bytes()
    for verb in (["resume"], ["resume", "--retry-failed", "all"], ["run", "study.yaml", "--fresh"]):
        refused = program.call(*verb, code=4)
        assert f"process {tuner.pid}" in refused.err
        assert "hpotune stop" in refused.err
    assert "resume" in program.call("run", "study.yaml", code=2).err
    assert program.run().journal.read_bytes() == before
    assert len(program.trial_processes()) == 1
    assert program.call("status", "runs/toy", "--json").json["state"] == "running"
    assert program.call("report").out
    program.go()
    tuner.end(0)
    assert program.call("status", "runs/toy", "--json").json["state"] == "finished"


def test_a_suspended_tuner_is_told_apart_from_one_that_works(program: Program) -> None:
    program.study(GATED, limits={"trials": 2})
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)
    tuner.signal(signal.SIGSTOP)
    eventually(lambda: "suspended" in program.call("status").out)
    assert f"kill -CONT {tuner.pid}" in program.call("stop", "runs/toy", code=4).err
    tuner.signal(signal.SIGCONT)
    program.go()
    tuner.end(130)
