"""Who may read a run: a folder that is for its owner alone makes everything in it so.

The run's folder itself says whether the run is private, so whatever writes into it can tell, with or without the study.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpotune.errors import RunError

_OTHERS = 0o077
_OWNER = 0o700


def is_private(folder: Path) -> bool:
    """Whether only its owner can use a folder; False if it is not there."""
    try:
        return folder.stat().st_mode & _OTHERS == 0
    except FileNotFoundError:
        return False


@contextmanager
def as_private_as(folder: Path) -> Iterator[None]:
    """While it lasts, all that this process makes is for the user alone if the folder is. Trials inherit that.

    It is the process's umask, so it holds for threads and children alike; at the end it is what it was.
    """
    before = os.umask(_OTHERS)
    if not is_private(folder):
        os.umask(before)
    try:
        yield
    finally:
        os.umask(before)


def make_private(folder: Path) -> None:
    """Close a folder to all but its owner; inside `as_private_as`, what is made from now on, too.

    Raises:
        RunError: the folder is not this user's.
    """
    try:
        folder.chmod(_OWNER)
    except OSError as error:
        raise RunError(
            f"{folder} cannot be made private: {error.strerror}", "its owner can, or `private: false` in the study"
        ) from error
    os.umask(_OTHERS)
