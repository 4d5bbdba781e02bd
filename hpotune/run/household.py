"""The processes of an attempt, its leader's group and the strays that left it: how they are asked, and made, to end."""

from __future__ import annotations

import contextlib
import math
import os
import signal
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from hpotune.run.executor import AttemptId
from hpotune.run.family import Family
from hpotune.run.watchdog import Process, status, token_of

_AGAIN = 0.5  # seconds between KILLs, should the first not do


@dataclass(slots=True, eq=False)
class Household:
    """The group of one attempt. Its number is that of its leader.

    `spared_until` is when what outlives its leader is asked to end; `kill_at` when what still lives gets KILL next:
    infinite until it is asked; `forced_at` when it got it first. `left` holds what the leader left behind. Signals are
    sent only while the leader is not reaped or the group has members, because only then does the number belong to it.
    """

    id: AttemptId
    leader: int
    leader_lives: bool = True
    group_lives: bool = True
    asked: bool = False
    spared_until: float = 0.0
    kill_at: float = math.inf
    forced_at: float = math.inf
    left: set[int] = field(default_factory=set)

    def spares(self, now: float) -> bool:
        """Whether what is left of it may still go on by itself."""
        return self.leader_lives or (not self.asked and now < self.spared_until)

    def ask(self, kill_at: float) -> None:
        """TERM to the group, once; KILL no later than `kill_at`."""
        self.kill_at = min(self.kill_at, kill_at)
        if not self.asked and self.group_lives:
            self.asked = True
            _signal_group(self.leader, signal.SIGTERM)

    def enforce(self, now: float) -> None:
        """KILL to the group if it is time; and now and then again, in case it was about to fork."""
        if now >= self.kill_at and self.group_lives:
            self.forced_at = min(self.forced_at, now)
            self.kill_at = now + _AGAIN
            _signal_group(self.leader, signal.SIGKILL)


@dataclass(slots=True)
class _Stray:
    owner: AttemptId | None
    group: Process
    kill_at: float = math.inf


class Strays:
    """Processes that this one has adopted, each with the attempt it comes from: by its session, or by its token.

    One whose attempt's leader lives is left alone: a trial may have daemons. One that threw away both its session and
    its environment belongs to nobody, and is ended when the executor closes.
    """

    def __init__(self, family: Family, token: str) -> None:
        self._family = family
        self._token = token
        self._strays: dict[int, _Stray] = {}

    def __bool__(self) -> bool:
        return bool(self._strays)

    def of(self, attempt: AttemptId) -> bool:
        """Whether some of an attempt's live."""
        return any(stray.owner == attempt for stray in self._strays.values())

    def pids_of(self, attempt: AttemptId) -> list[int]:
        """Those of an attempt."""
        return [pid for pid, stray in self._strays.items() if stray.owner == attempt]

    def unowned(self) -> set[Process]:
        """The groups of those that belong to nobody, as the watchdog wants to know them."""
        return {stray.group for stray in self._strays.values() if stray.owner is None}

    def look(self, households: Mapping[AttemptId, Household], known: Container[int]) -> None:
        """Find who is there, and forget who is gone."""
        living = self._family.adopted(known)
        if not living:
            self._strays.clear()
            return
        self._strays = {pid: self._strays.get(pid) or _Stray(None, _group_of(pid)) for pid in living}
        for pid, stray in self._strays.items():
            if stray.owner is None:  # asked again each time: in the middle of an exec the environment cannot be read
                stray.owner = self._owner(pid, households.values())
            household = households.get(stray.owner) if stray.owner else None
            if household is not None and not household.leader_lives:
                household.left.add(pid)

    def end(
        self, households: Mapping[AttemptId, Household], now: float, grace: float, *, everything: bool = False
    ) -> None:
        """TERM, and when it is time KILL, to those whose attempt is over; or to all."""
        for pid, stray in self._strays.items():
            household = households.get(stray.owner) if stray.owner else None
            waits = stray.owner is None or (household is not None and household.spares(now))
            if waits and not everything:
                continue
            if stray.kill_at == math.inf:
                stray.kill_at = now + grace
                if household is None or not household.asked or stray.group[0] != household.leader:
                    _signal_stray(pid, signal.SIGTERM)
            if household is not None:
                stray.kill_at = min(stray.kill_at, household.kill_at)
            if now >= stray.kill_at:
                _signal_stray(pid, signal.SIGKILL)

    def _owner(self, pid: int, households: Iterable[Household]) -> AttemptId | None:
        with contextlib.suppress(ProcessLookupError):
            session = os.getsid(pid)
            for household in households:
                if household.leader == session:
                    return household.id
        token, _, attempt = (token_of(pid) or "").partition(":")
        with contextlib.suppress(ValueError):
            if token == self._token:
                trial, job, number = map(int, attempt.split("-"))
                return trial, job, number
        return None


def mark(token: str, attempt: AttemptId) -> str:
    """What the token variable holds in an attempt's processes."""
    trial, job, number = attempt
    return f"{token}:{trial}-{job}-{number}"


def _group_of(pid: int) -> Process:
    """A process's group and the start time of its leader; 0 if the leader is dead."""
    own = status(pid)
    if own is None:
        return 0, 0
    leader = status(own.group)
    return own.group, leader.start if leader else 0


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
        os.killpg(leader, signal.SIGCONT)  # a stopped process sees TERM only when it goes on


def _signal_stray(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        os.kill(pid, number)
        os.kill(pid, signal.SIGCONT)
