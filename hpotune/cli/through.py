"""The output of an attempt straight through, each line that gave the metric marked."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from hpotune.cli.streams import encoded
from hpotune.protocol import Entry
from hpotune.run.attempt import Attempt
from hpotune.run.executor import Channel

Describe = Callable[[Entry], str]


class Through:
    """A listener that hands output on as it comes, cut anywhere, and adds a mark to each line that gave reports."""

    def __init__(self, attempt: Attempt, describe: Describe) -> None:
        self.entries: list[Entry] = []
        self._attempt = attempt
        self._describe = describe
        self._due: dict[Channel, list[Entry]] = {"stdout": [], "stderr": [], "file": []}
        self._streams: dict[Channel, TextIO] = {"stdout": sys.stdout, "stderr": sys.stderr}
        self._midline: set[Channel] = set()

    def output(self, channel: Channel, data: bytes) -> None:
        """A further piece of a channel."""
        for piece in _lines(data):
            entries = list(self._attempt.feed(channel, piece, time.monotonic()))
            self.entries += entries
            self._due[channel] += entries
            self._pass_on(channel, piece)

    def close(self) -> None:
        """The end of all output: what only that completes is marked on lines of its own."""
        for channel in tuple(self._midline):
            self._pass_on(channel, b"\n")
        last = list(self._attempt.close())
        self.entries += last
        self._due["file"] += last
        self._mark_apart("file")

    def _pass_on(self, channel: Channel, piece: bytes) -> None:
        stream = self._streams.get(channel)
        if stream is None:  # the metrics file: nothing of it is shown but the marks
            self._mark_apart(channel)
            return
        body, end = (piece[:-1], b"\n") if piece.endswith(b"\n") else (piece, b"")
        stream.buffer.write(body)
        if end:
            if stream.isatty():
                stream.buffer.write(encoded("".join(self._marks(channel, "  \033[1;32m{}\033[0m")), stream))
            stream.buffer.write(end)
            self._midline.discard(channel)
        else:
            self._midline.add(channel)
        stream.flush()
        if end:
            self._mark_apart(channel)

    def _mark_apart(self, channel: Channel) -> None:
        for mark in self._marks(channel, "{}\n"):
            sys.stderr.write(mark)
        sys.stderr.flush()

    def _marks(self, channel: Channel, form: str) -> Iterator[str]:
        for entry in self._due[channel]:
            yield form.format(f"◀ {self._describe(entry)}")
        self._due[channel].clear()


def _lines(data: bytes) -> list[bytes]:
    """Pieces that end at a newline, and nowhere else: a carriage return ends no line on a terminal."""
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
