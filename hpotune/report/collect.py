"""`collect`: one pass over a run's events, for the history and for what a report wants beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpotune import events as ev
from hpotune.errors import RunError
from hpotune.events import Event
from hpotune.history import History, reading
from hpotune.summary import Failures, Tally


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session: what it was made with, when it began (seconds since the epoch), and on which host, where known."""

    versions: Mapping[str, Any] = field(hash=False)
    time: float | None
    host: str | None


class Messages:
    """What the history does not keep: how trials failed, the sessions, where the study file is. Bounded in size."""

    def __init__(self) -> None:
        self.failures = Failures()
        self.tally = Tally()
        self.sessions: list[SessionFacts] = []
        self.study_file: Path | None = None

    def take(self, event: Event, history: History) -> None:
        """Take in an event that the history has taken in."""
        kind = type(event)
        if kind is ev.Reported:  # most of them are: nothing is kept of those
            return
        self.tally.take(event)
        if kind is ev.JobEnded or kind is ev.JobPlanned:
            self.failures.take(event, history)
        elif isinstance(event, ev.StudyStarted | ev.StudyResumed):
            measured = event.measured
            self.sessions.append(SessionFacts(event.versions, measured.get("time"), measured.get("host")))
            if (file := measured.get("study_file")) is not None:
                self.study_file = Path(file)


def collect(events: Iterable[Event]) -> tuple[History, Messages]:
    """Fold a run's events.

    Raises:
        RunError: there are none.
    """
    history, messages = History(), Messages()
    fold, take = history.fold, messages.take
    with reading(history):
        for event in events:
            fold(event)
            take(event, history)
    if history.n < 0:
        raise RunError("the run's journal is empty", "the run was never started: `hpotune run` starts it")
    return history, messages
