"""Nothing of an attempt outlives it: TERM, grace, KILL, to its group and to whoever left the group."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_helpers import DAEMONISE, Trials, lives, pid_in

from hpotune.run.executor import Leaving
from hpotune.run.exits import PollExits
from hpotune.run.family import _PR_SET_CHILD_SUBREAPER
from hpotune.run.local import LocalExecutor

IGNORE = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)"
POLITE = """
import signal, sys, time
def leave(*_):
    print("saved", flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, leave)
print("up", flush=True)
while True:
    time.sleep(1)
"""


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[Trials]:
    executor = LocalExecutor(2, token=f"test-{os.getpid()}-{tmp_path.name}", grace=0.3)
    yield Trials(tmp_path, executor)
    executor.close(0.0)


def test_a_cancelled_trial_may_save_its_work(trials: Trials) -> None:
    attempt = trials.python(POLITE)
    trials.wait_for_output(attempt, b"up")
    trials.executor.cancel(attempt, 60.0)
    trials.executor.cancel(attempt, 60.0)
    end = trials.end_of(attempt)
    assert (end.code, end.signal, end.killed) == (7, None, True)
    assert trials.output(attempt) == b"up\nsaved\n"


def test_a_trial_that_ignores_term_dies_by_kill(trials: Trials) -> None:
    attempt = trials.python(IGNORE)
    trials.wait_for_output(attempt, b"up")
    trials.executor.cancel(attempt, 0.2)
    end = trials.end_of(attempt)
    assert (end.code, end.signal, end.killed) == (None, signal.SIGKILL, True)


def test_a_second_cancel_can_only_hurry(trials: Trials) -> None:
    attempt = trials.python(IGNORE)
    trials.wait_for_output(attempt, b"up")
    trials.executor.cancel(attempt, 3600.0)
    trials.executor.cancel(attempt, 0.0)
    trials.executor.cancel(attempt, 3600.0)
    assert trials.end_of(attempt).signal == signal.SIGKILL


def test_a_stopped_trial_hears_term(trials: Trials) -> None:
    attempt = trials.python(POLITE)
    trials.wait_for_output(attempt, b"up")
    os.kill(next(iter(trials.executor._leaders)), signal.SIGSTOP)
    trials.executor.cancel(attempt, 60.0)
    assert trials.end_of(attempt).code == 7


@pytest.mark.parametrize("deaf", ["", "trap '' TERM;"])
@pytest.mark.parametrize("way", ["by itself", "cancelled"])
def test_the_whole_group_ends(trials: Trials, deaf: str, way: str) -> None:
    child = trials.folder / "child"
    after = "exit 3" if way == "by itself" else "sleep 600"
    script = f"{deaf} (sleep 601; true) & echo $! > {child}; echo up; {after}"
    attempt = trials.submit("sh", "-c", script)
    trials.wait_for_output(attempt, b"up")
    if way == "cancelled":
        trials.executor.cancel(attempt, 0.2)
    end = trials.end_of(attempt)
    assert not lives(pid_in(child))
    if way == "by itself":
        assert (end.code, end.killed) == (3, False)
        assert end.stragglers >= 1


def test_a_grandchild_that_holds_stdout_open_does_no_harm(trials: Trials) -> None:
    attempt = trials.submit("sh", "-c", "sleep 602 & echo loss=1")
    end = trials.end_of(attempt)
    assert (end.code, end.stragglers) == (0, 1)
    assert trials.output(attempt) == b"loss=1\n"


@pytest.mark.parametrize("deaf", ["deaf", "hearing"])
@pytest.mark.parametrize("way", ["exit", "stay"])
def test_daemons_end_with_their_trial(trials: Trials, deaf: str, way: str) -> None:
    path = trials.folder / "daemon"
    attempt = trials.python(DAEMONISE, str(path), deaf, way)
    daemon = pid_in(path)
    if way == "stay":
        trials.wait_for(lambda: trials.executor._strays)
        assert lives(daemon)  # a trial may have daemons while it runs
        trials.executor.cancel(attempt, 0.2)
    end = trials.end_of(attempt)
    assert not lives(daemon)
    assert end.stragglers == 1


def test_other_attempts_are_not_touched(trials: Trials) -> None:
    path = trials.folder / "daemon"
    other = trials.python(DAEMONISE, str(path), "stay")
    daemon = pid_in(path)
    for source in ("pass", "import os\nif os.fork() == 0:\n    import time; time.sleep(600)"):
        assert trials.end_of(trials.python(source)).code == 0
    assert lives(daemon)
    assert not any(event.id == other for event in trials.events if type(event).__name__ == "Exit")
    trials.executor.cancel(other, 0.0)
    trials.end_of(other)
    assert not lives(daemon)


def test_a_child_that_moved_to_another_group_ends_too(trials: Trials) -> None:
    # As a shell with job control does; its own child stays in the leader's group, below a parent that does not.
    path = trials.folder / "pids"
    source = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        time.sleep(600)\n"
        "    os.setpgid(0, 0)\n"
        "    with open(sys.argv[1] + '.new', 'w') as file: file.write(f'{os.getpid()} {child}')\n"
        "    os.rename(sys.argv[1] + '.new', sys.argv[1])\n"
        "    time.sleep(600)\n"
        "while not os.path.exists(sys.argv[1]): time.sleep(0.01)\n"
    )
    end = trials.end_of(trials.python(source, str(path)))
    assert end.stragglers == 2
    assert not any(lives(int(pid)) for pid in path.read_text().split())


def test_the_dead_that_were_adopted_are_buried(trials: Trials) -> None:
    source = (
        "import os, sys, time\n"
        "for _ in range(5):\n"
        "    if os.fork() == 0:\n"
        "        if os.fork() == 0: os._exit(0)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    attempt = trials.python(source)
    trials.wait_for_output(attempt, b"up")
    leader = next(iter(trials.executor._leaders))
    known = {str(leader), str(trials.executor._guard.pid)}
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    trials.wait_for(lambda: set(children.read_text().split()) == known)
    trials.executor.cancel(attempt, 0.0)
    assert trials.end_of(attempt).stragglers == 0


@pytest.mark.parametrize("cleared", ["cleared", "marked"])
def test_close_ends_everything(tmp_path: Path, cleared: str) -> None:
    executor = LocalExecutor(3, token=f"test-{os.getpid()}-close", grace=0.2)
    trials = Trials(tmp_path, executor)
    path = tmp_path / "daemon"
    trials.python(DAEMONISE, str(path), "deaf", "stay", cleared)
    trials.python(IGNORE)
    queued = [trials.submit("sleep", "600") for _ in range(3)]
    daemon = pid_in(path)
    pids = [*executor._leaders, daemon, executor._guard.pid]
    executor.close(0.2)
    executor.close(0.2)
    assert queued
    assert not any(map(lives, pids))


def test_a_process_that_somebody_else_started_is_not_ours(trials: Trials) -> None:
    pid = os.posix_spawn("/bin/sleep", ["sleep", "600"], dict(os.environ))
    try:
        assert trials.end_of(trials.submit("true")).stragglers == 0
        end = time.monotonic() + 1.2
        trials.wait_for(lambda: time.monotonic() > end)
        assert lives(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class TestWithoutAdoption:
    """What is kept of this where the system knows neither subreapers nor pidfds (macOS): the process group."""

    @pytest.fixture
    def trials(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trials]:
        monkeypatch.setattr("hpotune.run.local.exits", PollExits)
        monkeypatch.setattr("hpotune.run.family._become_subreaper", lambda: False)
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        executor = LocalExecutor(2, token=f"test-{os.getpid()}-{tmp_path.name}", grace=0.2)
        yield Trials(tmp_path, executor)
        executor.close(0.0)
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    @pytest.mark.parametrize("deaf", ["", "trap '' TERM;"])
    def test_the_whole_group_ends(self, trials: Trials, deaf: str) -> None:
        child = trials.folder / "child"
        attempt = trials.submit("sh", "-c", f"{deaf} sleep 603 & echo $! > {child}")
        assert trials.end_of(attempt).code == 0
        assert not lives(pid_in(child))

    def test_a_cancel(self, trials: Trials) -> None:
        attempt = trials.python(IGNORE)
        trials.wait_for_output(attempt, b"up")
        trials.executor.cancel(attempt, 0.1)
        assert trials.end_of(attempt).signal == signal.SIGKILL


class TestWithoutTheListOfChildren:
    """A kernel without CONFIG_PROC_CHILDREN: all processes are looked at instead, if not as often."""

    def test_daemons_end(self, trials: Trials) -> None:
        trials.executor._family.close()
        path = trials.folder / "daemon"
        attempt = trials.submit(sys.executable, "-S", "-c", DAEMONISE, str(path))
        trials.end_of(attempt)
        daemon = pid_in(path)
        trials.wait_for(lambda: not lives(daemon))


def test_what_still_writes_for_an_exited_leader_may_finish(trials: Trials) -> None:
    """As in `exec > >(tee log)`: the shell exits first, and tee still has its lines in the pipe."""
    late = "import time\ntime.sleep(0.2)\nprint('loss=0.1', flush=True)"
    attempt = trials.python(f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-S', '-c', {late!r}])")
    end = trials.end_of(attempt)
    assert (end.code, end.killed) == (0, False)
    assert trials.output(attempt) == b"loss=0.1\n"
    assert any(isinstance(event, Leaving) and event.id == attempt for event in trials.events)


def test_who_only_lingers_is_ended_all_the_same(trials: Trials) -> None:
    attempt = trials.python("import subprocess\nsubprocess.Popen(['sleep', '600'])")
    end = trials.end_of(attempt)
    assert (end.code, end.killed) == (0, False)
    assert end.stragglers == 1
