"""`hpotune stop`: the right signal to the right process, and patience until it has gone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# A tuner as far as `stop` can see: it holds the lock, and a signal ends it.
TUNER = """
import signal, sys
from pathlib import Path
from hpotune.journal import RunLock
numbers = {signal.SIGUSR1, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
with RunLock.acquire(Path(sys.argv[1])):
    print("ready", flush=True)
    print(signal.Signals(signal.sigwait(numbers)).name, flush=True)
"""


@pytest.fixture
def tuner(make_run):
    run = make_run()
    run.ask()
    process = subprocess.Popen([sys.executable, "-c", TUNER, str(run.folder.path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize(("options", "signal"), [([], "SIGUSR1"), (["--now"], "SIGTERM")])
def test_the_tuner_gets_its_signal_and_is_waited_for(call, tuner, options: list[str], signal: str) -> None:
    shown = call("stop", "runs/toy", *options)
    assert shown.returncode == 0, shown.stderr
    assert f"process {tuner.pid}" in shown.stderr
    assert "has stopped" in shown.stdout
    assert tuner.stdout.readline() == f"{signal}\n"
    assert call("status", "runs/toy", "--json").stdout
    assert json.loads(call("status", "runs/toy", "--json").stdout)["state"] == "interrupted"


def test_it_need_not_be_waited_for(call, tuner) -> None:
    shown = call("stop", "runs/toy", "--no-wait")
    assert (shown.returncode, shown.stdout) == (0, "")
    assert tuner.stdout.readline() == "SIGUSR1\n"


def test_a_run_that_is_not_running(call, done_run) -> None:
    shown = call("stop", "runs/toy")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "is not running" in shown.stderr


def test_a_tuner_on_another_machine_is_left_alone(call, tuner, tmp_path: Path) -> None:
    lock = tmp_path / "runs/toy/lock"
    held = json.loads(lock.read_text())
    with lock.open("r+") as file:  # the same file: the lock is held on it
        file.write(json.dumps({**held, "host": "elsewhere"}) + "\n")
        file.truncate()
    shown = call("stop", "runs/toy")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "elsewhere" in shown.stderr
    assert tuner.poll() is None


def test_a_process_that_only_has_the_same_number_is_left_alone(call, tuner, tmp_path: Path) -> None:
    lock = tmp_path / "runs/toy/lock"
    held = json.loads(lock.read_text())
    with lock.open("r+") as file:
        file.write(json.dumps({**held, "started": held["started"] + 1}) + "\n")
        file.truncate()
    shown = call("stop", "runs/toy", "--no-wait")
    assert shown.returncode == 0
    assert "has died" in shown.stderr
    assert tuner.poll() is None
