"""Going on with a run: lock it, end what a dead tuner left, read and repair the journal, take in what has changed,
mark what was interrupted, and loop.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hpotune import events as ev
from hpotune.errors import RunError, UsageError
from hpotune.history import History, reading
from hpotune.journal import Holder, JournalReader, JournalWriter, RunLock, repair
from hpotune.journal.folder import RunFolder, read_events
from hpotune.journal.modes import as_private_as, make_private
from hpotune.run.fingerprint import changed_files
from hpotune.run.machine import fit_to_machine
from hpotune.run.orphans import end_holders
from hpotune.run.session import MakeScreen, Session, Source, copy_study, hashes_of
from hpotune.run.signals import Signals
from hpotune.strategies import complete
from hpotune.study import Study, compare
from hpotune.study.secrets import recorded
from hpotune.summary import printable
from hpotune.tuner import Finish, Ledger, versions

# Seconds beyond the grace in which a dead tuner's watchdog has ended the last trials.
_WATCHDOG_MARGIN = 10.0


@dataclass(frozen=True, slots=True)
class ResumePlan:
    """What a resume is about to do: trials that are done, to be run again, and left to plan (None: no limit)."""

    done: int
    again: int
    left: int | None
    changes: tuple[str, ...]
    idle: str | None  # why nothing is left to do, if nothing has changed either: the journal stays as it is


class Announcer(Protocol):
    """Who is told what a resume is about, before there is a screen."""

    def waiting(self, holder: Holder | None) -> None:
        """The lock outlived its tuner; its last trials are being ended."""
        ...

    def notice(self, text: str) -> None:
        """Something that the user should know."""
        ...

    def plan(self, plan: ResumePlan) -> None:
        """What will be done; nothing is launched before."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants of a resume.

    `load_again` gives the study as it shall be from now on, from where it came from and what it was. `retry_failed`
    lists the causes of failed trials that are to be run again.
    """

    load_again: Callable[[Source, Study], tuple[Study, Source]]
    retry_failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Past:
    """What the journal says of the earlier sessions, beyond the history."""

    source: Source
    hashes: ev.JsonObject
    elapsed: float


def resume(folder: RunFolder, wish: Wish, make_screen: MakeScreen, announce: Announcer) -> History:
    """Go on with a run and see it through.

    Raises:
        UsageError: the study has changed in a way that would make its old trials meaningless.
        RunError: the run cannot be used: locked, damaged, not writable.
    """
    with ExitStack() as closing:
        closing.enter_context(as_private_as(folder.path))
        acquired = RunLock.acquire(folder.path, wait=_patience(folder), on_wait=announce.waiting)
        lock, signals = closing.enter_context(acquired), closing.enter_context(Signals())
        session = Session(folder, lock, signals, make_screen)
        history = session.ledger.history
        reader = JournalReader(folder.journal)
        past = _read(session.ledger, reader, folder)
        if reader.tail.torn:
            kept = repair(folder.journal, reader.tail)
            announce.notice(f"the journal's last line was cut short; what there is of it is kept in {kept.name}")
        if lock.previous is not None and history.open:
            # Tuner and watchdog may have died together: then the trials of the last session still run.
            end_holders(lock.previous, history.study.trial.grace)
        study, source = wish.load_again(past.source, history.study)
        machine = fit_to_machine(complete(study, like=history.study), os.environ)
        hashes = hashes_of(machine.study, source)
        for name in changed_files(past.hashes, hashes):
            announce.notice(f"{name} has changed since the last session: earlier trials ran another version of it")
        changes = _changes(history.study, machine.study)
        if machine.study.private:
            make_private(folder.path)
        if changes and study.text is not None and source.study_file != folder.study_copy:
            copy_study(study.text, folder)  # what is gone on with, should the study file go away
        whole = recorded(machine.study).to_dict() if changes else None
        plan = _take_up(
            session.ledger,
            ev.StudyResumed(changes, whole, list(wish.retry_failed), versions(), hashes, source.measured()),
            machine.workers,
        )
        announce.plan(plan)
        if plan.idle is not None:
            return history
        with JournalWriter.open(folder.journal, reader.tail._replace(torn=0)) as writer:
            return session.run(machine, writer, past.elapsed)


def _read(ledger: Ledger, reader: JournalReader, folder: RunFolder) -> _Past:
    source, hashes = Source(folder.study_copy), ev.NOTHING
    for event in read_events(reader):
        with reading(ledger.history):
            ledger.replay((event,))
        if isinstance(event, ev.StudyStarted | ev.StudyResumed):
            measured = event.measured
            hashes = event.hashes
            source = Source(
                Path(measured.get("study_file", source.study_file)), tuple(measured.get("overrides", source.overrides))
            )
    return _Past(source, hashes, ledger.history.elapsed)


def _changes(old: Study, new: Study) -> list[ev.JsonObject]:
    """The changes of the study since its last session, as the journal keeps them.

    Raises:
        UsageError: with each change that is refused.
    """
    found = compare(old, new)
    if found.refused:
        lines = [f"  {change.path}: {change.old!r} → {change.new!r}" for change in found.refused]
        raise UsageError(
            "the study has changed in a way that its finished trials do not allow:\n" + "\n".join(lines),
            "undo these changes, or start a new run with `hpotune run --fresh` or `--name`",
        )
    return [{"path": change.path, "old": change.old, "new": change.new} for change in (*found.allowed, *found.warned)]


def _take_up(ledger: Ledger, resumed: ev.StudyResumed, workers: int) -> ResumePlan:
    """Append the resume and the end of every attempt that the last session did not see through."""
    history = ledger.history
    before = history.finished
    ledger.append(resumed)
    cut_off = list(history.open.items())
    for number, job in cut_off:
        index = len(history.trials[number].jobs) - 1
        ledger.append(ledger.judged(ev.JobEnded(number, index, job.attempt, "interrupted", "tuner_died")))
    if history.workers != workers:
        ledger.append(ev.Capacity(workers))
    again = history.dues.again + len(history.dues.unlaunched)
    limit = history.study.limits.trials
    # That no time is left is for the loop's clock to say; without a change it has said so before.
    action = Finish("time") if before == "time" and not resumed.changes else ledger.next_action()
    idle = None
    if isinstance(action, Finish) and action.why == before and not resumed.changes:
        idle = action.why
        ledger.enter(action)  # in memory, for the verdict
    return ResumePlan(
        done=len(history.trials) - again,
        again=again,
        left=None if limit is None else max(0, limit - len(history.trials)),
        changes=tuple(_words(change) for change in resumed.changes),
        idle=idle,
    )


def _words(change: ev.JsonObject) -> str:
    return f"{printable(change['path'])}: {change['old']!r} → {change['new']!r}"


def _patience(folder: RunFolder) -> float:
    """How long a lock that outlived its tuner is waited for: the run's own grace, and a little more."""
    try:
        return folder.study().trial.grace + _WATCHDOG_MARGIN
    except RunError:
        return _WATCHDOG_MARGIN
