"""What an attempt that failed has left behind: its cause, and what the user should read first about it."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hpotune.causes import Cause
from hpotune.protocol.diagnosis import diagnose
from hpotune.run.executor import Exit

_TAIL: Final = 8192  # bytes of a log in which its last lines are looked for
_SHELL: Final = (
    128  # a shell, or a launcher like one, exits with this plus the number of the signal that ended its child
)
_MOST_SIGNALS: Final = 65
_WRAPPED: Final = 256  # a Python program that exits with its child's return code, -9, gives 247

# Signals that a program does not send itself: a person, a scheduler or the kernel did.
_FROM_OUTSIDE: Final = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT})
_CRASHES: Final = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS, signal.SIGTRAP}
)


def cause_of(exited: Exit, errors: Sequence[str]) -> Cause:
    """Why an attempt failed that no limit of time has ended, by its exit and the last lines of its standard error."""
    if exited.over_memory:
        return "memory_limit"
    said = diagnose(errors)
    if said is not None and said.cause == "gpu_oom":
        return said.cause
    if exited.oom:
        return "oom"
    number = exited.signal if exited.signal is not None else passed_on(exited.code)
    if number in _FROM_OUTSIDE:
        return "killed"
    if number is None or (said is not None and said.cause == "oom"):  # an abort is how C++ ends for want of memory
        return said.cause if said is not None else "exit"
    return "signal"


def passed_on(code: int | None) -> int | None:
    """The signal that an exit code stands for, if a process in between has passed it on: 137, or 247 for -9."""
    code = code or 0
    number = code - _SHELL if code < _SHELL + _MOST_SIGNALS else _WRAPPED - code
    return number if number in _CRASHES or number in _FROM_OUTSIDE else None


def last_lines(path: str) -> list[str]:
    """The last lines of a log; none if it is not there."""
    try:
        with Path(path).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode(errors="replace").splitlines()
    except OSError:  # a failure without its log is told all the same
        return []
