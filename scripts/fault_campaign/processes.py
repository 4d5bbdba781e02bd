"""Signals to the tuner, ends of the processes around it, a second tuner, and folders that vanish."""

from __future__ import annotations

import contextlib
import functools
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from random import Random

import psutil

from fault_campaign import studies
from fault_campaign.case import Case, Complaint, Found, Missed
from fault_campaign.judge import DEATH, Judge, left_over, said
from fault_campaign.world import Running, World, eventually

_TIMES = 2
_ASKED = {
    "SIGTERM": [signal.SIGTERM],
    "SIGHUP": [signal.SIGHUP],
    "SIGINT": [signal.SIGINT],
    "SIGINT twice": [signal.SIGINT, signal.SIGINT],
    "SIGINT, SIGTERM": [signal.SIGINT, signal.SIGTERM],
}

Do = Callable[[Judge, str, int, World, Random], Found]


def cases(judge: Judge) -> Iterator[Case]:
    """All of them, those of one fault in a row."""
    asked: dict[str, Do] = {name: functools.partial(_asked, signals) for name, signals in _ASKED.items()}
    faults: dict[str, dict[str, Do]] = {
        "signal that asks the tuner to end": asked,
        "SIGSTOP, then SIGCONT to the tuner": {"": _stopped},
        "tuner and watchdog killed at once": {"": _both},
        "watchdog killed": {"": _watchdog, "then the tuner": _watchdog_then_tuner},
        "trial killed": {"": _trial, "its child, not itself": _child},
        "tuner killed while trials have daemons": {"": _daemons},
        "second tuner while the first lives": {"": _second},
        "two resumes at once after a kill": {"": _two_resumes},
        "trial's folder removed": {"before resume": _folder_before_resume, "while it runs": _folder_while_running},
    }
    for fault, ways in faults.items():
        for way, do in ways.items():
            for number in range(_TIMES):
                for place, strategy in enumerate(studies.NAMES):
                    workers = (1, 2, 8)[(number + place) % 3]
                    label = f"{way}/{strategy}/{workers}/{number}".removeprefix("/")
                    yield Case(fault, label, strategy, functools.partial(do, judge, strategy, workers))


def at_some_line(world: World, running: Running, rng: Random, most: int = 30) -> None:
    """Wait until the journal has some number of lines.

    Raises:
        Missed: the study was over before.
    """
    lines = rng.randint(3, most)
    eventually(lambda: running.over or world.journal().count(b"\n") >= lines)
    if running.over:
        raise Missed(f"{lines} lines did not come")


def _some_trial(world: World, running: Running, rng: Random) -> psutil.Process:
    """The leader of some trial that runs."""
    at_some_line(world, running, rng)
    leaders: list[psutil.Process] = []

    def look() -> bool:
        leaders[:] = [each for each in world.trial_processes() if _leads(each)]
        return bool(leaders) or running.over

    eventually(look)
    if not leaders:
        raise Missed("no trial ran any more")
    return rng.choice(leaders)


def _leads(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "train.py" in process.cmdline()
    return False


def _asked(
    signals: list[signal.Signals], judge: Judge, strategy: str, workers: int, world: World, rng: Random
) -> Found:
    world.study(strategy, workers, pause=0.1)
    running = world.begin()
    at_some_line(world, running, rng, most=12)
    for number in signals:
        running.process.send_signal(number)
        time.sleep(0.02)
    done = running.end()
    if done.code == 0:
        raise Missed("it was over")
    return Found([*said(done, 130, "hpotune resume"), *left_over(world), *judge.goes_on(world)])


def _stopped(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    world.study(strategy, workers)
    running = world.begin()
    at_some_line(world, running, rng)
    before = world.journal()
    running.process.send_signal(signal.SIGSTOP)
    time.sleep(rng.choice([0.1, 0.5, 2.0]))
    running.process.send_signal(signal.SIGCONT)
    done = running.end()
    return Found([*said(done, 0), *judge.ended(world, before)])


def _both(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    world.study(strategy, workers, pause=0.1)
    running = world.begin()
    at_some_line(world, running, rng, most=12)
    watchdogs = world.watchdogs()
    for watchdog in watchdogs:
        watchdog.suspend()
    running.kill()
    for watchdog in watchdogs:
        watchdog.kill()
    return Found(judge.goes_on(world))


def _watchdog(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    world.study(strategy, workers)
    running = world.begin()
    at_some_line(world, running, rng)
    before = world.journal()
    _kill_watchdogs(world)
    done = running.end()
    return Found([*said(done, 0), *judge.ended(world, before)])


def _kill_watchdogs(world: World) -> None:
    for watchdog in world.watchdogs():
        with contextlib.suppress(psutil.NoSuchProcess):
            watchdog.kill()


def _watchdog_then_tuner(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    """A successor may be there by then, or not yet: resume has to end what is left either way."""
    world.study(strategy, workers, pause=0.1)
    running = world.begin()
    at_some_line(world, running, rng, most=12)
    _kill_watchdogs(world)
    time.sleep(rng.choice([0.0, 0.3, 1.5]))
    running.kill()
    return Found(judge.goes_on(world))


def _trial(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    """It is tried again, and then its outcome is what it would have been."""
    world.study(strategy, workers, pause=0.05, trial={"retries": 3})
    running = world.begin()
    victim = _some_trial(world, running, rng)
    before = world.journal()
    with contextlib.suppress(psutil.NoSuchProcess):
        victim.kill()
    done = running.end()
    return Found([*said(done, 0), *judge.ended(world, before)])


def _child(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    """A child of the trial, not the trial itself: that goes on."""
    world.study(strategy, workers, pause=0.05, before=studies.WITH_A_CHILD)
    running = world.begin()
    at_some_line(world, running, rng, most=15)
    before = world.journal()
    for process in world.trial_processes():
        with contextlib.suppress(psutil.Error):
            if not _leads(process):
                process.kill()
    done = running.end()
    return Found([*said(done, 0), *judge.ended(world, before)])


def _daemons(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    """Processes that left their trial's group and session."""
    world.study(strategy, workers, pause=0.05, before=studies.WITH_A_DAEMON)
    running = world.begin()
    at_some_line(world, running, rng, most=15)
    running.kill()
    found = left_over(world, DEATH)
    return Found([*found, *judge.goes_on(world)])


def _second(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    """The trials of the first wait until both ways to start a second have been tried."""
    world.study(strategy, workers, before=studies.GATED)
    running = world.begin()
    at_some_line(world, running, rng, most=4)
    before = world.journal()
    resumed, again = world.start("resume", str(world.run.path)), world.start("run", "study.yaml")
    found = said(resumed.end(), 4, f"process {running.pid}", "hpotune stop") + said(again.end(), 2, "resume")
    (world.folder / "go").touch()
    done = running.end()
    return Found([*found, *said(done, 0), *judge.ended(world, before)])


def _two_resumes(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    world.study(strategy, workers)
    running = world.begin()
    at_some_line(world, running, rng)
    running.kill()
    before = world.journal()
    both = [world.begin(), world.begin()]
    ends = [each.end() for each in both]
    found = []
    if all(end.code != 0 for end in ends):
        found.append(Complaint("not resumed", f"{ends}"))
    for end in ends:
        found += said(end, 0) if end.code == 0 else said(end, 4, "in use by")
    return Found([*found, *judge.ended(world, before)])


def _folder_before_resume(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    """Its checkpoints are gone with it; the script begins anew, and comes to the same."""
    world.study(strategy, workers)
    running = world.begin()
    at_some_line(world, running, rng)
    running.kill()
    world.gone(DEATH)
    folders = sorted((world.run.path / "trials").glob("*"))
    if not folders:
        raise Missed("no trial has a folder")
    shutil.rmtree(rng.choice(folders))
    return Found(judge.goes_on(world))


def _folder_while_running(judge: Judge, strategy: str, workers: int, world: World, rng: Random) -> Found:
    """If the trial runs, it fails, as its checkpoint cannot be written: an outcome of its own."""
    world.study(strategy, workers, pause=0.03, trial={"retries": 2})
    running = world.begin()
    at_some_line(world, running, rng)
    before = world.journal()
    folders = sorted((world.run.path / "trials").glob("*"))
    if not folders:
        raise Missed("no trial has a folder")
    shutil.rmtree(rng.choice(folders), ignore_errors=True)
    done = running.end()
    found = said(done, 0)
    if world.run.history().finished is None:
        found += judge.goes_on(world, law3=False)
    return Found([*found, *judge.ended(world, before, law3=False)])
