"""The signals that ask a tuner to end, from the moment it holds a run until it lets go."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

# SIGUSR1 is `hpotune stop`: as the first Ctrl-C. SIGTERM and SIGHUP: as the second.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


class Signals:
    """Catches signals while it is entered. Those that come before anybody listens are kept for whoever does first."""

    def __init__(self) -> None:
        self._early: list[int] = []
        self._hear: Callable[[int], None] = self._early.append
        self._before: dict[int, Any] = {}

    def listen(self, hear: Callable[[int], None]) -> None:
        """From now on every signal is told to `hear`, which has to be safe in a signal handler."""
        self._hear = hear
        for number in self._early:
            hear(number)

    def ignore(self) -> None:
        """From now on signals do nothing: everything is ending already, and who heard them is being closed."""
        self._hear = _deaf

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            # What was ignored when we were started stays so: `nohup` outlives its terminal.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._hear(number)


def _deaf(number: int) -> None:
    del number
