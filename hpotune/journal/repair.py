"""Cutting a torn last line off a journal, without losing a byte of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hpotune.errors import RunError
from hpotune.journal.format import Tail, failure, sync_folder


def repair(path: Path, tail: Tail) -> Path:
    """Cut what stands behind the last whole line, and keep it beside the journal as `journal.torn-1`, -2, ...

    The copy is on the disk before the journal is cut, so a crash in between costs nothing. The caller holds the run's
    lock and has read the journal to `tail`.

    Returns:
        The path of the piece that was kept.

    Raises:
        RunError: a file cannot be written, or the journal is no longer what was read.
    """
    try:
        with path.open("r+b") as journal:
            size = journal.seek(0, os.SEEK_END)
            if not tail.torn or size != tail.size + tail.torn:
                raise RunError(
                    f"{path} has changed since it was read.", "End the other program, then `hpotune resume`."
                )
            journal.seek(tail.size)
            kept, piece = _new_piece(path)
            try:
                with os.fdopen(piece, "wb") as copy:
                    shutil.copyfileobj(journal, copy)
                    copy.flush()
                    os.fsync(copy.fileno())
            except OSError:
                kept.unlink(missing_ok=True)  # on a full disk each try would leave one
                raise
            sync_folder(path.parent)
            journal.truncate(tail.size)
            os.fsync(journal.fileno())
    except OSError as error:
        raise failure("could not be repaired", path, error) from error
    return kept


def _new_piece(path: Path) -> tuple[Path, int]:
    number = 1
    while True:
        kept = path.with_name(f"{path.stem}.torn-{number}")
        try:
            return kept, os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            number += 1
