"""`kill -9` of the tuner: at the seams, and at random moments."""

from __future__ import annotations

import functools
import signal
import time
from collections.abc import Iterator
from random import Random

from fault_campaign import studies
from fault_campaign.case import Case, Complaint, Found, Missed
from fault_campaign.judge import DEATH, Judge, left_over
from fault_campaign.seams import KILLS
from fault_campaign.world import Running, Strike, World, eventually

WORKERS = (1, 2, 8)
_KILLED = -signal.SIGKILL


def cases(judge: Judge, moments: int) -> Iterator[Case]:
    """All of them, those of one fault in a row."""
    for name, seam in KILLS.items():
        area, _, place = name.partition(": ")
        for strategy in studies.NAMES:
            for workers in WORKERS:
                if studies.is_scheduled(strategy) or not seam.rungs:
                    do = functools.partial(_at_seam, judge, name, strategy, workers)
                    yield Case(f"kill during {area}", f"{place}/{strategy}/{workers}", strategy, do)
    for number in range(moments):
        strategy, workers = studies.NAMES[number % len(studies.NAMES)], WORKERS[number // len(studies.NAMES) % 3]
        do = functools.partial(_at_random, judge, strategy, workers)
        yield Case("kill at a random moment", f"{strategy}/{workers}/{number}", strategy, do)


def _at_seam(judge: Judge, name: str, strategy: str, workers: int, world: World, rng: Random) -> Found:
    seam = KILLS[name]
    world.study(strategy, workers)
    if seam.verb == "resume":
        tear(world, rng)
    before = world.journal()
    strike = Strike(name, seam.nth(workers, rng), rng.random())
    done = world.begin(strike=strike).end()
    if done.code == 0:
        raise Missed(f"passage {strike.nth} did not come")
    if done.code != _KILLED:
        return Found([Complaint("word", f"exit code {done.code} before it was killed: {done.err[-800:]}")])
    found = _dies(world, rng)
    if seam.verb == "resume":  # what was whole before the resume died, too
        after = world.journal()
        if not after.startswith(before[: before.rfind(b"\n") + 1]):
            found.append(Complaint("lost", "a resume that died has changed whole lines"))
    return Found([*found, *judge.goes_on(world)])


def tear(world: World, rng: Random) -> None:
    """Leave a journal whose last line is torn.

    Raises:
        Missed: the study was over before.
    """
    line = rng.randint(2, 8 if world.workers == 1 else 4)
    while not world.journal():  # it was killed before the journal had its name
        done = world.begin(strike=Strike("a line: between two bytes", line, rng.random())).end()
        if done.code != _KILLED:
            raise Missed(f"exit code {done.code}")
        line += 1


def _at_random(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    """Once or twice; more often in a row, and a trial that was there each time counts as failed."""
    world.study(strategy, workers)
    found: list[Complaint] = []
    before = b""
    for _ in range(rng.randint(1, 2)):
        running = world.begin()
        _some_moment(world, running, rng)
        done = running.kill()
        if done.code not in (_KILLED, 0):
            found.append(Complaint("word", f"exit code {done.code} before it was killed: {done.err[-800:]}"))
        if not world.journal().startswith(before[: before.rfind(b"\n") + 1]):
            found.append(Complaint("lost", "a resume that died has changed whole lines"))
        before = world.journal()
        found += _dies(world, rng)
    return Found([*found, *judge.goes_on(world)])


def _some_moment(world: World, running: Running, rng: Random) -> None:
    """Most are while the study runs, some while the program starts; how long that takes is the machine's affair."""
    if rng.random() < 0.2:
        time.sleep(rng.uniform(0.0, 1.0))
        return
    lines = world.journal().count(b"\n") + rng.randint(1, 30)
    eventually(lambda: running.over or world.journal().count(b"\n") >= lines, pause=0.001)
    time.sleep(rng.uniform(0.0, 0.03))


def _dies(world: World, rng: Random) -> list[Complaint]:
    """What the dead tuner left is ended by its watchdog (law 7); half of the time nobody waits for that."""
    return left_over(world, DEATH) if rng.random() < 0.5 else []
