"""One attempt as a process of this machine: how it is started, followed, and accounted for."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from hpotune.run import watchdog
from hpotune.run.executor import Channel, Exit, JobSpec, Output, Started
from hpotune.run.exits import Exits
from hpotune.run.gpus import VARIABLE, Slots
from hpotune.run.household import Household, mark
from hpotune.run.spawn import LaunchError, Spawner
from hpotune.run.tail import PathTail, Tail

_PIECE = 256 * 1024  # bytes taken from a channel at a time, so that one loud trial does not starve the others
LINGER = 0.5  # seconds without output after which what outlives its leader is asked to end
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True, eq=False)
class AttemptProcess:
    """An attempt that has a place. `start` is its leader's start time, `began` the executor's clock then.

    `exit` is set when its leader has exited; `killed` when the executor sent signals before that.
    """

    spec: JobSpec
    house: Household
    start: int
    began: float
    slots: tuple[str, ...]
    tails: tuple[tuple[Channel, Tail], ...]
    killed: bool = False
    over_memory: int = 0  # the bytes for which it was killed
    exit: Exit | None = None
    leaving: bool = False  # it was told that the leader has exited and something of it is left

    @property
    def started(self) -> Started:
        """The event that tells of it."""
        return Started(self.spec.id, {"pid": self.house.leader, "start": self.start}, self.slots)

    @property
    def behind(self) -> bool:
        """Whether the last look at its output left some of it."""
        return any(tail.behind for _, tail in self.tails)

    def output(self) -> list[Output]:
        """What its channels have grown by, a piece of each.

        The metrics file is looked at last and told first: a script that writes a report there and then prints it has
        reported in the file, whatever the moment of the look.
        """
        pieces = [Output(self.spec.id, channel, tail.read(_PIECE)) for channel, tail in self.tails]
        pieces.reverse()
        return [piece for piece in pieces if piece.data]

    def exited(self, status: int, usage: resource.struct_rusage, now: float, *, oom: bool) -> None:
        """Its leader was reaped with this wait status; `oom`: as the kernel killed something for want of memory."""
        code = os.waitstatus_to_exitcode(status)
        by = -code if code < 0 else None
        seconds = now - self.began
        self.exit = Exit(
            self.spec.id, None if by else code, by, seconds, _usage(usage), killed=self.killed, stragglers=0,
            oom=oom and not self.killed, over_memory=self.over_memory,
        )  # fmt: skip
        self.house.leader_lives = False
        self.spare(now, now + LINGER)

    def spare(self, now: float, at_most: float) -> None:
        """What the leader left behind may go on for a moment, so that a `tee` can write what is still in its pipe."""
        self.house.spared_until = now if self.killed else max(self.house.spared_until, min(now + LINGER, at_most))

    def finish(self) -> Iterator[Exit]:
        """It is over: nothing of it is left, and its output was read."""
        for _, tail in self.tails:
            tail.close()
        if self.exit is not None:
            yield self.exit._replace(stragglers=len(self.house.left))


class Starter:
    """Starts attempts with the run's token, and with devices if there are any to give."""

    def __init__(self, token: str, slots: Slots | None, exits: Exits) -> None:
        self._token = token
        self._slots = slots
        self._exits = exits
        self._spawner = Spawner()
        self._clock_agrees: bool | None = None

    def start(self, spec: JobSpec, now: float) -> AttemptProcess:
        """Start an attempt.

        Raises:
            LaunchError: no process came to be.
        """
        env = {**spec.env, watchdog.TOKEN_VARIABLE: mark(self._token, spec.id)}
        devices: tuple[str, ...] = ()
        if self._slots is not None:
            devices = self._slots.take()
            env[VARIABLE] = ",".join(devices)
        logs: list[int] = []
        try:
            logs.append(_new_log(spec.stdout))
            logs.append(_new_log(spec.stderr))
            before = _boot_ticks()
            pid = self._spawner.spawn(spec.argv, env, spec.cwd, *logs)
            start = self._start_time(pid, before)
            self._await(pid)
        except LaunchError:
            for log in logs:
                os.close(log)
            self.give_back(devices)
            raise
        tails: list[tuple[Channel, Tail]] = [("stdout", Tail(logs[0])), ("stderr", Tail(logs[1]))]
        if spec.metrics:
            tails.append(("file", PathTail(spec.metrics)))
        return AttemptProcess(spec, Household(spec.id, pid), start, now, devices, tuple(tails))

    def give_back(self, devices: tuple[str, ...]) -> None:
        """The devices of an attempt that is over."""
        if self._slots is not None:
            self._slots.give_back(devices)

    def close(self) -> None:
        """Free everything."""
        self._spawner.close()

    def _start_time(self, pid: int, before: int) -> int:
        """The start time of a process that was started since the tick `before`; 0 where the system does not say.

        If no tick has passed, the clock tells what /proc would, at a fraction of the price. The first time both are
        asked, in case a sandbox has a clock of its own.
        """
        if self._clock_agrees and before == _boot_ticks():
            return before
        state = watchdog.status(pid)
        start = state.start if state else 0
        if self._clock_agrees is None and before == _boot_ticks():
            self._clock_agrees = start == before
        return start

    def _await(self, pid: int) -> None:
        try:
            self._exits.add(pid)
        except OSError as error:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise LaunchError("its exit could not be waited for", error) from error


def _boot_ticks() -> int:
    """The time since the boot in the clock ticks of /proc/PID/stat, rounded down as there."""
    if sys.platform != "linux":
        return 0
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) * _TICKS // 1_000_000_000


def _new_log(path: str) -> int:
    """A fresh file, for the trial to append to and for us to read."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise LaunchError(f"{path} cannot be written", error) from error


def _usage(usage: resource.struct_rusage) -> dict[str, float]:
    found = {"cpu": round(usage.ru_utime + usage.ru_stime, 6)}
    # Before its exec a child shares the tuner's memory, and the kernel counts that as the child's.
    if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        found["max_rss"] = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return found
