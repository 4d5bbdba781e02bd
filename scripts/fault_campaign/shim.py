"""The real program, but for one seam: `main(NAME NTH FRACTION RECORD -- run study.yaml ...)`.

At the NTH passage of the seam the process dies by SIGKILL (and leaves a file `stay-N`, so that its trials do not end by
themselves), or the system's error of the seam is raised. FRACTION says how much of a line is written where a write is
cut. Into the file RECORD a line is written at the strike, and at every further passage.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from fault_campaign.seams import CALL, SEAMS, Seam

CLOCK = "clock"  # in the place of a seam: the wall clock moves back and forth


def main() -> NoReturn:
    """Spoil what was asked for, then be `hpotune`."""
    name, nth, fraction, record, _, *words = sys.argv[1:]
    if name == CLOCK:
        _unsettle_clock(int(nth))
    else:
        _wrap(SEAMS[name], int(nth), float(fraction), Path(record))
    sys.argv = ["hpotune", *words]
    import_module("hpotune.cli").main()
    raise AssertionError("main exits")


def _wrap(seam: Seam, nth: int, fraction: float, record: Path) -> None:
    owner, name = _owner(seam.place)
    original = getattr(owner, name)
    passages = count(1)

    def strike() -> None:
        with record.open("a") as file:
            file.write("struck\n")
        if not seam.error:
            (record.parent / f"stay-{os.environ[CALL]}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(seam.error, os.strerror(seam.error))

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if seam.event and seam.event not in (type(each).__name__ for each in arguments):
            return original(*arguments, **named)
        passage = next(passages)
        if passage < nth:
            return original(*arguments, **named)
        if passage > nth:
            with record.open("a") as file:
                file.write("passed again\n")
            return original(*arguments, **named)
        if seam.when == "before":
            strike()
        if seam.when == "within":
            descriptor, data = arguments
            original(descriptor, bytes(data)[: _cut(bytes(data), fraction)])
            strike()
        result = original(*arguments, **named)
        strike()
        return result

    setattr(owner, name, wrapped)


def _owner(place: str) -> tuple[Any, str]:
    """What holds the function, and the function's name in it. A module that another one uses is copied for that one."""
    module, _, path = place.partition(":")
    owner: Any = import_module(module)
    *parts, name = path.split(".")
    for part in parts:
        held = getattr(owner, part)
        if isinstance(held, ModuleType):
            copy = ModuleType(part)
            vars(copy).update(vars(held))
            setattr(owner, part, copy)
            held = copy
        owner = held
    return owner, name


def _cut(data: bytes, fraction: float) -> int:
    """Where to cut, inside the last line: at least a byte of it is written, and at least one is not."""
    start = data.rfind(b"\n", 0, -1) + 1
    return start + 1 + int(fraction * (len(data) - start - 1))


def _unsettle_clock(seed: int) -> None:
    """Every look at the wall clock shows another time, up to ten years away, and often an earlier one than before."""
    rng = random.Random(seed)
    true: Callable[[], float] = time.time
    time.time = lambda: true() + rng.choice([0, 3600, -3600, 3e8, -3e8]) * rng.random()
