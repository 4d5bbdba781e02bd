"""Waiting until one of several processes has exited, somebody calls, or time is up; without reaping."""

from __future__ import annotations

import contextlib
import math
import os
import select
import sys
import time
from resource import struct_rusage
from typing import Protocol

_SOONEST, _LATEST = 0.001, 0.02  # seconds between looks where the system cannot tell by itself


class Exits(Protocol):
    """The processes that are waited for."""

    def add(self, pid: int) -> None:
        """Wait for a child, too."""

    def poll(self, timeout: float | None) -> tuple[list[int], bool]:
        """The children that have exited and were not reaped, and whether `wake` was called since the last time."""

    def reap(self, pid: int) -> tuple[int, struct_rusage]:
        """The wait status and the usage of an exited child, which is then gone."""

    def wake(self) -> None:
        """End a poll, going on or the next one. Safe in a signal handler and in another thread."""

    def close(self) -> None:
        """Free everything."""


class _Bell:
    """A pipe that makes select return."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self._writing, False)

    def ring(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it rings already
            os.write(self._writing, b"!")

    def hush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self.reading, 4096):
                pass

    def close(self) -> None:
        os.close(self.reading)
        os.close(self._writing)


class PollExits:
    """Looks at every child, time and again. An exited child is reaped when it is seen."""

    def __init__(self) -> None:
        self._bell = _Bell()
        self._pids: set[int] = set()
        self._reaped: dict[int, tuple[int, struct_rusage]] = {}

    def add(self, pid: int) -> None:
        """See Exits."""
        self._pids.add(pid)

    def poll(self, timeout: float | None) -> tuple[list[int], bool]:
        """See Exits."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        slice_ = _SOONEST
        while True:
            exited = [pid for pid in self._pids if self._look(pid)]
            self._pids.difference_update(exited)
            rest = end - time.monotonic()
            pause = 0.0 if exited else max(0.0, min(rest, slice_ if self._pids else rest))
            slice_ = min(1.5 * slice_, _LATEST)
            woken, _, _ = select.select([self._bell.reading], [], [], None if pause == math.inf else pause)
            if woken:
                self._bell.hush()
            if exited or woken or rest <= 0:
                return exited, bool(woken)

    def _look(self, pid: int) -> bool:
        seen, status, usage = os.wait4(pid, os.WNOHANG)
        if seen:
            self._reaped[pid] = status, usage
        return bool(seen)

    def reap(self, pid: int) -> tuple[int, struct_rusage]:
        """See Exits."""
        return self._reaped.pop(pid)

    def wake(self) -> None:
        """See Exits."""
        self._bell.ring()

    def close(self) -> None:
        """See Exits."""
        self._bell.close()


if sys.platform == "linux":

    class PidfdExits:
        """A pidfd for each child, and one epoll over them all."""

        def __init__(self) -> None:
            self._bell = _Bell()
            self._epoll = select.epoll()
            self._epoll.register(self._bell.reading, select.EPOLLIN)
            self._pid_of: dict[int, int] = {}
            self._descriptor_of: dict[int, int] = {}

        def add(self, pid: int) -> None:
            """See Exits."""
            descriptor = os.pidfd_open(pid)
            self._epoll.register(descriptor, select.EPOLLIN)
            self._pid_of[descriptor] = pid
            self._descriptor_of[pid] = descriptor

        def poll(self, timeout: float | None) -> tuple[list[int], bool]:
            """See Exits."""
            ready = [descriptor for descriptor, _ in self._epoll.poll(timeout)]
            woken = self._bell.reading in ready
            if woken:
                ready.remove(self._bell.reading)
                self._bell.hush()
            return [self._pid_of[descriptor] for descriptor in ready], woken

        def reap(self, pid: int) -> tuple[int, struct_rusage]:
            """See Exits."""
            descriptor = self._descriptor_of.pop(pid)
            del self._pid_of[descriptor]
            # Closing alone would not do: a child in the middle of its exec still has the descriptor, and so the epoll.
            self._epoll.unregister(descriptor)
            os.close(descriptor)
            _, status, usage = os.wait4(pid, 0)
            return status, usage

        def wake(self) -> None:
            """See Exits."""
            self._bell.ring()

        def close(self) -> None:
            """See Exits."""
            for descriptor in self._pid_of:
                os.close(descriptor)
            self._pid_of.clear()
            self._epoll.close()
            self._bell.close()


def exits() -> Exits:
    """The best that the system offers."""
    if sys.platform == "linux":
        # A kernel before 5.3, or a sandbox, has no pidfds.
        with contextlib.suppress(OSError):
            os.close(os.pidfd_open(os.getpid()))
            return PidfdExits()
    return PollExits()
