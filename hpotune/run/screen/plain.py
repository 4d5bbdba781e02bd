"""The screen without a terminal: lines that a CI log can carry.

Every finished trial has its line while they come slowly enough to be read; of a flood only new bests, failures and a
count are shown. A line with the progress comes now and then, more and more seldom.
"""

from __future__ import annotations

from typing import TextIO

from hpotune import events as ev
from hpotune.events import Event
from hpotune.run.screen.output import Output, message
from hpotune.run.screen.watch import Watch
from hpotune.summary import (
    Failure,
    count_text,
    describe,
    describe_study,
    printable,
    progress_text,
)

_ALWAYS = (ev.StudyResumed, ev.SpaceExhausted, ev.TimerFired)
_FIRST_PROGRESS, _LONGEST_PAUSE = 30.0, 600.0  # seconds between two lines of progress: 30, 45, 68 ... 600
_COUNT_EVERY = 5.0  # seconds between two counts of what a flood left out


class Allowance:
    """How many lines may be written: `burst` at once, then `rate` a second."""

    def __init__(self, burst: float, rate: float) -> None:
        self._burst, self._rate = burst, rate
        self._left, self._at = burst, 0.0

    def take(self, now: float) -> bool:
        """Whether one more may be written now."""
        if now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Plain:
    """See `Screen`."""

    def __init__(self, watch: Watch, stderr: TextIO) -> None:
        self._watch = watch
        self._history = watch.history
        self._output = Output(stderr)
        self._ordinary = Allowance(20, 1)
        self._notable = Allowance(20, 1)
        self._left_out = 0
        self._counted_at = 0.0
        self._pause = _FIRST_PROGRESS
        self._next_progress = _FIRST_PROGRESS
        self._began = False

    def event(self, n: int, event: Event) -> None:
        """Write the line of an event that has one; it leaves at the next tick."""
        del n
        failure = self._watch.take(event)
        if type(event) is ev.JobEnded:
            if failure is not None or self._readable(event):
                self._line(event)
            else:
                self._left_out += 1
            if failure is not None:
                self._end_of_log(failure)
            if self._watch.notices:
                self._say_notices()
        elif isinstance(event, _ALWAYS):
            self._begin()
            self._line(event)

    def say(self, text: str, *, level: str = "info") -> None:
        """Show a message at once."""
        self._output.line(message(printable(text), level))
        self._output.flush()

    def tick(self, now: float) -> None:
        """Write what is due: counts and progress."""
        self._watch.now = now
        self._begin()
        if self._left_out and now - self._counted_at >= _COUNT_EVERY:
            self._count(now)
        if now >= self._next_progress:
            self._output.line(progress_text(self._watch.progress(), self._history))
            self._pause = min(1.5 * self._pause, _LONGEST_PAUSE)
            self._next_progress = now + self._pause
        self._output.flush()

    def close(self, now: float) -> None:
        """Write how far it came; how it ended is the caller's to say."""
        self._watch.now = now
        self._begin()
        if self._left_out:
            self._count(now)
        self._output.line(progress_text(self._watch.progress(), self._history))
        self._output.flush()

    def _begin(self) -> None:
        if self._began or not self._history.workers:
            return
        self._began = True
        workers = count_text(self._history.workers, "worker")
        self._output.line(f"{describe_study(self._history)}  {workers}")
        self._output.line(f"run folder {self._watch.run_path()}")

    def _readable(self, event: ev.JobEnded) -> bool:
        """Whether one more line can still be read. New bests and failures have a share of their own."""
        at = max(event.measured.get("at", 0.0), self._watch.now)
        best = self._history.best
        is_notable = event.outcome == "failed" or (best is not None and best.number == event.trial)
        return self._ordinary.take(at) or (is_notable and self._notable.take(at))

    def _line(self, event: Event) -> None:
        self._begin()
        text = describe(event, self._history)
        if text is not None:
            self._output.line(text)

    def _count(self, now: float) -> None:
        self._output.line(f"… and {count_text(self._left_out, 'further trial')} ended")
        self._left_out = 0
        self._counted_at = now

    def _say_notices(self) -> None:
        for notice in self._watch.notices:
            self._output.line(message(notice, "warning"))
        self._watch.notices.clear()

    def _end_of_log(self, failure: Failure) -> None:
        """A kind of failure seen for the first time is shown with the end of its log; there are few kinds."""
        block = self._watch.block(failure)
        for line in (block.head, *(f"| {line}" for line in block.lines)):
            self._output.line(f"  {line}")
