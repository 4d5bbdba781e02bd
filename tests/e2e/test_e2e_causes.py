"""Why trials failed, what is done about it, and what the user reads, with real processes."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest
from e2e_program import GATED, PARABOLA, Program, eventually

ENDS = {
    "import_error": ("import no_such_module_here", "No module named"),
    "missing_file": ("open('no-such-file.csv')", "no-such-file.csv"),
    "gpu_oom": ("raise RuntimeError('CUDA out of memory. Tried to allocate 2.00 GiB')", "CUDA out of memory"),
    "oom": ("raise MemoryError", "MemoryError"),
    "exit": ("raise SystemExit(7)", ""),
    "signal": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", ""),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", ""),
}


@pytest.mark.parametrize("cause", list(ENDS))
def test_a_cause_is_in_the_journal_the_report_and_the_json(program: Program, cause: str) -> None:
    script, words = ENDS[cause]
    program.study(script, limits={"trials": 1})
    done = program.call("run", "study.yaml", code=1)
    (ended,) = program.events("job_ended")
    assert (ended["outcome"], ended["cause"]) == ("failed", cause)
    assert words in ended.get("message", "")
    report = program.call("report", "--format", "json").json
    assert report["failures"][0]["cause"] == cause
    assert program.call("status", "--json").json["failures"] == {cause: 1}
    assert words in done.err


def test_a_broken_script_does_not_burn_the_night(program: Program) -> None:
    program.study("import no_such_module_here", limits={"trials": 50}, workers=2)
    done = program.call("run", "study.yaml", code=1)
    history = program.history()
    assert history.finished == "same_failures"
    assert len(history.trials) <= 4
    assert "all failed in the same way" in done.err
    assert "No module named 'no_such_module_here'" in done.err
    assert "--retry-failed all" in done.err
    assert "failed in the same way" in program.call("resume", code=1).err, "a resume alone changes nothing"
    program.script(PARABOLA)
    program.call("resume", "--retry-failed", "exit", "--set", "limits.trials=6")
    history = program.history()
    assert history.finished == "trials"
    assert history.states["completed"] == 6


def test_retries_by_cause_after_a_delay(program: Program) -> None:
    script = (
        "import os, signal\nfirst = not os.path.exists('seen')\nopen('seen', 'w').close()\n"
        "if first: os.kill(os.getpid(), signal.SIGKILL)\n" + PARABOLA
    )
    retries = {"max": 2, "on": ["oom", "signal"], "delay": 0.3}
    program.study(script, limits={"trials": 3}, trial={"retries": retries})
    program.call("run", "study.yaml")
    assert program.history().states["completed"] == 3
    kinds = [event["event"] for event in program.events() if event.get("trial") == 0]
    assert kinds.index("timer_fired") == kinds.index("job_ended") + 1
    again = [event for event in program.events("job_planned") if event["attempt"] == 1]
    ended = next(event for event in program.events("job_ended") if event["trial"] == 0)
    assert [event["trial"] for event in again] == [0]
    assert again[0]["measured"]["at"] >= ended["measured"]["at"] + 0.3


def test_a_gpu_on_which_everything_fails_is_set_aside(program: Program) -> None:
    script = (
        "import os, sys, time\ntime.sleep(0.05)\nif os.environ['CUDA_VISIBLE_DEVICES'] == '1': sys.exit('it fell')\n"
    )
    program.study(script + PARABOLA, limits={"trials": 24}, gpus={"devices": [0, 1]}, workers=2)
    done = program.call("run", "study.yaml")
    (aside,) = [event for event in program.events("capacity") if "aside" in event]
    assert (aside["aside"], aside["workers"]) == (["1"], 1)
    assert "set aside: 1" in done.err
    history = program.history()
    assert 3 <= history.states["failed"] <= 8
    assert history.states["completed"] == 24 - history.states["failed"]
    program.call("replay")


def test_what_takes_too_much_memory_is_ended_and_says_so(program: Program) -> None:
    hog = "import time\nheld = bytearray(200_000_000)\ntime.sleep(600)\n"
    program.study(hog, limits={"trials": 1}, trial={"memory_limit": "100MB"})
    done = program.call("run", "study.yaml", code=1)
    (ended,) = program.events("job_ended")
    assert ended["cause"] == "memory_limit"
    assert "trial.memory_limit grants 100 MB" in ended["message"]
    assert "over its memory limit" in done.err


def test_the_memory_of_children_counts(program: Program) -> None:
    hog = "import subprocess, sys\nhold = 'import time; b = bytearray(80_000_000); time.sleep(600)'\n"
    hog += "argv = [sys.executable, '-S', '-c', hold]\n"
    program.study(
        hog + "both = [subprocess.Popen(argv) for _ in range(2)]\nboth[0].wait()\n",
        limits={"trials": 1},
        trial={"memory_limit": "120MB"},
    )
    program.call("run", "study.yaml", code=1)
    assert program.events("job_ended")[0]["cause"] == "memory_limit"
    program.await_no_trials()


def test_one_that_ends_well_when_it_is_told_to_has_failed_all_the_same(program: Program) -> None:
    hog = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
    hog += "print('loss=0.5', flush=True)\n"
    program.study(
        hog + "held = bytearray(200_000_000)\ntime.sleep(600)\n",
        limits={"trials": 1},
        trial={"memory_limit": "100MB", "grace": 5},
    )
    program.call("run", "study.yaml", code=1)
    assert program.events("job_ended")[0]["cause"] == "memory_limit"


def test_what_stays_within_its_memory_goes_on(program: Program) -> None:
    program.study(
        "import time\nb = bytearray(30_000_000)\ntime.sleep(2.5)\n" + PARABOLA,
        limits={"trials": 1},
        trial={"memory_limit": "1GiB"},
    )
    program.call("run", "study.yaml")


@pytest.mark.parametrize("limit", ["timeout", "stall_timeout"])
def test_a_tuner_that_was_stopped_does_not_blame_its_trials(program: Program, limit: str) -> None:
    """Ctrl-Z and fg: what a trial did in the meantime counts."""
    script = "import os, time\nprint('epoch')\nopen('begun', 'w').close()\n"
    script += "while not os.path.exists('go'): time.sleep(0.01)\n"
    settings: dict[str, Any] = {limit: 3.0}
    program.study(script + PARABOLA, limits={"trials": 1}, trial=settings)
    tuner = program.start("run", "study.yaml")
    eventually(lambda: (program.folder / "begun").exists() and program.events("job_started"))
    tuner.signal(signal.SIGSTOP)
    program.go()
    eventually(lambda: not program.trial_processes())
    time.sleep(3.2)  # far over the limit, as the tuner's clock has it
    tuner.signal(signal.SIGCONT)
    tuner.end()
    assert program.history().states["completed"] == 1
    assert not program.events("timer_fired")


def test_a_stopped_tuner_goes_on_where_it_was(program: Program) -> None:
    program.study(GATED, limits={"trials": 4}, workers=2)
    tuner = program.start("run", "study.yaml")
    program.await_trial(0, 1)
    os.kill(tuner.pid, signal.SIGTSTP)
    program.go()
    eventually(lambda: not program.trial_processes())
    os.kill(tuner.pid, signal.SIGCONT)
    tuner.end()
    assert program.history().states["completed"] == 4
