"""Real processes for the tests of the local executor and its watchdog."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hpotune.run.executor import AttemptId, ExecutorEvent, Exit, JobSpec, LaunchFailed, Lost, Output
from hpotune.run.local import LocalExecutor

SECONDS = 60.0  # generous: the machine may be busy; nothing waits this long unless it fails

# A trial that daemonises the classic way (double fork, setsid, no standard descriptors), writes the daemon's pid to
# argv[1], and goes on or ends. The daemon ignores TERM if argv says so.
DAEMONISE = """
import os, signal, sys, time
if "cleared" in sys.argv and "now" not in sys.argv:
    os.execve(sys.executable, [sys.executable, "-S", "-c", sys.orig_argv[3], *sys.argv[1:], "now"], {})
reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        if "deaf" in sys.argv:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        with open(sys.argv[1] + ".new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        os.write(writing, b"up")
        time.sleep(600)
    os._exit(0)
os.wait()
os.read(reading, 2)
if "stay" in sys.argv:
    time.sleep(600)
"""


def eventually(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat[stat.rindex(b")") + 2 :][:1] not in b"ZX"


def pid_in(path: Path) -> int:
    """The pid that a process writes to a file, once it is there."""
    eventually(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


class Trials:
    """Submits commands and collects what becomes of them."""

    def __init__(self, folder: Path, executor: LocalExecutor) -> None:
        self.folder = folder
        self.executor = executor
        self.events: list[ExecutorEvent] = []
        self._next = 0

    def spec(self, argv: Iterable[str], env: Mapping[str, str] | None = None, cwd: Path | None = None) -> JobSpec:
        identity = (self._next, 0, 0)
        self._next += 1
        base = self.folder / str(identity[0])
        return JobSpec(
            identity,
            tuple(argv),
            {**os.environ, **(env or {})},
            str(cwd or self.folder),
            f"{base}.out",
            f"{base}.err",
            f"{base}.metrics",
        )

    def submit(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> AttemptId:
        spec = self.spec(argv, env, cwd)
        self.executor.submit(spec)
        return spec.id

    def python(self, source: str, *arguments: str) -> AttemptId:
        return self.submit(sys.executable, "-S", "-c", source, *arguments)

    def wait_for(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end, f"it did not come to pass; so far: {self.events[-20:]}"
            self.events += self.executor.wait(0.05)

    def wait_for_output(self, attempt: AttemptId, text: bytes) -> None:
        self.wait_for(lambda: text in self.output(attempt))

    def end_of(self, attempt: AttemptId) -> Exit:
        ends = (Exit, LaunchFailed, Lost)
        self.wait_for(lambda: any(type(event) in ends and event.id == attempt for event in self.events))
        mine = [event for event in self.events if event.id == attempt]
        assert [type(event) in ends for event in mine] == [False] * (len(mine) - 1) + [True]
        assert isinstance(mine[-1], Exit), mine[-1]
        return mine[-1]

    def output(self, attempt: AttemptId, channel: str = "stdout") -> bytes:
        return b"".join(
            event.data
            for event in self.events
            if isinstance(event, Output) and event.id == attempt and event.channel == channel
        )
