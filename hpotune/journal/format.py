r"""The line of a journal, format 1.

    {"n":0,"event":"study_started",...,"crc":"1a2b3c4d"}\n

A line is one compact JSON object in UTF-8; `n` is its number from 0 and `crc` its last key. With b_n the bytes of
line n up to its suffix `,"crc":"` and c_n the checksum, c_n = CRC-32 of b_0 b_1 ... b_n: each checksum goes on from the
one before (c_-1 = 0), so that a line that is missing, doubled or moved shows as surely as one that was altered.
The suffix has a fixed length, so checking a line needs no parsing.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from hpotune.errors import RunError

SUFFIX_LENGTH = len(',"crc":"00000000"}')


class Tail(NamedTuple):
    """Where the whole lines of a journal end, and so where the next one starts.

    n       number of the next line, which is how many there are
    crc     checksum of the last whole line; 0 if there is none
    size    bytes of all whole lines
    torn    bytes behind them that are not terminated: a write that was cut short, or one that is going on
    """

    n: int = 0
    crc: int = 0
    size: int = 0
    torn: int = 0


START = Tail()


def seal(body: bytes, previous: int) -> tuple[bytes, int]:
    """The line for a JSON object given as bytes that end in `}`, with its line end, and its checksum."""
    head = body[:-1]
    crc = crc32(head, previous)
    return b'%b,"crc":"%08x"}\n' % (head, crc), crc


def failure(what: str, path: Path, error: OSError) -> RunError:
    """The error for a file of the run that the system did not let us use, in words."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return RunError(f"{path} {what}: {reason}.", _REMEDIES.get(error.errno or 0, ""))


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder (a new or renamed file) survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_FULL = "Make room, then go on with `hpotune resume`: everything journalled before is kept."
_HARDWARE = "The disk or the network file system failed; look at the system's log before you go on."
_REMEDIES = {
    errno.ENOENT: "Name the folder of a run, or a study file whose run exists; `hpotune list` shows the runs.",
    errno.EISDIR: "A journal is a file; name the run's folder, not a folder inside it.",
    errno.ENOTDIR: "Name the folder of a run, or a study file whose run exists; `hpotune list` shows the runs.",
    errno.EACCES: "Give yourself the right to read and write the run's folder, or run as the user who owns it.",
    errno.EPERM: "Give yourself the right to read and write the run's folder, or run as the user who owns it.",
    errno.EROFS: "Put the run on a file system that can be written: --runs DIR.",
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "Raise the limit on file sizes (`ulimit -f`), then go on with `hpotune resume`.",
    errno.EIO: _HARDWARE,
    errno.ESTALE: _HARDWARE,
}
