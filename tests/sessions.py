"""A run in virtual time that dies and is resumed, and what the laws compare of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from behaviour import behaviour
from virtual import ListJournal, SilentScreen

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History
from hpotune.run.simulator import Script, VirtualClock, VirtualExecutor, play
from hpotune.study import Study
from hpotune.tuner import Job, Ledger


class Session:
    """A run in virtual time, over as many sessions as it takes. `pattern`: one of `behaviour`, or what jobs do."""

    def __init__(self, study: Study, pattern: str | Callable[[Job], Script], *, flaky: bool = False) -> None:
        if pattern in ("some hang", "mixed") and study.trial.timeout is None and study.trial.stall_timeout is None:
            # A trial that hangs and may do so is none that a tuner can end.
            study = study.replace(trial={"timeout": 5, "grace": 1, "retries": study.trial.retries})
        self.study = study
        self.pattern = behaviour(pattern, flaky=flaky) if isinstance(pattern, str) else pattern
        self.journal = ListJournal()
        self.elapsed = 0.0

    def run(self, *, kill_after: int | None = None, signals: tuple[tuple[float, int], ...] = ()) -> History:
        """One session, from the journal as it is; `kill_after` events more, the tuner dies."""
        journal = self.journal
        journal.dies_at = None
        clock = VirtualClock()
        ledger = Ledger(journal, clock=clock, virtual=True)
        survived = journal.events[: journal.written]
        journal.events = list(survived)
        ledger.replay(survived)
        workers = self.study.workers or 1
        if not survived:
            ledger.append(ev.StudyStarted(ev.FORMAT, self.study.to_dict(), self.study.seed or 0))
            ledger.append(ev.Capacity(workers))
        else:
            self.elapsed = ledger.history.elapsed
            ledger.append(ev.StudyResumed([]))
            for number, job in list(ledger.history.open.items()):
                index = len(ledger.history.trials[number].jobs) - 1
                ledger.append(ledger.judged(ev.JobEnded(number, index, job.attempt, "interrupted", "tuner_died")))
        executor = VirtualExecutor(clock, workers, self.pattern)
        journal.dies_at = None if kill_after is None else len(journal.events) + kill_after
        limit = self.study.limits.time
        left = None if limit is None else max(0.0, limit - self.elapsed)
        play(ledger, executor, left, journal=journal, screen=SilentScreen(), signals=signals)
        assert executor.most_out <= workers, "more attempts out than there are places"
        assert not executor.running, "an attempt outlived its session"
        return ledger.history


def outcome(history: History) -> dict[int, Any]:
    """What law 3 compares."""
    return {
        trial.number: (
            json.dumps(trial.config, sort_keys=True),
            trial.state,
            trial.cause,
            [list(job.reports()) for job in trial.jobs],
        )
        for trial in history.trials
    }


def bare(events: list[Event]) -> list[Event]:
    """A journal without its measurements and late reports."""
    return [
        event._replace(measured=ev.NOTHING) for event in events if not (isinstance(event, ev.Reported) and event.late)
    ]
