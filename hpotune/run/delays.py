"""The failed jobs that are to be tried again only after a while."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

from hpotune.run.executor import AttemptId


class Delays:
    """All wait equally long (seconds), so the one that failed first is due first."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._queue: deque[tuple[float, AttemptId]] = deque()

    def begin(self, id: AttemptId, now: float) -> None:  # noqa: A002 - the field's name
        """An attempt has failed; the next of its job is to wait."""
        self._queue.append((now + self._delay, id))

    def soonest(self) -> float:
        """When the next is due; inf: never."""
        return self._queue[0][0] if self._queue else math.inf

    def due(self, now: float) -> Iterator[AttemptId]:
        """Those that have waited long enough by now."""
        while self.soonest() <= now:
            yield self._queue.popleft()[1]
