"""What a trial can do wrong: each has a clear word, a cause in the journal, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import psutil
import pytest
from e2e_program import GATED, PARABOLA, Program, alive, eventually, peak_memory

# What the trial does; the cause of its failure (None: it completes); words that the user sees.
FAULTS: dict[str, tuple[str, dict[str, Any], str | None, list[str]]] = {
    "an exit code": ("import sys\nprint('loss=1')\nsys.exit('no data')", {}, "exit", ["exit code 1", "no data"]),
    "a traceback": ("print('loss=1')\n1 / 0", {}, "exit", ["| Traceback", "ZeroDivisionError"]),
    "a signal": ("import os\nprint('loss=1', flush=True)\nos.kill(os.getpid(), 11)", {}, "signal", ["SIGSEGV"]),
    "a kill": ("import os\nos.kill(os.getpid(), 9)", {}, "killed", ["someone else", "SIGKILL"]),
    "no metric": ("print('step 3 of 4')\nprint('Loss = 0.25')", {}, "no_metric", ["never printed", "Loss = 0.25"]),
    "nothing at all": ("", {}, "no_metric", ["never printed"]),
    "a percentage": ("print('loss=25%')", {}, "no_metric", ["loss=25%"]),
    "nan": ("print('loss=0.5')\nprint('loss=nan')", {}, "nan", ["not finite"]),
    "inf": ("print('loss=-inf')", {}, "nan", ["not finite"]),
    "a timeout": (
        "import time\nprint('loss=1', flush=True)\ntime.sleep(600)",
        {"timeout": "1s"},
        "timeout",
        ["timeout of 1s", "timed out"],
    ),
    "silence": (
        "import time\nprint('loss=1', flush=True)\ntime.sleep(600)",
        {"stall_timeout": "1s"},
        "stall",
        ["silent for 1s"],
    ),
    "a deaf trial": (
        "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('loss=1', flush=True)\ntime.sleep(600)",
        {"timeout": "1s"},
        "timeout",
        ["timeout of 1s"],
    ),
    "a stopped trial": ("import os\nos.kill(os.getpid(), 19)", {"timeout": "1s"}, "timeout", ["timeout of 1s"]),
    "closed outputs": ("import os\nprint('loss=1', flush=True)\nos.close(1)\nos.close(2)", {}, None, []),
    "no line end": ("import sys\nsys.stdout.write('loss=1')", {}, None, []),
    "progress bars": ("for i in range(9): print('\\r', i, end=' loss=%d' % i)", {}, None, []),
    "bytes that are no text": ("import os\nos.write(1, b'\\xff\\xfe\\x00 loss=1\\n')", {}, None, []),
    "colours": ("print('\\x1b[1mloss\\x1b[0m=\\x1b[31m1\\x1b[0m')", {}, None, []),
    "controls": ("import sys\nprint('\\x1b]0;mine\\x07\\x1b[2J', file=sys.stderr)\nsys.exit(1)", {}, "exit", []),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault(program: Program, fault: str) -> None:
    script, settings, cause, words = FAULTS[fault]
    program.study(script, limits={"trials": 1}, trial=settings)
    done = program.call("run", "study.yaml", code=0 if cause is None else 1)
    (trial,) = program.history().trials
    assert (trial.state, trial.cause) == ("completed" if cause is None else "failed", cause)
    for word in words:
        assert word in done.err, done.err
    assert "\x1b" not in done.err + done.out
    if fault == "controls":
        assert "\x1b" not in program.call("report", "runs/toy").out
    assert not program.trial_processes()


def test_one_bad_trial_does_not_end_the_study(program: Program) -> None:
    script = "import os, sys\nif os.environ['HPOTUNE_TRIAL_ID'] == '1': sys.exit(9)\n" + PARABOLA
    program.study(script)
    done = program.call("run", "study.yaml")
    assert "exit code 9" in done.err
    history = program.history()
    assert (history.states["completed"], history.states["failed"]) == (3, 1)
    assert "exit" in program.call("report").out


def test_retries_do_not_count_as_trials(program: Program) -> None:
    script = "import os, sys\nname = 'seen-' + os.environ['HPOTUNE_TRIAL_ID']\n"
    script += "if not os.path.exists(name): open(name, 'w').close(); sys.exit(9)\n"
    program.study(script + PARABOLA, trial={"retries": 1})
    done = program.call("run", "study.yaml")
    assert "to be tried again" in done.err
    assert program.history().states["completed"] == len(program.history().trials) == 4
    assert len(program.events("job_planned")) == 8
    assert program.call("replay", "--json").json["differences"] == []


def test_retries_come_to_an_end(program: Program) -> None:
    program.study("import sys\nsys.exit(9)", limits={"trials": 2}, trial={"retries": 2})
    program.call("run", "study.yaml", code=1)
    assert program.history().states["failed"] == 2
    assert len(program.events("job_planned")) == 6


def test_the_time_limit_cuts_trials_off_and_a_larger_one_runs_them_again(program: Program) -> None:
    script = "import os, time\nprint('loss=1', flush=True)\n"
    script += "while os.environ['HPOTUNE_TRIAL_ID'] == '1' and not os.path.exists('go'): time.sleep(0.02)\n"
    program.study(script, limits={"trials": 2, "time": "3s"})
    program.call("run", "study.yaml")
    assert program.history().finished == "time"
    assert program.events("job_ended")[-1]["outcome"] == "interrupted"
    program.go()
    assert "1 to run again" in program.call("resume", "--set", "limits.time=1h").err
    assert program.history().states["completed"] == 2


def test_a_flood_of_output_takes_no_memory(program: Program) -> None:
    """300 MB in long lines, short ones and one without an end; the metric stands in the middle and at the end."""
    script = """
import sys
write = sys.stdout.buffer.write
for i in range(100):
    write(b"step %d of a very long story" % i + b"." * 1000000 + b"\\n")
write(b"loss=0.75\\n")
for i in range(100):
    write(b"a short line, one of many\\n" * 40000)
for i in range(100):
    write(b"x" * 1000000)
write(b"\\nloss=0.25\\n")
"""
    program.study(script, limits={"trials": 1})
    tuner = program.start("run", "study.yaml")
    peak = 0
    while tuner.process.poll() is None:
        peak = max(peak, peak_memory(tuner.pid))
    tuner.end(0)
    assert peak < 150e6, f"{peak / 1e6:.0f} MB"
    assert (program.run().attempt(0, 0, 0) / "stdout.log").stat().st_size > 300e6
    assert program.history().best.loss == 0.25
    (program.run().attempt(0, 0, 0) / "stdout.log").unlink()


def test_a_flood_of_reports_is_thinned(program: Program) -> None:
    program.study("for i in range(100000): print('loss=%r' % (1 / (i + 1)))", limits={"trials": 1})
    done = program.call("run", "study.yaml")
    assert program.history().best.loss == 1e-5
    assert len(program.events("reported")) < 10_000
    assert "reports very often" in done.err


def test_a_daemon_of_a_trial_is_ended_with_it(program: Program) -> None:
    """A classic double fork, away from the group, the session and the outputs."""
    script = """
import os, time
print("loss=1", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for descriptor in range(3):
            os.close(descriptor)
        open("daemon-" + os.environ["HPOTUNE_TRIAL_ID"], "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
while not os.path.exists("daemon-" + os.environ["HPOTUNE_TRIAL_ID"]):
    time.sleep(0.01)
"""
    program.study(script, limits={"trials": 2})
    done = program.call("run", "study.yaml")
    assert program.history().states["completed"] == 2
    assert "left processes behind" in done.err
    for number in range(2):
        assert not alive(int((program.folder / f"daemon-{number}").read_text()))


def test_a_daemon_does_not_outlive_a_killed_tuner(program: Program) -> None:
    script = """
import os, time
print("loss=1", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("daemon", "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""
    program.study(script, limits={"trials": 1})
    tuner = program.start("run", "study.yaml")
    daemon = program.folder / "daemon"
    eventually(lambda: daemon.exists() and daemon.read_text() and program.events("job_started"))
    tuner.kill()
    eventually(lambda: not alive(int(daemon.read_text())))
    program.await_no_trials()


def test_a_grandchild_that_holds_the_output_does_not_hold_the_trial(program: Program) -> None:
    script = "import subprocess, sys\nprint('loss=1', flush=True)\nsubprocess.Popen(['sleep', '600'])"
    program.study(script, limits={"trials": 1})
    program.call("run", "study.yaml")
    assert program.history().states["completed"] == 1
    assert not program.trial_processes()


def test_a_configuration_too_large_for_an_environment(program: Program) -> None:
    choices = ["a" * 200_000, "b" * 200_000]
    program.study(parameters={"x": {"type": "categorical", "choices": choices}}, limits={"trials": 2})
    done = program.call("run", "study.yaml", code=1)
    assert program.history().causes["launch"] == 2
    assert "could not be started" in done.err


def test_a_program_that_vanishes_in_the_middle(program: Program) -> None:
    tool = program.script("#!/bin/sh\nrm tool\necho loss=1\n", "tool")
    tool.chmod(0o755)
    program.study(None, command=["./tool"], limits={"trials": 3})
    done = program.call("run", "study.yaml")
    assert program.history().states["completed"] == 1
    assert program.history().causes["launch"] == 2
    assert "could not be started" in done.err


def test_a_trial_that_waits_for_input_gets_none(program: Program) -> None:
    program.study("import sys\nassert sys.stdin.read() == ''\nprint('loss=1')", limits={"trials": 1})
    program.call("run", "study.yaml")
    assert program.history().states["completed"] == 1


def test_a_trial_that_removes_its_own_folder(program: Program) -> None:
    script = "import os, shutil\nprint('loss=1', flush=True)\nshutil.rmtree(os.environ['HPOTUNE_TRIAL_DIR'])"
    program.study(script, limits={"trials": 2})
    program.call("run", "study.yaml")
    assert len(program.history().trials) == 2
    program.call("report")
    program.call("logs", "runs/toy", "0", code=None)


def test_a_trial_that_signals_its_whole_group(program: Program) -> None:
    program.study("import os, signal\nos.kill(0, signal.SIGTERM)", limits={"trials": 2})
    program.call("run", "study.yaml", code=1)
    assert program.history().causes["killed"] == 2


def test_trials_are_not_interrupted_by_the_terminal(program: Program) -> None:
    """Ctrl-C goes to the foreground's whole process group; trials have one of their own."""
    program.study(
        "import os\nassert os.getpgid(0) == os.getsid(0) == os.getpid()\nprint('loss=1')", limits={"trials": 1}
    )
    program.call("run", "study.yaml")
    assert program.history().states["completed"] == 1


@pytest.mark.parametrize("victim", ["stdout", "stderr"])
def test_a_reader_that_goes_away_costs_no_record(program: Program, victim: str) -> None:
    """`hpotune run ... | head -1`, with and without `--json`."""
    program.study("import time\nprint('loss=1', flush=True)\ntime.sleep(0.1)")
    arguments = ["run", "study.yaml", *(["--json"] if victim == "stdout" else [])]
    tuner = subprocess.Popen(
        [sys.executable, "-m", "hpotune", *arguments],
        cwd=program.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if victim == "stdout" else subprocess.DEVNULL,
        stderr=subprocess.PIPE if victim == "stderr" else subprocess.DEVNULL,
    )
    pipe = tuner.stdout or tuner.stderr
    assert pipe is not None
    pipe.readline()
    pipe.close()
    code = tuner.wait(60)
    assert code in (0, 141, -signal.SIGPIPE), code
    assert not [*program.run().path.glob("hpotune-crash-*")]
    program.call("resume")
    assert program.history().states["completed"] == 4


def test_a_watchdog_that_is_killed_is_replaced(program: Program) -> None:
    program.study(GATED, limits={"trials": 1})
    tuner = program.start("run", "study.yaml")
    program.await_trial(0)

    def watchdogs() -> list[int]:
        return [child.pid for child in psutil.Process(tuner.pid).children() if "watchdog.py" in words_of(child)]

    (first,) = watchdogs()
    psutil.Process(first).kill()
    eventually(lambda: watchdogs() not in ([], [first]))
    tuner.kill()
    program.await_no_trials()


def words_of(process: psutil.Process) -> str:
    """Its command line; empty if it has just died."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
