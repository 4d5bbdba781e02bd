"""The moments that a session waits for: limits of time, of the study and of attempts, and what is put off."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from hpotune import events as ev
from hpotune.run.attempt import Attempt
from hpotune.run.deadlines import Deadlines
from hpotune.run.delays import Delays
from hpotune.run.executor import AttemptId
from hpotune.study import TrialSettings

_SHORTAGE: Final = 1.0  # seconds without a launch after one that the machine was short of something for
_SILENCE: Final = 60.0  # seconds after which a journal under a time limit notes the time, should the tuner die


class Timers:
    """All times are the session's clock's, in seconds.

    Args:
        settings: the limits of time of an attempt, and the delay of a retry.
        time_limit: when the study's own limit is reached; None without one.
    """

    def __init__(self, settings: TrialSettings, time_limit: float | None = None) -> None:
        self.time_limit = time_limit
        self._deadlines = Deadlines(settings)
        self._delays = Delays(settings.retries.delay)
        self._short_until = -math.inf

    def watch(self, attempt: Attempt) -> None:
        """An attempt has started."""
        self._deadlines.watch(attempt)

    def put_off(self, id: AttemptId, now: float) -> None:  # noqa: A002 - the field's name
        """The next attempt of this one's job is to wait."""
        self._delays.begin(id, now)

    def shortage(self, now: float) -> None:
        """The machine is short of something: no launch for a moment."""
        self._short_until = now + _SHORTAGE

    def is_short(self, now: float) -> bool:
        """Whether no launch should be tried."""
        return now < self._short_until

    def overdue(self, now: float) -> bool:
        """Whether an attempt has gone over a limit, as far as is known."""
        return self._deadlines.soonest() <= now

    def soonest(self, now: float) -> float:
        """When something is due next; inf: never."""
        short = self._short_until if self.is_short(now) else math.inf
        limit = math.inf if self.time_limit is None else self.time_limit
        return min(self._deadlines.soonest(), self._delays.soonest(), limit, short)

    def due(self, now: float, noted: float) -> Iterator[tuple[ev.TimerFired, Attempt | None]]:
        """What is due by now, with the attempt that is over a limit. `noted`: the time of the last event."""
        if self.time_limit is not None and now >= self.time_limit:
            self.time_limit = None
            yield ev.TimerFired("time_limit"), None
        if self.time_limit is not None and now >= noted + min(_SILENCE, self.time_limit / 20):
            yield ev.TimerFired("heartbeat"), None
        for attempt, verdict in self._deadlines.due(now):
            attempt.verdict = verdict
            yield ev.TimerFired(verdict, *attempt.job.id), attempt
        for id_ in self._delays.due(now):
            yield ev.TimerFired("retry", *id_), None
