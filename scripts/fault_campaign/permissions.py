"""The right to write, taken away. Root, to whom nothing is forbidden, gives up that capability for such a case."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from fault_campaign import studies
from fault_campaign.case import Case, Found, Missed
from fault_campaign.judge import DEATH, Judge, left_over, said, unchanged
from fault_campaign.processes import at_some_line
from fault_campaign.world import World

_OVERRIDES = "-dac_override,-dac_read_search"
_HUMBLE = ("setpriv", f"--bounding-set={_OVERRIDES}", f"--inh-caps={_OVERRIDES}")
_TIMES = 2


def cases(judge: Judge) -> Iterator[Case]:
    """All of them; none where nothing can be refused to us."""
    if not may_be_refused():
        return
    what: dict[str, Callable[[Judge, str, World, Random], Found]] = {
        "run folder": _read_only_folder,
        "journal": _read_only_journal,
        "folder of trials": _read_only_trials,
    }
    for place, do in what.items():
        for number in range(_TIMES):
            for strategy in studies.NAMES:
                bound = functools.partial(do, judge, strategy)
                yield Case("write permission taken away", f"{place}/{strategy}/{number}", strategy, bound)


def may_be_refused() -> bool:
    """Whether permissions hold for us, or can be made to."""
    return os.geteuid() != 0 or shutil.which("setpriv") is not None


def _humble(world: World, strategy: str) -> None:
    world.study(strategy, 1)
    if os.geteuid() == 0:
        world.prefix = _HUMBLE


def _interrupted(world: World, strategy: str, rng: Random) -> None:
    """A run that was killed at some line."""
    _humble(world, strategy)
    running = world.begin()
    at_some_line(world, running, rng)
    running.kill()
    world.gone(DEATH)


def _read_only_folder(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    _interrupted(world, strategy, rng)
    paths = [world.run.path, *world.run.path.rglob("*")]
    return _without_permission(judge, world, {path: 0o555 if path.is_dir() else 0o444 for path in paths})


def _read_only_journal(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    _interrupted(world, strategy, rng)
    return _without_permission(judge, world, {world.run.journal: 0o444})


def _without_permission(judge: Judge, world: World, modes: dict[Path, int]) -> Found:
    before = world.journal()
    was = {path: path.stat().st_mode for path in modes}
    for path, mode in modes.items():
        path.chmod(mode)
    done = world.begin().end()
    for path, mode in was.items():
        path.chmod(mode)
    found = [*said(done, 4, "Permission denied"), *left_over(world), *unchanged(world.run.journal, before)]
    return Found([*found, *judge.goes_on(world)])


def _read_only_trials(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    """While it runs: no new trial can get its folder."""
    _humble(world, strategy)
    running = world.begin()
    at_some_line(world, running, rng, most=20)
    trials = world.run.path / "trials"
    trials.chmod(0o555)
    done = running.end()
    trials.chmod(0o755)
    if done.code == 0:
        raise Missed("all trials had their folders")
    return Found([*said(done, 4, "Permission denied"), *left_over(world), *judge.goes_on(world)])
