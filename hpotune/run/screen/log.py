"""`LogScreen`: the tuner's log, for people who ask later what happened. Each line begins with the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History
from hpotune.run.screen.output import Output, message
from hpotune.summary import Notices, describe, printable

_PAUSE = 0.5  # seconds: short trials would have it written for each of them
_UNSAID = frozenset({ev.Reported, ev.TrialPlanned, ev.JobPlanned})


class LogScreen:
    """A screen that writes every line, to be run beside the one that the user sees."""

    def __init__(self, history: History, file: TextIO, clock: Callable[[], float] = time.time) -> None:
        """Write to `file` and close it in the end. `clock` gives seconds since the epoch."""
        self._history = history
        self._file = file
        self._output = Output(file)
        self._clock = clock
        self._notices = Notices()
        self._next_flush = 0.0
        self._second = -1
        self._stamp = ""

    def event(self, n: int, event: Event) -> None:
        """Write the event's line."""
        del n
        if type(event) in _UNSAID:
            return
        text = describe(event, self._history)
        if text is not None:
            self._line(text)
        for notice in self._notices.take(event, self._history):
            self._line(message(notice, "warning"))

    def say(self, text: str, *, level: str = "info") -> None:
        """Write a message."""
        self._line(message(printable(text), level))

    def tick(self, now: float) -> None:
        """Hand on what was written, now and then."""
        if now >= self._next_flush:
            self._next_flush = now + _PAUSE
            self._output.flush()

    def close(self, now: float) -> None:
        """Hand on the rest."""
        del now
        self._output.flush()
        self._file.close()

    def _line(self, text: str) -> None:
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        self._output.line(f"{self._stamp}  {text}")
