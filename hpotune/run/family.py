"""The processes that trials leave behind.

On Linux the tuner is a child subreaper (prctl(2)): a process whose parent dies becomes the tuner's own child. So every
living descendant of a dead trial has an ancestor among the tuner's children, and "nothing is left" is one read of
/proc/self/task/TID/children and one waitid. A child of ours cannot lose its pid to a stranger before we reap it, and a
group that has such a member keeps its number, so both can be signalled without a race.

Elsewhere only process groups are seen; a daemon that leaves its group escapes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
import time
from collections.abc import Container

from hpotune.run.watchdog import pids, status

_PR_SET_CHILD_SUBREAPER = 36
_PAGE = 4096
_SCAN = 1.0  # seconds between looks at all processes of the machine


class Family:
    """The children of this process, those by adoption among them. Used by the thread that made it."""

    def __init__(self) -> None:
        self.adopts = _become_subreaper()
        self._session = os.getsid(0)
        self._lists: list[int] = []
        self._scanned: list[int] = []
        self._next_scan = 0.0
        if self.adopts:
            # Children belong to a thread; orphans go to the first living one, which is the main thread.
            for thread in {os.getpid(), threading.get_native_id()}:
                with contextlib.suppress(OSError):  # a kernel without CONFIG_PROC_CHILDREN
                    self._lists.append(os.open(f"/proc/self/task/{thread}/children", os.O_RDONLY | os.O_CLOEXEC))

    def adopted(self, known: Container[int]) -> list[int]:
        """The living children that come from trials and are not known; those that have died are reaped.

        A child in the tuner's own session was started by the tuner, since a trial cannot come back to it.
        """
        return [pid for pid in self._children() if pid not in known and self._lives_apart(pid)]

    def group_lives(self, leader: int) -> bool:
        """Whether the group of a reaped leader has living members; those that have died are reaped."""
        if sys.platform != "linux" or not self.adopts:
            return _signal_arrives(leader)
        while True:
            try:
                dead = os.waitid(os.P_PGID, leader, os.WEXITED | os.WNOHANG)
            except ChildProcessError:
                return False
            if dead is None:
                return True

    def close(self) -> None:
        """Let go of the descriptors; the process goes on adopting."""
        for descriptor in self._lists:
            os.close(descriptor)
        self._lists.clear()

    def _children(self) -> list[int]:
        if not self._lists:
            return self._scan() if self.adopts else []
        data = b""
        for descriptor in self._lists:
            data += os.pread(descriptor, _PAGE, 0)
            if len(data) > _PAGE // 2:  # the kernel gives at most a page at a time
                return self._scan()
        return [*map(int, data.split())]

    def _scan(self) -> list[int]:
        """The long way round, for kernels without the list and for very many children; not at every exit."""
        now = time.monotonic()
        if now >= self._next_scan:
            me = os.getpid()
            self._scanned = [pid for pid in pids() if (state := status(pid)) is not None and state.parent == me]
            self._next_scan = now + _SCAN
        return self._scanned

    def _lives_apart(self, pid: int) -> bool:
        if sys.platform != "linux":
            return False
        try:
            return os.getsid(pid) != self._session and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG) is None
        except (ProcessLookupError, ChildProcessError):  # somebody else reaped it
            return False


def _become_subreaper() -> bool:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            answer: int = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            return answer == 0
    return False


def _signal_arrives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
