"""Everything that a journal holds about one trial, in one pass: for `show` and `logs`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History, reading
from hpotune.summary import Ruling


@dataclass(slots=True)
class AttemptDetails:
    """One process of a job: why it was launched, what it reported and how it ended (None while it is out)."""

    planned: ev.JobPlanned
    started: ev.JobStarted | None = None
    reports: list[ev.Reported] = field(default_factory=list)
    ended: ev.JobEnded | None = None

    @property
    def job(self) -> int:
        """The number of the job."""
        return self.planned.job

    @property
    def attempt(self) -> int:
        """The number of the attempt."""
        return self.planned.attempt


@dataclass(slots=True)
class TrialDetails:
    """A trial's plan, its attempts in the order they were launched, and the decisions about it."""

    planned: ev.TrialPlanned
    attempts: list[AttemptDetails] = field(default_factory=list)
    decisions: list[Ruling] = field(default_factory=list)

    def find(self, job: int | None, attempt: int | None) -> AttemptDetails | None:
        """The newest attempt, or the newest that has these numbers; None if there is none."""
        for candidate in reversed(self.attempts):
            if job in {None, candidate.job} and attempt in {None, candidate.attempt}:
                return candidate
        return None


def gather(events: Iterable[Event], number: int) -> tuple[History, TrialDetails | None]:
    """Fold all events, and keep what is about trial `number`; None if it was never planned."""
    history = History()
    details: TrialDetails | None = None
    with reading(history):
        for event in events:
            history.fold(event)
            match event:
                case ev.TrialPlanned(trial=trial) if trial == number:
                    details = TrialDetails(event)
                case (
                    ev.JobPlanned()
                    | ev.JobStarted()
                    | ev.Reported()
                    | ev.JobEnded()
                    | ev.TrialPaused()
                    | ev.TrialPromoted()
                    | ev.TrialStopped()
                    | ev.CheckpointDropped()
                ) if event.trial == number and details is not None:
                    _enter(details, event)
    return history, details


def _enter(details: TrialDetails, event: ev.JobPlanned | ev.JobStarted | ev.Reported | ev.JobEnded | Ruling) -> None:
    match event:
        case ev.JobPlanned():
            details.attempts.append(AttemptDetails(event))
        case ev.TrialPaused() | ev.TrialPromoted() | ev.TrialStopped() | ev.CheckpointDropped():
            details.decisions.append(event)
        case ev.JobStarted() | ev.Reported() | ev.JobEnded():
            attempt = details.find(event.job, event.attempt)
            if attempt is None:
                return
            if isinstance(event, ev.Reported):
                attempt.reports.append(event)
            elif isinstance(event, ev.JobEnded):
                attempt.ended = event
            else:
                attempt.started = event
