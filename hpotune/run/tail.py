"""Following files that a trial writes, a bounded piece at a time."""

from __future__ import annotations

import os
import stat


class Tail:
    """What a file grew by since the last look. `behind` is True if there was more than the limit.

    A file that shrank was begun anew and is read from its start. If that, or a replacement, comes in the middle of a
    line, a line end is put in between, so that no line is made of two halves.
    """

    __slots__ = ("_descriptor", "_midline", "_offset", "behind")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._offset = 0
        self._midline = False
        self.behind = False

    def read(self, limit: int) -> bytes:
        """At most `limit` bytes (and perhaps a line end) more."""
        size = os.fstat(self._descriptor).st_size
        if size == self._offset:
            self.behind = False
            return b""
        joint = b""
        if size < self._offset:
            joint = self._begin_anew()
        # pread, because the trial's own descriptor may share its position with this one
        data = os.pread(self._descriptor, min(limit, size - self._offset), self._offset)
        self._offset += len(data)
        self.behind = bool(data) and self._offset < size
        if data:
            self._midline = not data.endswith(b"\n")
        return joint + data

    def _begin_anew(self) -> bytes:
        joint = b"\n" if self._midline else b""
        self._offset = 0
        self._midline = False
        return joint

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class PathTail(Tail):
    """The same for a file that the trial makes itself: it may come late, be replaced, or never be."""

    __slots__ = ("_inode", "_path")

    def __init__(self, path: str) -> None:
        super().__init__(-1)
        self._path = path
        self._inode = -1

    def read(self, limit: int) -> bytes:
        """At most `limit` bytes more; b"" while there is no such file, or it is no regular one."""
        if self._descriptor < 0 and not os.access(self._path, os.R_OK):  # the common case, and cheaper than an error
            return b""
        try:
            there = os.stat(self._path)  # noqa: PTH116 - called for every look
        except OSError:
            return super().read(limit) if self._descriptor >= 0 else b""
        if there.st_ino == self._inode:
            return super().read(limit)
        if not stat.S_ISREG(there.st_mode):
            return b""
        if self._descriptor >= 0 and (rest := super().read(limit)):
            self.behind = True  # the old file first; the new one is next
            return rest
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return b""
        self.close()
        self._descriptor = descriptor
        self._inode = os.fstat(descriptor).st_ino
        joint = self._begin_anew()
        return joint + super().read(limit)
