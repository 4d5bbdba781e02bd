"""A program under watch: its memory, descriptors, threads and processor time, as the system counts them. Linux only."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

Row = tuple[str, str]  # of a table: what, and how much

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Sample(NamedTuple):
    """What a process has at a moment. `progress` is how far its journal had come, in bytes."""

    seconds: float
    resident: int  # bytes
    descriptors: int
    threads: int
    cpu: float  # seconds
    progress: int


class Ended(NamedTuple):
    """A program that has ended."""

    code: int
    seconds: float
    cpu: float  # of itself, without its trials, in seconds
    peak: int  # resident bytes
    samples: list[Sample]
    out: str


def run(
    arguments: Sequence[str], folder: Path, *, journal: Path | None = None, every: float = 0.5,
    env: Mapping[str, str] | None = None,
) -> Ended:  # fmt: skip
    """`hpotune ...` in a folder, watched to its end."""
    with (folder / "out").open("w+") as out:
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "hpotune", *arguments],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        samples: list[Sample] = []
        over = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, begun, journal, every, samples, over))
        watcher.start()
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            seconds = time.monotonic() - begun
            cpu = _cpu(process.pid)
        finally:
            over.set()
            watcher.join()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return Ended(process.returncode, seconds, cpu, _peak(samples, usage.ru_maxrss * 1024), samples, out.read())


def _peak(samples: list[Sample], children: int) -> int:
    """The system's own peak also counts the largest child that was waited for; the samples know better of a runner."""
    return max((sample.resident for sample in samples), default=children) if len(samples) > 20 else children


def _watch(
    pid: int, begun: float, journal: Path | None, every: float, samples: list[Sample], over: threading.Event
) -> None:
    while not over.wait(every):
        try:
            samples.append(_sample(pid, time.monotonic() - begun, journal))
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            return


def _sample(pid: int, seconds: float, journal: Path | None) -> Sample:
    process = Path(f"/proc/{pid}")
    resident = int((process / "statm").read_text().split()[1]) * _PAGE
    descriptors = len(os.listdir(process / "fd"))  # noqa: PTH208 - names alone
    threads = len(os.listdir(process / "task"))  # noqa: PTH208 - as above
    written = journal.stat().st_size if journal is not None and journal.exists() else 0
    return Sample(seconds, resident, descriptors, threads, _cpu(pid), written)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def reached(samples: Sequence[Sample], share: float) -> Sample:
    """The first sample at which the journal had come to a share of what it is at the end."""
    end = samples[-1].progress
    return next(sample for sample in samples if sample.progress >= share * end)


def around(samples: Sequence[Sample], share: float) -> list[Sample]:
    """The samples while the journal was within 5 % of a share of what it is at the end; at least the nearest."""
    end = samples[-1].progress
    near = [sample for sample in samples if abs(sample.progress - share * end) <= 0.05 * end]
    return near or [min(samples, key=lambda sample: abs(sample.progress - share * end))]


def growth(samples: Sequence[Sample], trials: int) -> float:
    """Resident bytes a trial: the slope of least squares over all samples from 10 % on."""
    end = samples[-1].progress
    points = [(trials * s.progress / end, s.resident) for s in samples if s.progress >= end / 10]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
