"""The lock of a run: one tuner at a time, held on by whoever inherited it, free the moment the last one is gone."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpotune.errors import LockedError, RunError
from hpotune.journal import Holder, RunLock, holder

HOLD = """
import sys, subprocess
from pathlib import Path
from hpotune.journal import RunLock
lock = RunLock.acquire(Path(sys.argv[1]))
if "heir" in sys.argv:
    subprocess.Popen(["sleep", "60"], pass_fds=[lock.fd], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print("held", flush=True)
sys.stdin.read()
"""

ASK = """
import sys
from pathlib import Path
from hpotune.journal import holder
print("asking", flush=True)
while True:
    holder(Path(sys.argv[1]))
"""


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        return process

    yield run
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.communicate()


def test_a_run_has_one_tuner(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with RunLock.acquire(tmp_path) as lock:
        assert lock.previous is None
        held = holder(tmp_path)
        assert held is not None
        assert (held.pid, held.alive) == (os.getpid(), True)
        with pytest.raises(LockedError, match=f"process {os.getpid()} on .*, since 2") as caught:
            RunLock.acquire(tmp_path)
        assert "hpotune stop" in caught.value.remedy
    assert holder(tmp_path) is None
    with RunLock.acquire(tmp_path) as again:
        assert again.previous == held
        assert again.token == held.token == lock.token


def test_two_processes_contend(tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]) -> None:
    other = start()
    with pytest.raises(LockedError, match=f"process {other.pid} "):
        RunLock.acquire(tmp_path, wait=60)  # a living tuner is not waited for
    other.kill()
    other.wait()
    with RunLock.acquire(tmp_path) as lock:
        assert lock.previous is not None
        assert lock.previous.pid == other.pid
        assert lock.previous.alive is False


def test_a_dead_tuners_heir_is_waited_for(tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]) -> None:
    tuner = start("heir")
    tuner.kill()  # not reaped yet: a zombie is dead, too
    eventually(lambda: (held := holder(tmp_path)) is not None and held.alive is False)
    with pytest.raises(LockedError, match="has died"):
        RunLock.acquire(tmp_path)
    told: list[Holder | None] = []

    def end_heir(who: Holder | None) -> None:
        told.append(who)
        os.killpg(tuner.pid, 9)

    with RunLock.acquire(tmp_path, wait=60, on_wait=end_heir):
        assert [who.pid for who in told if who] == [tuner.pid]


def test_who_asks_is_not_in_the_way(tmp_path: Path) -> None:
    RunLock.acquire(tmp_path).release()
    asking = subprocess.Popen(
        [sys.executable, "-c", ASK, str(tmp_path)],
        stdout=subprocess.PIPE,
    )
    assert asking.stdout is not None
    try:
        asking.stdout.readline()
        for _ in range(50):
            RunLock.acquire(tmp_path).release()
    finally:
        asking.kill()
        asking.communicate()


def test_a_copied_run_does_not_inherit_the_token(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    with RunLock.acquire(old) as first:
        (new / "lock").write_bytes((old / "lock").read_bytes())
        with RunLock.acquire(new) as second:
            assert second.previous is None
            assert second.token != first.token


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"pid": 1}'])
def test_an_unreadable_lock_file_is_a_free_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lock").write_bytes(content)
    with RunLock.acquire(tmp_path) as lock:
        assert lock.previous is None
        assert json.loads((tmp_path / "lock").read_bytes())["pid"] == os.getpid()


def test_a_renamed_run_is_not_the_new_one(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with RunLock.acquire(run):
        run.rename(tmp_path / "kept")
        run.mkdir()
        with RunLock.acquire(run):
            pass


def test_a_folder_that_cannot_be_locked_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="No such file"):
        RunLock.acquire(tmp_path / "missing")
    (tmp_path / "lock").mkdir()
    with pytest.raises(RunError, match="directory"):
        RunLock.acquire(tmp_path)


def test_a_file_system_without_locks_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, kind: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(RunError, match="cannot be locked") as caught:
        RunLock.acquire(tmp_path)
    assert "--runs" in caught.value.remedy
