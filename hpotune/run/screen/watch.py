"""`Watch`: what a screen remembers of a session beside the history, and the blocks of text that it shows of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History
from hpotune.journal.folder import RunFolder
from hpotune.run.screen.log_tail import log_tail
from hpotune.summary import Failure, Failures, Notices, Progress, printable, progress, shortened

MAX_BLOCKS = 20  # failures shown with the end of their log; later kinds get a line


class Block(NamedTuple):
    """A failure to be shown at once: what happened, what the lines below are and where the rest is, and the lines."""

    title: str
    head: str
    lines: list[str]


class Watch:
    """A fold of a session's events; each costs a few microseconds at most."""

    def __init__(self, history: History, folder: RunFolder, failures: Failures | None = None) -> None:
        self.history = history
        self.folder = folder
        self.failures = failures or Failures()
        self.now = 0.0  # seconds since the session began
        self.started: dict[int, float] = {}  # when the running attempts began, by trial
        self.notices: list[str] = []  # to be said; whoever says them clears the list
        self._blocks = 0
        self._notices = Notices()
        self._before = history.elapsed if history.n >= 0 else 0.0

    def take(self, event: Event) -> Failure | None:
        """Take in an event that the history has taken in. Returns a failure of a kind not seen before."""
        handler = _HANDLERS.get(type(event))
        return None if handler is None else handler(self, event)

    def elapsed(self) -> float:
        """The running time of all sessions, in seconds."""
        return self._before + self.now

    def ran(self) -> dict[int, float]:
        """How long the running attempts have been at it, in seconds, by trial."""
        return {trial: max(self.now - began, 0.0) for trial, began in self.started.items()}

    def progress(self) -> Progress:
        """How far the study is now."""
        return progress(self.history, self.elapsed(), self.ran())

    def run_path(self) -> str:
        """The run's folder, the shorter way to write it."""
        return short_path(self.folder.path)

    def block(self, failure: Failure) -> Block:
        """A failure with the end of what its attempt wrote; reads a file."""
        self._blocks += 1
        title = f"trial {failure.trial} failed: {failure.words}"
        attempt = self.folder.attempt(failure.trial, failure.job, failure.attempt)
        errors, output = attempt / "stderr.log", attempt / "stdout.log"
        message = [shortened(printable(line.expandtabs(4)), 240) for line in failure.message.splitlines()[:8]]
        if failure.cause == "no_metric":
            name = printable(self.history.study.metric.name)
            if not message:
                return Block(title, f"nothing in {short_path(output)} looks like {name}=<number>", [])
            return Block(title, f"the lines of {short_path(output)} that come nearest to {name}=<number>:", message)
        if self._blocks > MAX_BLOCKS:
            return Block(title, short_path(errors), [])
        for path in (errors, output):
            if lines := log_tail(path):
                return Block(title, f"the end of {short_path(path)}:", lines)
        if message:
            return Block(title, "", message)
        return Block(title, f"it wrote nothing: {short_path(errors)}", [])

    def _session_began(self, event: ev.StudyStarted | ev.StudyResumed) -> None:
        self._before = self.history.elapsed - event.measured.get("at", 0.0)
        self.started.clear()

    def _job_planned(self, event: ev.JobPlanned) -> None:
        self.failures.take(event, self.history)

    def _job_started(self, event: ev.JobStarted) -> None:
        self.started[event.trial] = event.measured.get("at", self.now)

    def _job_ended(self, event: ev.JobEnded) -> Failure | None:
        self.started.pop(event.trial, None)
        if event.notes:
            self.notices += self._notices.take(event, self.history)
        return self.failures.take(event, self.history)


_HANDLERS: dict[type[Event], Callable[[Watch, Any], Failure | None]] = {
    ev.StudyStarted: Watch._session_began,  # noqa: SLF001 - a table of the class's own methods
    ev.StudyResumed: Watch._session_began,  # noqa: SLF001
    ev.JobPlanned: Watch._job_planned,  # noqa: SLF001
    ev.JobStarted: Watch._job_started,  # noqa: SLF001
    ev.JobEnded: Watch._job_ended,  # noqa: SLF001
}


def short_path(path: Path) -> str:
    """A path, relative to the current folder if that is shorter."""
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):
        relative = str(path)
    return printable(min(relative, str(path), key=len))
