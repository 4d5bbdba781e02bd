"""The limits of time of the attempts that are out: when the next is due, at a cost that hardly grows with their number.

A heap of one entry for each attempt. A deadline moves only later (a trial that prints is not stalling), so an entry may
be too early and is put right when it comes to the top.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from itertools import count

from hpotune.run.attempt import Attempt, Verdict
from hpotune.study import TrialSettings


class Deadlines:
    """All deadlines, soonest first."""

    def __init__(self, limits: TrialSettings) -> None:
        self._limits = limits
        self._heap: list[tuple[float, int, Attempt]] = []
        self._count = count()

    def watch(self, attempt: Attempt) -> None:
        """An attempt has started."""
        due = [at for at, _ in attempt.deadlines(self._limits)]
        if due:
            heapq.heappush(self._heap, (min(due), next(self._count), attempt))

    def soonest(self) -> float:
        """When the next is due; inf: never."""
        heap = self._heap
        while heap:
            at, number, attempt = heap[0]
            due = min((due for due, _ in attempt.deadlines(self._limits)), default=None)
            if due is None:  # over, or being ended
                heapq.heappop(heap)
            elif due != at:
                heapq.heapreplace(heap, (due, number, attempt))
            else:
                return at
        return math.inf

    def due(self, now: float) -> Iterator[tuple[Attempt, Verdict]]:
        """The attempts that have gone over a limit by now, and which."""
        while self.soonest() <= now:
            _, _, attempt = heapq.heappop(self._heap)
            yield attempt, next(verdict for at, verdict in attempt.deadlines(self._limits) if at <= now)
