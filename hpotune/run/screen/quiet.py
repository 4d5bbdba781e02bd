"""The quiet screen: warnings and errors alone."""

from __future__ import annotations

from typing import TextIO

from hpotune.events import Event
from hpotune.run.screen.output import Output, message
from hpotune.summary import printable


class Quiet:
    """See `Screen`."""

    def __init__(self, stderr: TextIO) -> None:
        self._output = Output(stderr)

    def event(self, n: int, event: Event) -> None:
        """Nothing is shown."""

    def say(self, text: str, *, level: str = "info") -> None:
        """Show what is not mere information."""
        if level != "info":
            self._output.line(message(printable(text), level))
            self._output.flush()

    def tick(self, now: float) -> None:
        """Nothing is shown."""

    def close(self, now: float) -> None:
        """Nothing is shown."""
