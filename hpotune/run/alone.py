"""Attempts outside of any run: started as a run starts them, one at a time, in a temporary folder that does not stay.

`try` and `check-resume` stand on it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from hpotune.errors import UsageError
from hpotune.events import JobEnded
from hpotune.journal import RunLock
from hpotune.journal.folder import RunFolder
from hpotune.protocol import Entry
from hpotune.run.attempt import Attempt, Reading
from hpotune.run.executor import Channel, Executor, Exit, JobSpec, LaunchFailed, Output, Started
from hpotune.run.launch import Launcher
from hpotune.run.local import LocalExecutor
from hpotune.run.machine import Machine
from hpotune.study import Study
from hpotune.tuner import Job

_LONGEST_WAIT = 3600.0


class Listener(Protocol):
    """What an attempt's output is handed to."""

    def output(self, channel: Channel, data: bytes) -> None:
        """A further piece of a channel."""

    def close(self) -> None:
        """The end of all output."""


class Collector:
    """A listener that keeps the reports and shows nothing."""

    def __init__(self, attempt: Attempt) -> None:
        self.entries: list[Entry] = []
        self._attempt = attempt

    def output(self, channel: Channel, data: bytes) -> None:
        """See Listener."""
        self.entries += self._attempt.feed(channel, data, time.monotonic())

    def close(self) -> None:
        """See Listener."""
        self.entries += self._attempt.close()


class Bench:
    """Where attempts are run one after another. Every name stands for a folder of its own, as that of a run."""

    def __init__(self, machine: Machine, folder: Path, lock: RunLock, executor: Executor) -> None:
        self._study = machine.study
        self._folder = folder
        self._token = lock.token
        self._executor = executor

    def prepare(self, job: Job, name: str = "run") -> JobSpec:
        """Make the folders and files of an attempt. Jobs of one trial and name share their checkpoint.

        Raises:
            RunError: a folder or file cannot be written.
        """
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        return Launcher(self._study, RunFolder(folder), self._token, os.environ).prepare(job)

    def attempt(self, spec: JobSpec, job: Job) -> Attempt:
        """The attempt that a prepared job is about to become."""
        return Attempt(job, Reading(self._study), spec)

    def run(self, spec: JobSpec, attempt: Attempt, listener: Listener) -> JobEnded:
        """Run an attempt to its end; its limits of time hold.

        Raises:
            UsageError: it cannot be started.
        """
        return _run_through(self._executor, spec, attempt, self._study, listener)


@contextmanager
def bench(machine: Machine) -> Iterator[Bench]:
    """A temporary folder and one place to run attempts; whatever still runs at the end is ended.

    Raises:
        RunError: the watchdog cannot be started.
    """
    with TemporaryDirectory(prefix="hpotune-") as temporary, RunLock.acquire(Path(temporary)) as lock:
        grace = machine.study.trial.grace
        executor = LocalExecutor(1, slots=machine.slots, token=lock.token, grace=grace, lock_fd=lock.fd)
        try:
            yield Bench(machine, Path(temporary), lock, executor)
        finally:
            executor.close(grace)


def _run_through(executor: Executor, spec: JobSpec, attempt: Attempt, study: Study, listener: Listener) -> JobEnded:
    executor.submit(spec)
    while True:
        soonest = min(attempt.deadlines(study.trial), default=None)
        wait = _LONGEST_WAIT if soonest is None else max(0.0, soonest[0] - time.monotonic())
        for event in executor.wait(wait):
            match event:
                case Started():
                    attempt.start(time.monotonic())
                case Output(channel=channel, data=data):
                    listener.output(channel, data)
                case LaunchFailed(message=message):
                    raise UsageError(f"the command cannot be started: {message}", f"it was: {' '.join(spec.argv)}")
                case Exit():
                    listener.close()
                    return attempt.ended(event)
        if soonest is not None and time.monotonic() >= soonest[0] and not attempt.cancelled:
            attempt.verdict, attempt.cancelled = soonest[1], True
            executor.cancel(spec.id, study.trial.grace)
