"""The screen for scripts: each event as the JSON line that it is in the journal, without the checksum."""

from __future__ import annotations

import json
from typing import TextIO

from hpotune.events import Event, encode
from hpotune.run.screen.output import Output, message
from hpotune.summary import printable

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class JsonLines:
    """See `Screen`. Events go to the standard output, which carries nothing else; messages to the standard error."""

    def __init__(self, stdout: TextIO, stderr: TextIO) -> None:
        self._events = Output(stdout)
        self._messages = Output(stderr)

    def event(self, n: int, event: Event) -> None:
        """Write the event."""
        self._events.line(_encode(encode(n, event)))

    def say(self, text: str, *, level: str = "info") -> None:
        """Show the message."""
        self._messages.line(message(printable(text), level))
        self._messages.flush()

    def tick(self, now: float) -> None:
        """Hand on what was written since the last time."""
        del now
        self._events.flush()

    def close(self, now: float) -> None:
        """Hand on the rest."""
        del now
        self._events.flush()
