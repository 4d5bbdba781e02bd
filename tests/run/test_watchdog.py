"""No process outlives the tuner, however it dies; and the run's lock is held until the last of them is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local_helpers import DAEMONISE, SECONDS, Trials, eventually, lives, pid_in

from hpotune.errors import LockedError, RunError
from hpotune.journal import Holder, RunLock, boot_id, holder
from hpotune.run import watchdog
from hpotune.run.local import LocalExecutor
from hpotune.run.orphans import end_holders

GRACE = 0.5

TUNER = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from local_helpers import Trials, DAEMONISE
from hpotune.journal import RunLock
from hpotune.run.local import LocalExecutor
folder = Path(sys.argv[1])
lock = RunLock.acquire(folder)
executor = LocalExecutor(10, token=lock.token, grace={GRACE}, lock_fd=lock.fd)
trials = Trials(folder, executor)
for number, kind in enumerate(sys.argv[2:]):
    path = str(folder / f"pid-{{number}}")
    write = f"echo $$ > {{path}}.new; mv {{path}}.new {{path}};"
    if kind == "plain":
        trials.submit("sh", "-c", write + "exec sleep 600")
    elif kind == "deaf":
        trials.submit("sh", "-c", "trap '' TERM HUP;" + write + "sleep 600; sleep 600")
    elif kind == "stopped":
        trials.submit("sh", "-c", write + "kill -STOP $$; sleep 600")
    elif kind == "cleared":
        trials.submit("env", "-i", "sh", "-c", write + "exec sleep 600")
    else:
        trials.python(DAEMONISE, path, *kind.split("-"))
(folder / "watchdog").write_text(str(executor._guard.pid))
while True:
    executor.wait(None)
"""

KINDS = ["plain", "deaf", "stopped", "cleared", "stay", "deaf-stay"]


class Tuner:
    """A tuner process with its trials, all of them up."""

    def __init__(self, folder: Path, kinds: list[str]) -> None:
        self.folder = folder
        self.process = subprocess.Popen([sys.executable, "-c", TUNER, str(folder), *kinds], start_new_session=True)
        self.trials = [pid_in(folder / f"pid-{number}") for number in range(len(kinds))]
        self.watchdog = pid_in(folder / "watchdog")

    def holder(self) -> Holder:
        found = holder(self.folder)
        assert found is not None
        return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[list[str]], Tuner]]:
    started: list[Tuner] = []

    def run(kinds: list[str]) -> Tuner:
        started.append(Tuner(tmp_path, kinds))
        return started[-1]

    yield run
    for tuner in started:
        tuner.process.kill()
        tuner.process.wait()
        for pid in tuner.trials:
            eventually(lambda pid=pid: not lives(pid))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_everything_ends_when_the_tuner_dies(start: Callable[[list[str]], Tuner], number: signal.Signals) -> None:
    tuner = start(KINDS)
    assert all(map(lives, tuner.trials))
    tuner.process.send_signal(number)
    tuner.process.wait()
    eventually(lambda: not any(map(lives, tuner.trials)))
    eventually(lambda: holder(tuner.folder) is None)
    assert not lives(tuner.watchdog)


def test_the_lock_is_held_until_the_last_is_gone(start: Callable[[list[str]], Tuner]) -> None:
    tuner = start(["deaf", "plain"])
    tuner.process.kill()  # not reaped
    eventually(lambda: tuner.holder().alive is False)
    with pytest.raises(LockedError, match="has died"):
        RunLock.acquire(tuner.folder)
    told: list[Holder | None] = []
    with RunLock.acquire(tuner.folder, wait=SECONDS, on_wait=told.append) as lock:
        assert not any(map(lives, tuner.trials))
        assert lock.previous is not None
        assert lock.previous.pid == tuner.process.pid
    assert len(told) == 1


def test_the_watchdog_does_not_hear_signals(start: Callable[[list[str]], Tuner]) -> None:
    tuner = start(["plain"])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        os.kill(tuner.watchdog, number)
    time.sleep(0.2)
    assert lives(tuner.watchdog)
    os.killpg(tuner.process.pid, signal.SIGKILL)  # as a terminal or a batch system does: to the tuner's whole group
    eventually(lambda: not any(map(lives, tuner.trials)))


def test_if_both_die_the_next_session_ends_what_is_left(start: Callable[[list[str]], Tuner]) -> None:
    tuner = start(KINDS)
    groups = [(pid, state.start) for pid in tuner.trials if (state := watchdog.status(pid))]
    os.kill(tuner.process.pid, signal.SIGSTOP)  # so that it cannot replace the watchdog
    os.kill(tuner.watchdog, signal.SIGKILL)
    tuner.process.kill()
    tuner.process.wait()
    with RunLock.acquire(tuner.folder, wait=SECONDS) as lock:
        assert all(map(lives, tuner.trials))
        assert lock.previous is not None
        assert end_holders(lock.previous, GRACE, groups) >= len(tuner.trials)
        assert not any(map(lives, tuner.trials))
        assert end_holders(lock.previous, GRACE, groups) == 0


KILLED_WHILE_STARTING = f"""
import os, sys, threading, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from local_helpers import Trials
from hpotune.journal import RunLock
from hpotune.run.local import LocalExecutor
folder = Path(sys.argv[1])
lock = RunLock.acquire(folder)
executor = LocalExecutor(1000, token=lock.token, grace={GRACE}, lock_fd=lock.fd)
trials = Trials(folder, executor)
killer = os.fork()
if killer == 0:
    time.sleep(float(sys.argv[2]))
    os.kill(os.getppid(), 9)
    os._exit(0)
while True:
    trials.submit("sleep", "601")
    executor.wait(0)
"""


@pytest.mark.parametrize("moment", [0.0005, 0.003, 0.01, 0.05, 0.3])
def test_a_trial_in_the_middle_of_its_start_ends_too(tmp_path: Path, moment: float) -> None:
    tuner = subprocess.Popen([sys.executable, "-c", KILLED_WHILE_STARTING, str(tmp_path), str(moment)])
    tuner.wait()
    with RunLock.acquire(tmp_path, wait=SECONDS) as lock:
        assert watchdog.members(lock.token, {}) == set()


class TestInThisProcess:
    @pytest.fixture
    def trials(self, tmp_path: Path) -> Iterator[Trials]:
        executor = LocalExecutor(4, token=f"test-{os.getpid()}-{tmp_path.name}", grace=GRACE)
        yield Trials(tmp_path, executor)
        executor.close(0.0)

    def test_a_watchdog_that_dies_is_replaced_and_told(self, trials: Trials) -> None:
        trials.submit("env", "-i", "sleep", "600")
        first = trials.executor._guard.pid
        for _ in range(2):
            before = trials.executor._guard.pid
            os.kill(before, signal.SIGKILL)
            trials.wait_for(lambda before=before: trials.executor._guard.pid not in (0, before))
        assert not lives(first)
        (leader,) = trials.executor._leaders
        trials.executor._guard._hang_up()  # as if this process had died
        eventually(lambda: not lives(leader))

    def test_it_forgets_groups_that_are_gone(self, trials: Trials) -> None:
        for _ in range(5):
            trials.end_of(trials.submit("true"))
        lingering = trials.submit("sleep", "600")
        trials.wait_for(lambda: trials.executor._leaders)
        sent: list[bytes] = []
        guard = trials.executor._guard
        write = guard._send
        guard._send = lambda message: sent.append(message) or write(message)  # type: ignore[method-assign]
        trials.executor.cancel(lingering, 0.0)
        trials.end_of(lingering)
        assert [message[:1] for message in sent] == [b"-"]

    def test_a_daemon_without_a_mark_is_announced(self, trials: Trials) -> None:
        path = trials.folder / "daemon"
        trials.end_of(trials.python(DAEMONISE, str(path), "cleared"))
        daemon = pid_in(path)
        trials.wait_for(lambda: trials.executor._guard._others)
        trials.executor._guard._hang_up()
        eventually(lambda: not lives(daemon))

    def test_a_sleeping_watchdog_does_not_block(self, trials: Trials) -> None:
        os.kill(trials.executor._guard.pid, signal.SIGSTOP)
        guard = trials.executor._guard
        for number in range(20_000):
            guard.add(4_000_000 + number, 1)
        assert guard._unsent
        os.kill(guard.pid, signal.SIGCONT)
        eventually(lambda: (guard._send(b""), time.sleep(0.05)) and not guard._unsent)

    def test_other_runs_are_left_alone(self, trials: Trials) -> None:
        other = subprocess.Popen(["sleep", "600"], env={**os.environ, watchdog.TOKEN_VARIABLE: "another:0-0-0"})
        mine = subprocess.Popen(["sleep", "600"], env={**os.environ, watchdog.TOKEN_VARIABLE: "mine:0-0-0"})
        try:
            eventually(lambda: watchdog.token_of(other.pid) and watchdog.token_of(mine.pid))
            assert watchdog.end("mine", {}, 5.0)[0] == 1
            assert mine.wait() == -signal.SIGTERM
            assert watchdog.end("min", {}, 5.0)[0] == 0
            assert lives(other.pid)
        finally:
            other.kill()
            other.wait()

    def test_a_recycled_pid_is_a_stranger(self) -> None:
        stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
        try:
            state = watchdog.status(stranger.pid)
            assert state is not None
            assert watchdog.members("none", {stranger.pid: state.start - 1}) == set()
            assert watchdog.members("none", {stranger.pid: state.start}) == {(stranger.pid, state.start)}
        finally:
            stranger.kill()
            stranger.wait()

    def test_after_a_reboot_nothing_is_ended(self) -> None:
        marked = subprocess.Popen(["sleep", "600"], env={**os.environ, watchdog.TOKEN_VARIABLE: "old:0-0-0"})
        previous = Holder(1, "here", 1, "another boot", 0.0, "old", 1)
        try:
            eventually(lambda: watchdog.token_of(marked.pid))
            assert end_holders(previous, 0.0) == 0
            assert lives(marked.pid)
            this_boot = Holder(1, "here", 1, boot_id(), 0.0, "old", 1)
            assert end_holders(this_boot, 5.0) == 1
        finally:
            marked.kill()
            marked.wait()

    def test_a_watchdog_that_cannot_be_started_is_said_in_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/no/such/python")
        with pytest.raises(RunError, match="outlive"):
            LocalExecutor(1, token="test")
