"""The tuner's side of the watchdog: start it, tell it what lives, replace it if it dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from hpotune.errors import RunError
from hpotune.run import watchdog
from hpotune.run.watchdog import Process

_LIFE = 1.0  # seconds: a watchdog that lives shorter is not replaced at once
_HIGH = 10  # descriptors are moved up here, so that none of them stands where another one has to go


class Guard:
    """A running watchdog. It inherits the run's lock and ends the run's processes if this process dies.

    `pid` is 0 while there is none; then `due` is when a successor is to be started.

    Messages are written without blocking: what does not fit waits here, and what a dying tuner could not send the
    watchdog finds by the token.
    """

    def __init__(self, token: str, grace: float, lock_fd: int | None) -> None:
        self.pid = 0
        self.due = 0.0
        self._token = token
        self._grace = grace
        self._lock_fd = lock_fd
        self._pipe = -1
        self._unsent = b""
        self._started = -_LIFE
        self._others: AbstractSet[Process] = frozenset()

    def start(self, groups: Iterable[Process] = ()) -> None:
        """Start a watchdog that knows these groups (leader, start time). Returns before it has come up.

        Raises:
            RunError: it cannot be started; without it nothing is safe to launch.
        """
        self._hang_up()
        ours = [os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)]
        try:
            reading, self._pipe = os.pipe()
            os.set_blocking(self._pipe, False)
            ours += [reading, fcntl.fcntl(reading, fcntl.F_DUPFD_CLOEXEC, _HIGH)]
            actions = [(os.POSIX_SPAWN_DUP2, ours[0], target) for target in (0, 1, 2)]
            lock = None if self._lock_fd is None else fcntl.fcntl(self._lock_fd, fcntl.F_DUPFD_CLOEXEC, _HIGH)
            actions.append((os.POSIX_SPAWN_DUP2, ours[2], watchdog.MESSAGES))
            if lock is not None:
                ours.append(lock)
                actions.append((os.POSIX_SPAWN_DUP2, lock, watchdog.LOCK))
            script = str(Path(watchdog.__file__).resolve())
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-S", script, self._token, str(self._grace)],
                _without_token(os.environ),
                file_actions=actions,
                setsid=True,
                setsigmask=signal.valid_signals(),  # until the script ignores what it can
            )
        except OSError as error:
            raise RunError(
                f"The watchdog ({sys.executable}) could not be started: {error.strerror}; without it, trials could "
                "outlive the tuner.",
                "Check the limits on processes and open files: `ulimit -a`.",
            ) from error
        finally:
            for descriptor in ours:
                os.close(descriptor)
        self._unsent = b"".join(b"+%d %d\n" % group for group in groups)
        self._send(b"")

    def died(self, now: float) -> None:
        """The watchdog was reaped. A successor is `due` at once, or in a while if it had lived for no longer."""
        self.pid = 0
        self.due = max(now, self._started + _LIFE)

    def revive(self, now: float, groups: AbstractSet[Process], others: AbstractSet[Process]) -> bool:
        """Start a successor if it is due, which knows the attempts' groups and others (see `tell`).

        Returns:
            True if there is a new one.
        """
        if self.pid or now < self.due:
            return False
        self._started = now
        try:
            self.start(groups | others)
        except RunError:  # the machine is short of something; the trials run, so it is worth another try
            self.due = now + _LIFE
            return False
        self._others = others
        return True

    def tell(self, others: AbstractSet[Process]) -> None:
        """These groups live beside the attempts' own, and the token does not lead to them."""
        if others != self._others:
            self._send(b"".join(b"-%d\n" % group for group, _ in self._others - others))
            self._send(b"".join(b"+%d %d\n" % group for group in others - self._others))
            self._others = others

    def add(self, pid: int, start: int) -> None:
        """A group lives from now on."""
        self._send(b"+%d %d\n" % (pid, start))

    def remove(self, pid: int) -> None:
        """A group is gone."""
        self._send(b"-%d\n" % pid)

    def stop(self) -> None:
        """End the watchdog; nothing of the run lives any more. May be called twice."""
        if self.pid:
            # It would end by itself, but only after its nap, and until then it would hold the lock.
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            self.pid = 0
        self._hang_up()

    def _send(self, message: bytes) -> None:
        if self._pipe < 0:
            return  # there is none
        self._unsent += message
        try:
            self._unsent = self._unsent[os.write(self._pipe, self._unsent) :]
        except BlockingIOError:
            pass  # it sleeps; next time
        except BrokenPipeError:
            self._unsent = b""  # it is dead; its successor is told what lives

    def _hang_up(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


def _without_token(environment: Mapping[str, str]) -> dict[str, str]:
    """A tuner may itself be a trial of another run, whose end must not take this run's watchdog along."""
    return {name: value for name, value in environment.items() if name != watchdog.TOKEN_VARIABLE}
