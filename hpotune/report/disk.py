"""`disk_use`: what the checkpoints of a run take."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from hpotune.history import Trial
from hpotune.journal.folder import RunFolder

_NAME = "checkpoint"  # and what is left of one that is being deleted


class DiskUse(NamedTuple):
    """How many trials have a checkpoint with something in it, and the bytes of all their files."""

    checkpoints: int
    bytes: int


def disk_use(folder: RunFolder, trials: Iterable[Trial]) -> DiskUse:
    """Look at the checkpoints of these trials; what cannot be read counts as nothing."""
    count = total = 0
    for trial in trials:
        if not trial.jobs:
            continue
        kept, size = _below(str(folder.trial(trial.number)), at_top=True)
        count += kept
        total += size
    return DiskUse(count, total)


def _below(path: str, *, at_top: bool = False) -> tuple[bool, int]:
    """Whether there is a file, and the size of all; of a trial's folder only the checkpoint counts."""
    kept, total = False, 0
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if at_top and not entry.name.startswith(_NAME):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    inner, size = _below(entry.path)
                    kept |= inner and (not at_top or entry.name == _NAME)
                    total += size
                elif not at_top:
                    kept = True
                    total += entry.stat(follow_symlinks=False).st_size
    except OSError:
        pass
    return kept, total
