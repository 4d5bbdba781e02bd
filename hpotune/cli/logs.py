"""`hpotune logs`: what a trial printed."""

from __future__ import annotations

import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hpotune import events as ev
from hpotune.cli.details import AttemptDetails, gather
from hpotune.cli.options import RequiredRun, Runs, TrialArgument
from hpotune.cli.target import check_trial, the_run
from hpotune.cli.terminal import harmless
from hpotune.errors import RunError, UsageError
from hpotune.journal import JournalReader, holder
from hpotune.journal.folder import RunFolder, read_events

_POLL = 0.1
_BLOCK = 1 << 16

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows, until the attempt has ended.")]
Stderr = Annotated[bool, typer.Option("--stderr", help="The error output instead.")]
JobNumber = Annotated[
    int | None,
    typer.Option("--job", metavar="N", min=0, help="The number of the job; else the last.", show_default=False),
]
AttemptNumber = Annotated[
    int | None,
    typer.Option("--attempt", metavar="N", min=0, help="The number of the attempt; else the last.", show_default=False),
]
Raw = Annotated[bool, typer.Option("--raw", help="Hand escape codes on to the terminal as they are.")]


def command(
    run: RequiredRun,
    trial: TrialArgument,
    *,
    follow: Follow = False,
    stderr: Stderr = False,
    job: JobNumber = None,
    attempt: AttemptNumber = None,
    raw: Raw = False,
    runs: Runs = None,
) -> int:
    """Print what a trial printed: its last attempt, or the one that is named."""
    folder = the_run(run, runs)
    reader = JournalReader(folder.journal)
    history, details = gather(read_events(reader), trial)
    check_trial(history, trial)
    chosen = details.find(job, attempt) if details else None
    if chosen is None:
        raise UsageError(f"trial {trial} has no such attempt", f"`hpotune show {run} {trial}` lists them")
    path = folder.attempt(trial, chosen.job, chosen.attempt) / ("stderr.log" if stderr else "stdout.log")
    ended = _EndOf(folder, reader, chosen, trial) if follow else lambda: True
    _pour(path, ended, raw=raw or not sys.stdout.isatty())
    return 0


class _EndOf:
    """Whether an attempt has ended: its journal says so, or no tuner lives that could write it."""

    def __init__(self, folder: RunFolder, reader: JournalReader, attempt: AttemptDetails, trial: int) -> None:
        self._folder = folder
        self._tail = reader.tail
        self._key = (trial, attempt.job, attempt.attempt)
        self._ended = attempt.ended is not None

    def __call__(self) -> bool:
        if not self._ended:
            tuner = holder(self._folder.path)
            self._ended = self._is_journalled() or tuner is None or tuner.alive is False
        return self._ended

    def _is_journalled(self) -> bool:
        reader = JournalReader(self._folder.journal, after=self._tail._replace(torn=0))
        ends = [event[:3] for line in reader if isinstance(event := ev.decode(line), ev.JobEnded)]
        self._tail = reader.tail
        return self._key in ends


def _pour(path: Path, ended: Callable[[], bool], *, raw: bool) -> None:
    """Copy a file to stdout until its end has come, whole."""
    decode = getincrementaldecoder("utf-8")(errors="replace").decode
    position = 0
    while True:
        last = ended()  # asked before the file is read, so that nothing written until then is missed
        try:
            with path.open("rb") as file:
                file.seek(position)
                while data := file.read(_BLOCK):
                    position += len(data)
                    if raw:
                        sys.stdout.buffer.write(data)
                    else:
                        sys.stdout.write(harmless(decode(data)))
        except FileNotFoundError:
            if last:
                raise RunError(
                    f"{path} is not there", "the trial was never started, or its folder was removed"
                ) from None
        sys.stdout.flush()
        if last:
            return
        time.sleep(_POLL)
