"""Attempts as processes of this machine."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from os import waitstatus_to_exitcode

from hpotune.run import watchdog
from hpotune.run.executor import AttemptId, ExecutorEvent, Exit, Handle, JobSpec, LaunchFailed, Leaving, Lost, Queued
from hpotune.run.exits import exits
from hpotune.run.family import Family
from hpotune.run.gpus import Slots
from hpotune.run.guard import Guard
from hpotune.run.household import Household, Strays
from hpotune.run.memory import over_limit
from hpotune.run.oom import OomKills
from hpotune.run.postmortem import passed_on
from hpotune.run.process import AttemptProcess, Starter
from hpotune.run.spawn import LaunchError

_TAIL_SOONEST, _TAIL_LATEST = 0.05, 0.2  # seconds between looks at growing files: the quieter, the rarer
_SETTLE_SOONEST, _SETTLE_LATEST = 0.001, 0.05  # seconds between looks at a group that is ending
_CENSUS = 1.0  # seconds between looks at adopted processes while trials run
_MEMORY_GRACE = 1.0  # seconds at most between TERM and KILL for one that takes too much memory
_PATIENCE = 5.0  # seconds after KILL that what cannot be told from a zombie is waited for


class LocalExecutor:
    """Runs attempts here, each in a session of its own; see `Executor` for the contract.

    An attempt's place is free when its leader has exited and nothing of it is left: what it leaves behind gets TERM,
    after `grace` seconds KILL. A watchdog process ends everything if this process dies, and holds `lock_fd` until then.
    Used by one thread, the main one, but for `wake`. Child processes outside this process's session are the executor's:
    it reaps those that trials leave behind.

    Args:
        workers: how many attempts run at a time; the devices may allow fewer.
        token: marks the run's processes in their environment.
        slots: the devices, None to leave CUDA_VISIBLE_DEVICES as it is.
        grace: seconds between TERM and KILL for what an attempt leaves behind.
        lock_fd: the run's lock, None to hold none.
        clock: seconds that never go back.

    Raises:
        RunError: the watchdog cannot be started.
    """

    name = "local"

    def __init__(
        self,
        workers: int,
        *,
        token: str,
        slots: Slots | None = None,
        grace: float = 10.0,
        lock_fd: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = workers
        self._slots = slots
        self._token = token
        self._grace = grace
        self._clock = clock
        self._exits = exits()
        self._starter = Starter(token, slots, self._exits)
        self._family = Family()
        self._strays = Strays(self._family, token)
        self._oom_kills = OomKills()
        self._queue: deque[JobSpec] = deque()
        self._running: dict[AttemptId, AttemptProcess] = {}
        self._houses: dict[AttemptId, Household] = {}
        self._leaders: dict[int, AttemptProcess] = {}  # those of the running whose leader was not reaped
        self._ending: list[AttemptProcess] = []  # the others
        self._events: list[ExecutorEvent] = []
        self._tail_pause = _TAIL_SOONEST
        self._settle_pause = _SETTLE_SOONEST
        self._next_tail = self._next_settle = self._next_census = 0.0
        self._open = True
        self._guard = Guard(token, grace, lock_fd)
        self._guard.start()
        self._await_guard()

    @property
    def capacity(self) -> int:
        """See Executor."""
        devices = self._slots.capacity if self._slots is not None else None
        return self._workers if devices is None else min(self._workers, devices)

    def submit(self, spec: JobSpec) -> None:
        """See Executor."""
        if len(self._running) < self.capacity:
            self._launch(spec)
        else:
            self._queue.append(spec)
            self._events.append(Queued(spec.id))

    def cancel(self, id: AttemptId, grace: float) -> None:  # noqa: A002
        """See Executor."""
        attempt = self._running.get(id)
        if attempt is not None:
            attempt.killed = True
            attempt.house.spared_until = 0.0
            attempt.house.ask(self._clock() + grace)
            return
        for spec in self._queue:
            if spec.id == id:
                self._queue.remove(spec)
                self._events.append(Exit(id, None, None, 0.0, {}, killed=True, stragglers=0))
                return

    def set_aside(self, slot: str) -> bool:
        """See Executor."""
        return self._slots is not None and self._slots.set_aside(slot)

    def wait(self, timeout: float | None) -> list[ExecutorEvent]:
        """See Executor."""
        end = math.inf if timeout is None else self._clock() + timeout
        while True:
            pause = 0.0 if self._events else max(0.0, min(end, self._soonest()) - self._clock())
            exited, woken = self._exits.poll(None if pause == math.inf else pause)
            now = self._clock()
            for pid in exited:
                self._exited(pid, now)
            self._look_after(now)
            while self._queue and len(self._running) < self.capacity:
                self._launch(self._queue.popleft())
            if self._events or woken or now >= end:
                events, self._events = self._events, []
                return events

    def wake(self) -> None:
        """See Executor."""
        self._exits.wake()

    def reattach(self, handles: Mapping[AttemptId, Handle]) -> list[ExecutorEvent]:
        """See Executor. No process outlives its tuner here, so nothing is there to be taken up."""
        return [Lost(attempt, "it ended with the tuner that had started it") for attempt in handles]

    def close(self, grace: float) -> None:
        """See Executor. Also ends whatever else carries the run's token."""
        if not self._open:
            return
        self._open = False
        self._queue.clear()
        for attempt in list(self._running):
            self.cancel(attempt, grace)
        while self._running:
            self.wait(None)
        self._end_strays(grace)
        watchdog.end(self._token, {}, grace, _PATIENCE)
        self._guard.stop()
        self._exits.close()
        self._family.close()
        self._starter.close()

    def _launch(self, spec: JobSpec) -> None:
        now = self._clock()
        try:
            attempt = self._starter.start(spec, now)
        except LaunchError as error:
            self._events.append(LaunchFailed(spec.id, error.message, error.transient))
            return
        leader = attempt.house.leader
        self._guard.add(leader, attempt.start)
        self._running[spec.id] = self._leaders[leader] = attempt
        self._houses[spec.id] = attempt.house
        self._tail_pause = _TAIL_SOONEST
        if len(self._leaders) == 1 or self._next_tail > now + _TAIL_SOONEST:
            self._next_tail = now + _TAIL_SOONEST
        self._events.append(attempt.started)

    def _soonest(self) -> float:
        """When there is something to do, even if nothing happens."""
        soonest = math.inf if self._guard.pid else self._guard.due
        if self._leaders:
            soonest = min(soonest, self._next_tail, *(one.house.kill_at for one in self._leaders.values()))
        if self._ending:
            soonest = min(soonest, self._next_settle)
        if self._running or self._strays:
            soonest = min(soonest, self._next_census)
        return soonest

    def _look_after(self, now: float) -> None:
        """Do what is due."""
        for attempt in self._leaders.values():
            attempt.house.enforce(now)
        if self._ending and now >= self._next_settle:
            self._settle(now)
        if self._leaders and now >= self._next_tail:
            self._follow(now)
        if now >= self._next_census:
            self._next_census = now + _CENSUS
            self._oom_kills.look(now)
            self._look_at_strays(now)
            self._enforce_memory_limits(now)
            self._guard.tell(self._strays.unowned())
        if not self._guard.pid and self._guard.revive(now, self._groups(), self._strays.unowned()):
            self._await_guard()

    def _await_guard(self) -> None:
        with contextlib.suppress(OSError):  # out of descriptors: it watches all the same, only its death is not seen
            self._exits.add(self._guard.pid)

    def _groups(self) -> set[watchdog.Process]:
        return {(attempt.house.leader, attempt.start) for attempt in self._running.values()}

    def _look_at_strays(self, now: float) -> None:
        self._strays.look(self._houses, {*self._leaders, self._guard.pid})
        self._strays.end(self._houses, now, self._grace)

    def _enforce_memory_limits(self, now: float) -> None:
        limits = {pid: one.spec.memory_limit for pid, one in self._leaders.items() if one.spec.memory_limit}
        if limits:
            strays = {one.house.leader: self._strays.pids_of(one.spec.id) for one in self._leaders.values()}
            for pid, taken in over_limit(limits, strays).items():
                attempt = self._leaders[pid]
                if not attempt.killed:
                    attempt.killed, attempt.over_memory = True, taken
                    attempt.house.ask(now + min(self._grace, _MEMORY_GRACE))

    def _exited(self, pid: int, now: float) -> None:
        """A leader, or the watchdog, has exited."""
        status, usage = self._exits.reap(pid)
        if pid == self._guard.pid:
            self._guard.died(now)
            return
        attempt = self._leaders.pop(pid)
        code = waitstatus_to_exitcode(status)
        killed = signal.SIGKILL in (-code, passed_on(code))
        attempt.exited(status, usage, now, oom=killed and self._oom_kills.one(now))
        self._ending.append(attempt)
        self._settle_pause = _SETTLE_SOONEST
        self._next_settle = now

    def _settle(self, now: float) -> None:
        """End what exited leaders have left behind; free the places of those that have left nothing, or no more."""
        for attempt in self._ending:
            house = attempt.house
            house.group_lives = house.group_lives and self._family.group_lives(house.leader)
            if house.group_lives and not house.spares(now):
                house.ask(now + self._grace)
                house.enforce(now)
        self._look_at_strays(now)  # only now, because what was reaped above may have left children of its own
        behind = False
        for attempt in self._ending[:]:
            gone = self._is_gone(attempt.house, now)
            output = attempt.output()
            self._events += output
            behind = behind or attempt.behind
            if not gone:
                self._outlived(attempt, now, grows=bool(output))
            elif not attempt.behind:
                self._finish(attempt)
        self._next_settle = now if behind else now + self._settle_pause
        self._settle_pause = min(2 * self._settle_pause, _SETTLE_LATEST)

    def _outlived(self, attempt: AttemptProcess, now: float, *, grows: bool) -> None:
        """Something of it goes on without its leader: that is told once, and borne while its output grows."""
        if not attempt.leaving:
            attempt.leaving = True
            self._events.append(Leaving(attempt.spec.id))
        if grows and attempt.exit is not None:
            attempt.spare(now, attempt.began + attempt.exit.seconds + self._grace)

    def _is_gone(self, house: Household, now: float) -> bool:
        if house.group_lives and (self._family.adopts or now < house.forced_at + _PATIENCE):
            return False
        return not self._strays.of(house.id)

    def _finish(self, attempt: AttemptProcess) -> None:
        self._ending.remove(attempt)
        del self._running[attempt.spec.id], self._houses[attempt.spec.id]
        self._guard.remove(attempt.house.leader)
        self._starter.give_back(attempt.slots)
        self._events += attempt.finish()

    def _follow(self, now: float) -> None:
        """Look whether the outputs of what runs have grown."""
        before = len(self._events)
        behind = False
        for attempt in self._leaders.values():
            self._events += attempt.output()
            behind = behind or attempt.behind
        grown = len(self._events) > before
        self._tail_pause = _TAIL_SOONEST if grown else min(1.5 * self._tail_pause, _TAIL_LATEST)
        self._next_tail = now if behind else now + self._tail_pause

    def _end_strays(self, grace: float) -> None:
        """End all adopted processes, also those that belong to nobody."""
        deadline = self._clock() + grace + _PATIENCE
        self._strays.look(self._houses, {self._guard.pid})
        pause = _SETTLE_SOONEST
        while self._strays and self._clock() < deadline:
            self._strays.end(self._houses, self._clock(), grace, everything=True)
            time.sleep(pause)
            pause = min(2 * pause, _SETTLE_LATEST)
            self._strays.look(self._houses, {self._guard.pid})
