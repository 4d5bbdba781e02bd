"""One tuner at a time: the lock of a run.

The lock is `flock` on the file `lock` of the run's folder. It belongs to the open file, not to a process: the watchdog
inherits the descriptor, so the lock is free only when tuner and watchdog have both let go, which the watchdog does when
the last process of the run is gone. The file's content says who the tuner is; only the lock itself says whether the
run is held.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from hpotune.errors import LockedError, RunError
from hpotune.journal.format import failure

_NAME = "lock"
_BUSY = (errno.EAGAIN, errno.EACCES)
_PROBES = 0.1  # seconds: how long somebody who only asks `holder` may be in the way
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Holder:
    """The tuner that holds a run, or held it last.

    `started` is the process's start in clock ticks after the boot `boot` (0 where the system does not say), `since`
    when it took the lock, in seconds since 1970. `token` marks the processes of the run through their environment; it
    stays the same over a run's sessions, and a copied folder does not inherit it (`inode` is the lock file's own).
    """

    pid: int
    host: str
    started: int
    boot: str
    since: float
    token: str
    inode: int

    @property
    def alive(self) -> bool | None:
        """Whether the tuner process still runs; None if it is, or was, on another machine."""
        if self.host != socket.gethostname():
            return None
        return self.boot == boot_id() and _start_time(self.pid) == self.started

    @property
    def suspended(self) -> bool:
        """Whether it runs on this machine and is stopped, as by Ctrl-Z; False where the system does not say."""
        if not self.alive:
            return False
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_bytes()
        except OSError:  # it has gone, or the system has no such files
            return False
        return stat[stat.rindex(b")") + 2 : stat.rindex(b")") + 3] == b"T"

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} on {self.host}, since {since}"


class RunLock:
    """A held lock. `fd` is what a watchdog inherits; `token` marks the run's processes.

    `previous` is the last holder before this one, None for a new run: processes of its that still live are to be ended
    before a trial starts.
    """

    def __init__(self, path: Path, fd: int, token: str, previous: Holder | None) -> None:
        self.path = path
        self.fd = fd
        self.token = token
        self.previous = previous

    @classmethod
    def acquire(
        cls, run_dir: Path, *, wait: float = 0.0, on_wait: Callable[[Holder | None], None] | None = None
    ) -> Self:
        """Lock a run.

        A lock that a living tuner holds is refused at once. One that outlived its tuner (the watchdog is ending the
        last trials) is waited for, up to `wait` seconds; `on_wait` is called once, before.

        Raises:
            LockedError: somebody else holds it.
            RunError: the folder cannot be written, or its file system has no locks.
        """
        path = run_dir / _NAME
        deadline = time.monotonic() + wait
        patience = time.monotonic() + _PROBES
        told = False
        while True:
            fd = _open(path)
            try:
                if _lock(fd, path, fcntl.LOCK_EX) and _still_there(fd, path):
                    return cls._taken(path, fd)
                other = _read(fd)
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)
            dying = other is None or other.alive is False
            now = time.monotonic()
            if now > (max(deadline, patience) if dying else patience):
                raise _locked(run_dir, other)
            if dying and on_wait is not None and patience < now < deadline and not told:
                told = True
                on_wait(other)
            time.sleep(_POLL)

    @classmethod
    def _taken(cls, path: Path, fd: int) -> Self:
        previous = _read(fd)
        token = previous.token if previous else secrets.token_hex(8)
        pid = os.getpid()
        inode = os.fstat(fd).st_ino
        me = Holder(pid, socket.gethostname(), _start_time(pid), boot_id(), time.time(), token, inode)
        data = json.dumps(asdict(me)).encode() + b"\n"
        try:
            os.pwrite(fd, data, 0)
            os.ftruncate(fd, len(data))
        except OSError as error:
            raise failure("could not be written", path, error) from error
        return cls(path, fd, token, previous)

    def release(self) -> None:
        """Let go; the lock is free once a watchdog that inherited it has let go, too. May be called twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder(run_dir: Path) -> Holder | None:
    """Who holds a run now; None if nobody does. `.alive` is False while only a dead tuner's watchdog holds it.

    Raises:
        RunError: the lock cannot be read.
    """
    path = run_dir / _NAME
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure("could not be read", path, error) from error
    try:
        # A shared lock, so that two who ask do not take each other for a holder.
        return None if _lock(fd, path, fcntl.LOCK_SH) else _read(fd) or _unknown()
    finally:
        os.close(fd)


def boot_id() -> str:
    """What tells one boot of this machine from the next; empty where the system does not say."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise failure("could not be opened", path, error) from error


def _lock(fd: int, path: Path, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise RunError(
            f"{path} cannot be locked: {os.strerror(error.errno or 0)}.",
            "The file system has no locks. Put the runs on a local one: --runs DIR.",
        ) from error
    return True


def _still_there(fd: int, path: Path) -> bool:
    """False if the file was renamed or removed between opening and locking it: then the lock is another run's."""
    try:
        return os.fstat(fd).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _read(fd: int) -> Holder | None:
    """Who wrote the file last; None if it is new, unreadable, or a copy of another run's."""
    try:
        found = Holder(**json.loads(os.pread(fd, 4096, 0)))
    except (ValueError, TypeError):
        return None
    return found if found.inode == os.fstat(fd).st_ino else None


def _unknown() -> Holder:
    return Holder(0, socket.gethostname(), 0, "", time.time(), "", 0)


def _locked(run_dir: Path, other: Holder | None) -> LockedError:
    if other is None:
        return LockedError(f"{run_dir} is in use by another process.", "Try again in a moment.")
    if other.alive is False:
        return LockedError(
            f"{run_dir} is still held: its tuner ({other}) has died, and its last trials are being ended.",
            "Try again in a moment.",
        )
    return LockedError(f"{run_dir} is in use by {other}.", "Let it finish, or end it: `hpotune stop`.")


def _start_time(pid: int) -> int:
    """Start of a process in clock ticks after boot, -1 if none runs, 0 where the system does not say.

    `run.watchdog` has a twin: it has to stand alone.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        fields = stat[stat.rindex(b")") + 2 :].split()
        return int(fields[19]) if fields[0] not in b"ZX" else -1
    except (OSError, ValueError):
        return 0 if _exists(pid) else -1


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
