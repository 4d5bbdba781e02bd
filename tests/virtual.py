"""What the tests of the loop give it beside the simulator's parts: a journal that dies, and a screen that listens."""

from __future__ import annotations

from hpotune.events import Event


class Killed(BaseException):
    """The tuner dies here, as if by kill -9."""


class ListJournal:
    """A journal in memory that knows what would have survived a kill (`written`) and a crash (`flushed`)."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.written = 0
        self.flushed = 0
        self.flushes = 0
        self.dies_at: int | None = None

    def append(self, n: int, event: Event) -> None:
        assert n == len(self.events)
        if n == self.dies_at:
            raise Killed
        self.events.append(event)

    def write(self) -> None:
        self.written = len(self.events)

    def flush(self) -> None:
        if self.flushed < len(self.events):
            self.flushes += 1
        self.written = self.flushed = len(self.events)


class SilentScreen:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def event(self, n: int, event: Event) -> None:
        pass

    def say(self, text: str, *, level: str = "info") -> None:
        self.said.append(text)

    def tick(self, now: float) -> None:
        pass

    def close(self, now: float) -> None:
        pass
