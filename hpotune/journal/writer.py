"""Appending to a journal: lines gather in memory, go to the kernel in one write, and to the disk in one flush."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Mapping
from json import JSONEncoder
from pathlib import Path
from types import TracebackType
from typing import Self

from hpotune.errors import RunError
from hpotune.journal.format import START, Tail, failure, seal, sync_folder

_PENDING_LIMIT = 1 << 20  # bytes that may wait in memory before they are written unasked

_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode
_encode_ascii = JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":")).encode


class JournalWriter:
    """The one writer of a journal; whoever makes it holds the run's lock.

    `append` promises nothing yet. After `write` the lines survive the death of this process, after `flush` a crash of
    the machine. A write or flush that fails raises RunError, is never tried again (the kernel may have dropped the
    pages, so a second try could succeed without them) and ends the writer: every later call raises, too.
    """

    def __init__(self, descriptor: int, path: Path, tail: Tail, unborn: Path | None = None) -> None:
        self.path = path
        self._descriptor = descriptor
        self._unborn = unborn
        self._n = tail.n
        self._crc = tail.crc
        self._size = tail.size
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._unflushed = unborn is not None
        self._dead = False

    @classmethod
    def create(cls, path: Path) -> Self:
        """Begin a new journal. The file gets its name at the first flush, so that it is never seen without a line.

        Raises:
            RunError: there is one already, or the folder cannot be written.
        """
        if path.exists():
            raise RunError(f"{path} exists already.", "Go on with it: `hpotune resume`; or start anew: `--fresh`.")
        unborn = path.with_name(path.name + ".new")
        try:
            descriptor = os.open(unborn, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise failure("could not be made", path, error) from error
        return cls(descriptor, path, START, unborn)

    @classmethod
    def open(cls, path: Path, tail: Tail) -> Self:
        """Go on with a journal that was read to its end (and repaired, if it was torn).

        Raises:
            RunError: the file cannot be written, or is no longer what was read.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise failure("could not be opened for writing", path, error) from error
        size = os.fstat(descriptor).st_size
        if size != tail.size:
            os.close(descriptor)
            raise RunError(
                f"{path} has {size} bytes where {tail.size} were read: something else writes to it, or it is torn.",
                "End the other program, then `hpotune resume`.",
            )
        return cls(descriptor, path, tail)

    @property
    def tail(self) -> Tail:
        """The end of the journal with all that was appended, written or not."""
        return Tail(self._n, self._crc, self._size)

    def append(self, body: Mapping[str, object] | str) -> None:
        """Add a line: a JSON object whose key `n` is the next number (or its compact JSON text, taken as it is).

        Raises:
            ValueError: a number in it is not finite.
            RunError: the writer has failed before, or a write of what had gathered fails now.
        """
        if self._dead:
            raise self._death()
        text = body if isinstance(body, str) else _encode(body)
        try:
            data = text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, such as the name of a file that is not UTF-8 has
            data = (_escaped(text) if isinstance(body, str) else _encode_ascii(body)).encode()
        line, self._crc = seal(data, self._crc)
        self._n += 1
        self._size += len(line)
        self._pending.append(line)
        self._pending_bytes += len(line)
        if self._pending_bytes >= _PENDING_LIMIT:
            self.write()

    def write(self) -> None:
        """Hand what has gathered to the kernel."""
        if self._dead:
            raise self._death()
        if not self._pending:
            return
        data = memoryview(b"".join(self._pending))
        self._pending.clear()
        self._pending_bytes = 0
        self._unflushed = True
        try:
            while data:  # a write to a nearly full disk may take a part
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            self._dead = True
            raise failure("could not be written", self.path, error) from error

    def flush(self) -> None:
        """Bring what has gathered to the disk. Costs nothing if nothing was added since the last flush."""
        self.write()
        if not self._unflushed:
            return
        try:
            _sync_data(self._descriptor)
            if self._unborn is not None:
                self._unborn.rename(self.path)
                self._unborn = None
                sync_folder(self.path.parent)
        except OSError as error:
            self._dead = True
            raise failure("could not be flushed to the disk", self.path, error) from error
        self._unflushed = False
        self._check_place()

    def _check_place(self) -> None:
        """See that the path still leads to this file: what is written to one that was removed is lost, with its lock.

        Raises:
            RunError: it does not.
        """
        try:
            is_here = os.path.samestat(self.path.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            is_here = False
        except OSError as error:
            self._dead = True
            raise failure("cannot be found any more", self.path, error) from error
        if not is_here:
            self._dead = True
            raise RunError(
                f"{self.path} was removed or moved while the run went on: its trials were ended",
                "if the folder was moved, `hpotune resume` goes on from where it is now",
            )

    def close(self) -> None:
        """Flush, unless the writer has failed before, and let go of the file. May be called twice."""
        if self._descriptor < 0:
            return
        try:
            if not self._dead:
                self.flush()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1
            self._dead = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _death(self) -> RunError:
        return RunError(f"{self.path} is closed, or a write to it failed before.", "Go on with `hpotune resume`.")


def _escaped(text: str) -> str:
    r"""JSON text with its lone surrogates as \\udcxx; they can only stand inside strings."""
    return "".join(f"\\u{ord(sign):04x}" if "\ud800" <= sign <= "\udfff" else sign for sign in text)


def _sync_data(descriptor: int) -> None:
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync leaves the data in the drive's cache there
    else:
        os.fdatasync(descriptor)
