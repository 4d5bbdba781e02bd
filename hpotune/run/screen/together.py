"""`Together`: several screens as one, such as what the user sees and the log."""

from __future__ import annotations

from hpotune.events import Event
from hpotune.run.screen.base import Screen


class Together:
    """See `Screen`."""

    def __init__(self, *screens: Screen) -> None:
        self._screens = screens

    def event(self, n: int, event: Event) -> None:
        """Pass it on."""
        for screen in self._screens:
            screen.event(n, event)

    def say(self, text: str, *, level: str = "info") -> None:
        """Pass it on."""
        for screen in self._screens:
            screen.say(text, level=level)

    def tick(self, now: float) -> None:
        """Pass it on."""
        for screen in self._screens:
            screen.tick(now)

    def close(self, now: float) -> None:
        """Pass it on."""
        for screen in self._screens:
            screen.close(now)
