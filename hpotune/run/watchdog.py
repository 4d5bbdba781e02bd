"""The watchdog: ends every process of a run when its tuner is gone, kill -9 included. A script that stands alone.

    python -I -S watchdog.py TOKEN GRACE     descriptor 3: the tuner's messages; 4: the run's lock, only held

Messages are lines: `+PID START` a process group lives (its leader's pid and start time), `-PID` it is gone, `=` forget
them all. The end of the messages means that the tuner died. Then everything that belongs to the run gets TERM, after
the grace KILL, and only when the last of it is gone does this process end, and with it the lock.

What belongs to the run: processes whose group or session is a known one, and all that carry the run's token in the
environment they were started with. So neither a process that the tuner had no time to announce escapes, nor a daemon
that left its group; only a daemon that also threw its environment away can.

`run.orphans` imports this file for the case that tuner and watchdog died together.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

TOKEN_VARIABLE = "HPOTUNE_RUN_TOKEN"  # noqa: S105 - it marks processes, it opens nothing
MESSAGES, LOCK = 3, 4
CALM = 0.25  # seconds: far longer than an exec takes

_NAP = 0.25  # seconds between reads: the tuner's messages wake this process no more often than that
_FIRST_LOOK, _LOOK = 0.02, 0.2  # seconds between looks at what still lives
_DEAF = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGPIPE", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2")

Process = tuple[int, int]  # pid and start time: together they never come back before the next boot


class Status(NamedTuple):
    """What /proc/PID/stat says; `start` is in clock ticks after boot."""

    state: bytes
    parent: int
    group: int
    session: int
    start: int


def status(pid: int) -> Status | None:
    """The state of a process, None if there is none (or no /proc)."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        line = os.read(descriptor, 4096)
    except OSError:  # it died between the two calls
        return None
    finally:
        os.close(descriptor)
    fields = line[line.rindex(b")") + 2 :].split(None, 20)  # the name in front may hold spaces and brackets
    return Status(fields[0], int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def token_of(pid: int) -> str | None:
    """The value of the token variable that a process was started with; None without one, or if it may not be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - pathlib would double the start-up time
            environment = b"\0" + file.read()
    except OSError:
        return None
    _, found, rest = environment.partition(b"\0" + TOKEN_VARIABLE.encode() + b"=")
    return rest.partition(b"\0")[0].decode(errors="replace") if found else None


def members(token: str, groups: Mapping[int, int]) -> set[Process]:
    """The living processes of a run, but for the one that asks.

    `groups` maps the pids of group leaders to their start times. A leader that has another start time is a stranger
    with a recycled pid, which can only happen when our group and session are empty.
    """
    found: set[Process] = set()
    ours = {pid for pid, start in groups.items() if (now := status(pid)) is None or start in (now.start, 0)}
    for pid in pids():
        now = status(pid)
        if now is None or now.state in b"ZX":
            continue
        if now.group in ours or now.session in ours or _belongs(token_of(pid), token):
            found.add((pid, now.start))
    return found


def pids() -> Iterator[int]:
    """All processes of the machine that this one sees, but for itself."""
    try:
        entries = os.listdir("/proc")  # noqa: PTH208 - as above
    except OSError:
        return
    me = os.getpid()
    for entry in entries:
        if entry.isdigit() and int(entry) != me:
            yield int(entry)


def _belongs(found: str | None, token: str) -> bool:
    """The variable holds the run's token, and behind a colon which attempt it is."""
    return found is not None and found.partition(":")[0] == token


def end(
    token: str, groups: Mapping[int, int], grace: float, patience: float | None = None, calm: float = 0.0
) -> tuple[int, set[Process]]:
    """End a run's processes: TERM, after `grace` seconds KILL. Returns how many there were, and which still live.

    Goes on until none was there for `calm` seconds (in the middle of an exec a process has no environment to tell it
    by), or, with `patience`, for that many seconds after the first KILL (one that hangs in the kernel does not die).
    """
    asked: set[Process] = set()
    last_seen = time.monotonic()
    deadline = last_seen + grace
    pause = _FIRST_LOOK
    _signal_groups(groups, signal.SIGTERM)
    while True:
        now = time.monotonic()
        late = now >= deadline
        if late:
            _signal_groups(groups, signal.SIGKILL)
        living = members(token, groups)
        for process in living if late else living - asked:
            _signal(process[0], signal.SIGKILL if late else signal.SIGTERM)
        asked |= living
        if living:
            last_seen = now
        elif now >= last_seen + calm:
            return len(asked), living
        if patience is not None and now >= deadline + patience:
            return len(asked), living
        time.sleep(pause if late or not living else max(0.0, min(pause, deadline - now)))
        pause = min(_LOOK, 1.5 * pause)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
        os.kill(pid, signal.SIGCONT)  # a stopped process sees TERM only when it goes on


def _signal_groups(groups: Mapping[int, int], number: signal.Signals) -> None:
    """Where there is no /proc to find members by, all that can be done is to signal the groups as they are known."""
    if sys.platform != "linux":
        for pid in groups:
            with contextlib.suppress(OSError):
                os.killpg(pid, number)
                os.killpg(pid, signal.SIGCONT)


def watch(messages: int) -> dict[int, int]:
    """Read messages until the tuner is gone; the groups that live then."""
    groups: dict[int, int] = {}
    rest = b""
    while data := os.read(messages, 1 << 16):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            kind, numbers = line[:1], line[1:].split()
            if kind == b"+":
                groups[int(numbers[0])] = int(numbers[1])
            elif kind == b"-":
                groups.pop(int(numbers[0]), None)
            elif kind == b"=":
                groups.clear()
        time.sleep(_NAP)
    return groups


def main() -> None:
    """Watch, and when the tuner is gone, end what it left."""
    for name in _DEAF:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.chdir("/")
    token, grace = sys.argv[1], float(sys.argv[2])
    end(token, watch(MESSAGES), grace, calm=CALM)


if __name__ == "__main__":
    main()
