"""What the loop is given beside the executor and the screen: a clock, a journal, and what makes jobs startable."""

from __future__ import annotations

from typing import Protocol

from hpotune.run.executor import JobSpec
from hpotune.tuner import Job


class Clock(Protocol):
    """Seconds since the session began; never goes back."""

    def __call__(self) -> float:
        """The time now."""
        ...


class Journal(Protocol):
    """What the loop asks of the journal: safety against the death of the process, and of the machine."""

    def write(self) -> None:
        """Hand what was appended to the operating system."""
        ...

    def flush(self) -> None:
        """Bring what was appended to the disk."""
        ...


class Preparer(Protocol):
    """Turns a job into something that an executor can start."""

    def prepare(self, job: Job) -> JobSpec:
        """Make the attempt's folders and files."""
        ...

    def drop(self, trial: int) -> None:
        """Delete the trial's checkpoint; nothing waits for that."""
        ...
