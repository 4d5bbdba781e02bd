"""`Failures`: how attempts failed, alike ones counted together. The history keeps no messages, this a bounded few."""

from __future__ import annotations

from hpotune.causes import fingerprint
from hpotune.events import Event, JobEnded, JobPlanned
from hpotune.history import History
from hpotune.summary.words import cause_words

MAX_KINDS = 100
_MAX_MESSAGE = 4_000


class Failure:
    """One way in which attempts failed, with the first attempt that did.

    `seen` counts attempts, `trials` the trials that stand failed by it now; a retry or a resume takes a trial out.
    """

    __slots__ = ("attempt", "cause", "code", "job", "message", "seen", "signal", "trial", "trials")

    def __init__(self, event: JobEnded, cause: str) -> None:
        self.cause = cause
        self.code, self.signal = event.code, event.signal
        self.message = event.message[:_MAX_MESSAGE]
        self.trial, self.job, self.attempt = event.trial, event.job, event.attempt
        self.seen = 0
        self.trials = 0

    @property
    def words(self) -> str:
        """The cause in words: `exit code 1`."""
        return cause_words(self.cause, self.code, self.signal)


class Failures:
    """A fold beside the history's. Feed it each event after the history has taken it in."""

    def __init__(self) -> None:
        self.kinds: dict[str, Failure] = {}
        self._of: dict[int, Failure] = {}

    def take(self, event: Event, history: History) -> Failure | None:
        """Take in the next event. Returns the failure if it is the first of its kind."""
        if type(event) is JobEnded:
            if event.outcome == "failed" or history.trials[event.trial].state == "failed":
                return self._add(event, history)
        elif type(event) is JobPlanned and (event.attempt or event.job):
            self._release(event.trial)
        return None

    def of(self, trial: int) -> Failure | None:
        """How a trial failed; None if it did not."""
        return self._of.get(trial)

    def standing(self) -> list[Failure]:
        """The failures by which trials stand failed now, the most frequent first."""
        return sorted((kind for kind in self.kinds.values() if kind.trials), key=lambda kind: -kind.trials)

    def example(self, failure: Failure) -> int:
        """A trial that stands failed by this failure: the first that did, if it still does."""
        if self._of.get(failure.trial) is failure:
            return failure.trial
        return next((number for number, other in self._of.items() if other is failure), failure.trial)

    def _add(self, event: JobEnded, history: History) -> Failure | None:
        trial = history.trials[event.trial]
        cause = trial.cause if event.outcome != "failed" and trial.cause else event.cause or "exit"
        kind = fingerprint(cause, event.code, event.signal, event.message)
        failure = self.kinds.get(kind)
        is_new = failure is None and len(self.kinds) < MAX_KINDS
        if failure is None:
            failure = self._start(kind, cause, event)
        failure.seen += 1
        if trial.state == "failed":
            self._release(event.trial)
            failure.trials += 1
            self._of[event.trial] = failure
        return failure if is_new else None

    def _start(self, kind: str, cause: str, event: JobEnded) -> Failure:
        if len(self.kinds) >= MAX_KINDS:  # one more for each cause gathers the rest
            kind = cause
            event = event._replace(code=None, signal=None, message="")
        return self.kinds.setdefault(kind, Failure(event, cause))

    def _release(self, trial: int) -> None:
        failure = self._of.pop(trial, None)
        if failure is not None:
            failure.trials -= 1
