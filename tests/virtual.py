"""The run's loop in virtual time: an executor whose attempts are scripts of what happens when, and a clock it moves."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hpotune.events import Event
from hpotune.run.executor import AttemptId, ExecutorEvent, Exit, Handle, JobSpec, LaunchFailed, Output, Started
from hpotune.tuner import Job

# What an attempt does: pieces of stdout at seconds after its start, then how it ends.
Script = tuple[list[tuple[float, bytes]], "End"]


@dataclass(frozen=True)
class End:
    """How an attempt ends by itself; `None` seconds: never."""

    after: float | None
    code: int | None = 0
    signal: int | None = None
    launch_fails: bool = False


class VirtualClock:
    """Seconds since the session began; moved by whoever waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class VirtualExecutor:
    """Runs the scripts that `behave` gives for jobs. Deterministic: ties go by the order of submission."""

    name = "virtual"

    def __init__(self, clock: VirtualClock, capacity: int, behave: Callable[[Job], Script]) -> None:
        self.clock = clock
        self.capacity = capacity
        self.behave = behave
        self.jobs: dict[AttemptId, Job] = {}
        self.running: dict[AttemptId, float] = {}
        self.most_running = 0
        self.kill_after: float | None = 0.0  # seconds from TERM to the end of a trial
        self.at: list[tuple[float, Callable[[], None]]] = []  # things that happen to the tuner
        self._queue: list[tuple[float, int, ExecutorEvent]] = []
        self._count = 0
        self._awake = False

    def submit(self, spec: JobSpec) -> None:
        job = self.jobs[spec.id]
        pieces, end = self.behave(job)
        now = self.clock.now
        if end.launch_fails:
            self._push(now, LaunchFailed(spec.id, "no such program", transient=False))
            return
        self.running[spec.id] = now
        self.most_running = max(self.most_running, len(self.running))
        assert len(self.running) <= self.capacity, "more attempts out than there are places"
        self._push(now, Started(spec.id, {}, ()))
        for after, data in pieces:
            if end.after is None or after <= end.after:
                self._push(now + after, Output(spec.id, "stdout", data))
        if end.after is not None:
            self._push(now + end.after, self._exit(spec.id, end.code, end.signal, killed=False))

    def cancel(self, id: AttemptId, grace: float) -> None:
        if id not in self.running:
            return
        at = self.clock.now + (grace if self.kill_after is None else min(grace, self.kill_after))
        self._queue = [entry for entry in self._queue if entry[2].id != id or entry[0] <= self.clock.now]
        heapq.heapify(self._queue)
        if not any(isinstance(entry[2], Exit) and entry[2].id == id for entry in self._queue):
            self._push(at, self._exit(id, None, 15, killed=True))

    def wait(self, timeout: float | None) -> list[ExecutorEvent]:
        limit = float("inf") if timeout is None else self.clock.now + timeout
        if self._awake:
            limit = self.clock.now
            self._awake = False
        first = self._queue[0][0] if self._queue else float("inf")
        outside = self.at[0][0] if self.at else float("inf")
        until = min(limit, max(first, self.clock.now), max(outside, self.clock.now))
        assert until < 10_000, "the loop waits for something that never comes"
        self.clock.now = until
        while self.at and self.at[0][0] <= until:
            self.at.pop(0)[1]()
        happened: list[ExecutorEvent] = []
        while self._queue and self._queue[0][0] <= until:
            _, _, event = heapq.heappop(self._queue)
            if event.id not in self.running and not isinstance(event, LaunchFailed):
                continue
            if isinstance(event, Exit):
                del self.running[event.id]
            happened.append(event)
        return happened

    def wake(self) -> None:
        self._awake = True

    def reattach(self, handles: Mapping[AttemptId, Handle]) -> list[ExecutorEvent]:
        raise AssertionError("the loop does not reattach")

    def close(self, grace: float) -> None:
        self.running.clear()

    def prepare(self, job: Job) -> JobSpec:
        """The launcher's side: nothing is written."""
        self.jobs[job.id] = job
        return JobSpec(job.id, ("true",), {}, "/", "/dev/null", "/dev/null")

    def _exit(self, id: AttemptId, code: int | None, signal: int | None, *, killed: bool) -> Exit:
        return Exit(id, code, signal, 0.0, {}, killed, 0)

    def _push(self, at: float, event: ExecutorEvent) -> None:
        self._count += 1
        heapq.heappush(self._queue, (at, self._count, event))


class Killed(BaseException):
    """The tuner dies here, as if by kill -9."""


class ListJournal:
    """A journal in memory that knows what would have survived a kill (`written`) and a crash (`flushed`)."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.written = 0
        self.flushed = 0
        self.flushes = 0
        self.dies_at: int | None = None

    def append(self, n: int, event: Event) -> None:
        assert n == len(self.events)
        if n == self.dies_at:
            raise Killed
        self.events.append(event)

    def write(self) -> None:
        self.written = len(self.events)

    def flush(self) -> None:
        if self.flushed < len(self.events):
            self.flushes += 1
        self.written = self.flushed = len(self.events)


class SilentScreen:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def event(self, n: int, event: Event) -> None:
        pass

    def say(self, text: str, *, level: str = "info") -> None:
        self.said.append(text)

    def tick(self, now: float) -> None:
        pass

    def close(self, now: float) -> None:
        pass
