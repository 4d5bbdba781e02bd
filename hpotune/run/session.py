"""A session of a run: its parts, how they come to life, and how a first session starts."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpotune import events as ev
from hpotune.errors import RunError, StudyError
from hpotune.events import Event
from hpotune.history import History
from hpotune.journal import JournalWriter, RunLock
from hpotune.journal.folder import RunFolder
from hpotune.journal.modes import as_private_as, make_private
from hpotune.run.fingerprint import fingerprint
from hpotune.run.launch import Launcher
from hpotune.run.local import LocalExecutor
from hpotune.run.loop import Loop
from hpotune.run.machine import Machine, fit_to_machine
from hpotune.run.screen import Screen
from hpotune.run.signals import Signals
from hpotune.strategies import complete
from hpotune.study import Study
from hpotune.study.concealing import recorded_override, recorded_text
from hpotune.study.secrets import recorded
from hpotune.tuner import Ledger, versions
from hpotune.tuner.processor import processor

MakeScreen = Callable[[History, RunFolder], Screen]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a study came from: its file, and what was set on top of it. Kept in the journal for the next resume."""

    study_file: Path
    overrides: tuple[str, ...] = ()

    def measured(self) -> dict[str, Any]:
        """As the journal keeps it, with the circumstances of the session."""
        return {
            "time": round(time.time(), 3),
            "host": platform.node(),
            "pid": os.getpid(),
            "processor": processor(),
            "study_file": str(self.study_file),
            "overrides": [recorded_override(text) for text in self.overrides],
        }


def hashes_of(study: Study, source: Source) -> dict[str, Any]:
    """The hashes for the journal: none of a text with the value of a secret, which could be guessed from it."""
    known = recorded(study)
    found = fingerprint(known)
    if known == study:
        return found
    itself = source.study_file.name
    return {**found, "files": {name: digest for name, digest in found["files"].items() if Path(name).name != itself}}


def start(study: Study, folder: RunFolder, source: Source, make_screen: MakeScreen) -> History:
    """Start a new run in `folder`, which holds none yet, and see it through. The study has its seed.

    Raises:
        StudyError: the command cannot be started.
        RunError: the folder cannot be used, or the journal can no longer be written.
    """
    machine = fit_to_machine(complete(study), os.environ)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder.path}: {error.strerror}", "put the runs elsewhere: `--runs DIR`") from error
    with as_private_as(folder.path), ExitStack() as closing:
        if machine.study.private:
            make_private(folder.path)
        lock, signals = closing.enter_context(RunLock.acquire(folder.path)), closing.enter_context(Signals())
        session = Session(folder, lock, signals, make_screen)
        whole, seed = recorded(machine.study).to_dict(), machine.study.seed or 0
        hashes = hashes_of(machine.study, source)
        session.ledger.append(ev.StudyStarted(ev.FORMAT, whole, seed, versions(), hashes, source.measured()))
        session.ledger.append(ev.Capacity(machine.workers))
        with JournalWriter.create(folder.journal) as writer:
            if study.text is not None:
                copy_study(study.text, folder)
            return session.run(machine, writer, elapsed_before=0.0)


def copy_study(text: str, folder: RunFolder) -> None:
    """Keep the text of the study file in the run's folder, for people, and for a resume without it."""
    folder.study_copy.write_text(recorded_text(text), encoding="utf-8")


class Session:
    """The parts that a session is made of. As the ledger's sink it holds events back until the journal is open."""

    def __init__(self, folder: RunFolder, lock: RunLock, signals: Signals, make_screen: MakeScreen) -> None:
        self.ledger = Ledger(self, watch=self._watch, clock=self.clock)
        self._began = time.monotonic()
        self._folder = folder
        self._lock = lock
        self._signals = signals
        self._make_screen = make_screen
        self._screen: Screen | None = None
        self._writer: JournalWriter | None = None
        self._held: list[tuple[int, Event]] = []

    def clock(self) -> float:
        """Seconds since the session began, whatever the wall clock does."""
        return time.monotonic() - self._began

    def append(self, n: int, event: Event) -> None:
        """Keep an event for the journal."""
        if self._writer is None:
            self._held.append((n, event))
        else:
            self._writer.append(ev.encode(n, event))

    def _watch(self, n: int, event: Event) -> None:
        if self._screen is not None:
            self._screen.event(n, event)

    def run(self, machine: Machine, writer: JournalWriter, elapsed_before: float) -> History:
        """Loop until the study finishes. `elapsed_before`: seconds that earlier sessions have run.

        Raises:
            RunError: the journal or a folder can no longer be written.
        """
        self._writer = writer
        history = self.ledger.history
        study = history.study
        grace = study.trial.grace
        launcher = Launcher(machine.study, self._folder, self._lock.token, os.environ)
        launcher.checkpoints.sweep(history.trials)
        executor = LocalExecutor(
            machine.workers, slots=machine.slots, token=self._lock.token, grace=grace, lock_fd=self._lock.fd
        )
        with ExitStack() as closing:
            closing.callback(launcher.checkpoints.close)
            closing.callback(executor.close, grace)
            screen = self._screen = self._make_screen(history, self._folder)
            closing.callback(lambda: screen.close(self.clock()))
            closing.callback(executor.close, grace)  # before the screen's last drawing; the second close does nothing
            closing.callback(self._signals.ignore)
            for n, event in self._held:
                self.append(n, event)
                screen.event(n, event)
            self._held.clear()
            loop = Loop(self.ledger, writer, executor, launcher, screen, self.clock)
            limit = study.limits.time
            self._signals.listen(loop.signal)
            try:
                loop.run(None if limit is None else max(0.0, limit - elapsed_before))
            except StudyError:
                executor.close(grace)
                self._abandon(writer)
                raise
        return history

    def _abandon(self, writer: JournalWriter) -> None:
        """Something of the study has turned out to be wrong, and its trials were ended: that is no fault of theirs."""
        history = self.ledger.history
        for number, job in list(history.open.items()):
            index = len(history.trials[number].jobs) - 1
            self.ledger.append(self.ledger.judged(ev.JobEnded(number, index, job.attempt, "interrupted", "study")))
        writer.flush()
