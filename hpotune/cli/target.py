"""Which run, and which trial of it, a command is about."""

from __future__ import annotations

from pathlib import Path

from hpotune.cli.boundary import run_folder
from hpotune.errors import UsageError
from hpotune.history import History
from hpotune.journal.folder import RunFolder, locate


def the_run(argument: str | None, runs: Path | None = None) -> RunFolder:
    """The run that is meant.

    Raises:
        UsageError: there is no such run, or more than one could be meant.
    """
    folder = locate(argument, runs)
    mark_run(folder)
    return folder


def mark_run(folder: RunFolder) -> None:
    """Should hpotune crash from here on, the crash file goes into this run."""
    run_folder.set(folder.path)


def check_trial(history: History, number: int) -> None:
    """See that a trial exists.

    Raises:
        UsageError: it does not.
    """
    count = len(history.trials)
    if number >= count:
        there = f"trials: 0 to {count - 1}" if count else "no trial has been planned yet"
        raise UsageError(f"there is no trial {number}", there)
