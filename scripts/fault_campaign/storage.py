"""Disks that are full or fail, and clocks that jump."""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from fault_campaign import studies
from fault_campaign.case import Case, Complaint, Found, Missed
from fault_campaign.judge import DEATH, Judge, left_over, said, unchanged
from fault_campaign.kills import WORKERS, tear
from fault_campaign.processes import at_some_line
from fault_campaign.seams import ERRORS
from fault_campaign.shim import CLOCK
from fault_campaign.world import Strike, World, eventually

_TIMES = 2


def cases(judge: Judge) -> Iterator[Case]:
    """All of them, those of one fault in a row."""
    for name in ERRORS:
        fault, _, place = name.partition(": ")
        for strategy in studies.NAMES:
            for workers in WORKERS:
                do = functools.partial(_error, judge, name, strategy, workers)
                yield Case(fault, f"{place}/{strategy}/{workers}", strategy, do)
    faults: dict[str, Callable[[Judge, str, World, Random], Found]] = {
        "limit on the size of files": _size_limit,
        "the clock jumps": _clock,
    }
    if may_mount():
        faults |= {"disk full (tmpfs)": _disk_full, "file system becomes read-only": _read_only_system}
    for fault, do_ in faults.items():
        for number in range(_TIMES):
            for strategy in studies.NAMES:
                yield Case(fault, f"{strategy}/{number}", strategy, functools.partial(do_, judge, strategy))


def _error(judge: Judge, name: str, strategy: str, workers: int, world: World, rng: Random) -> Found:
    seam = ERRORS[name]
    world.study(strategy, workers)
    if seam.verb == "resume":
        tear(world, rng)
    done = world.begin(strike=Strike(name, seam.nth(workers, rng), rng.random())).end()
    if not world.record.exists():
        raise Missed("the passage did not come")
    found = [*said(done, 4, os.strerror(seam.error)), *left_over(world)]
    if "passed again" in world.record.read_text():
        found.append(Complaint("word", "what had failed was tried again"))
    return Found([*found, *judge.goes_on(world)])


def _size_limit(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    """RLIMIT_FSIZE: the journal is the one file that grows so far."""
    world.study(strategy, 1)
    running = world.begin()
    limit = rng.randint(3000, 7000)
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (limit, limit))
    done = running.end()
    if done.code == 0:
        raise Missed("the journal stayed below the limit")
    return Found([*said(done, 4, "File too large", "ulimit -f"), *left_over(world), *judge.goes_on(world)])


def _clock(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    """In both sessions; what is measured may be odd, nothing else."""
    world.study(strategy, 1, limits={"trials": studies.TRIALS, "time": "1h"})
    running = world.begin(strike=Strike(CLOCK, rng.randrange(10**6)))
    at_some_line(world, running, rng)
    running.kill()
    before = world.journal()
    done = world.begin(strike=Strike(CLOCK, rng.randrange(10**6))).end()
    return Found([*judge.resumed(world, done, before), *judge.ended(world, before)])


# File systems of our own


@functools.cache
def may_mount() -> bool:
    """Whether we may mount a small file system, to fill it."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    probe = tempfile.mkdtemp(prefix="faults-probe-")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "none", probe], check=False, capture_output=True)
    if mounted.returncode == 0:
        subprocess.run(["umount", probe], check=True)
    Path(probe).rmdir()
    return mounted.returncode == 0


@contextlib.contextmanager
def _file_system(world: World, options: str) -> Iterator[Callable[[str], None]]:
    """A file system in the place of `runs`; gives a function that changes its options."""
    place = world.folder / "runs"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], check=True)
    try:
        yield lambda changed: _remount(place, changed)
    finally:
        world.close()
        subprocess.run(["umount", place], check=True)


def _remount(place: Path, options: str) -> None:
    """A process in the middle of an exec is not told by its environment, and keeps the file system busy."""
    command = ["mount", "-o", f"remount,{options}", str(place)]
    if not eventually(lambda: subprocess.run(command, check=False, capture_output=True).returncode == 0, DEATH):
        raise RuntimeError(f"{place} could not be mounted again with {options}")


def _disk_full(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    """Trials write there, too, and fail if they cannot: their outcome is not what it would have been."""
    world.study(strategy, rng.choice([1, 2, 8]), trial={"retries": 2})
    with _file_system(world, f"size={rng.randint(6, 40) * 4}k") as remount:
        done = world.begin().end()
        if done.code in (0, 1):
            raise Missed("it was not full; or it was for trials, which failed, while the journal's last page had room")
        found = [*said(done, 4, "No space left on device"), *left_over(world)]
        remount("size=16m")
        return Found([*found, *judge.goes_on(world, law3=False)])


def _read_only_system(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    world.study(strategy, 1)
    with _file_system(world, "size=16m") as remount:
        running = world.begin()
        at_some_line(world, running, rng)
        running.kill()
        world.gone(DEATH)
        before = world.journal()
        remount("ro")
        done = world.begin().end()
        found = [*said(done, 4, "Read-only file system"), *left_over(world), *unchanged(world.run.journal, before)]
        remount("rw")
        return Found([*found, *judge.goes_on(world)])
