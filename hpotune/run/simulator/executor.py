"""An executor whose attempts are scripts of what happens when, and the clock that it moves: the loop in virtual time.

A worked trace, one slot; trial 0 reports after 2 seconds and ends after 3:

    executor = VirtualExecutor(clock, 1, lambda job: Script([(2.0, b"loss=0.5\\n")], End(3.0)))
    submit(a)
    wait(inf)  ->  [Started(a, {}, ())]              clock.now == 0
    wait(inf)  ->  [Output(a, "stdout", ...)]        clock.now == 2
    wait(inf)  ->  [Exit(a, 0, None, 3.0, ...)]      clock.now == 3
"""

from __future__ import annotations

import heapq
import math
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hpotune.errors import RunError
from hpotune.run.executor import (
    AttemptId,
    ExecutorEvent,
    Exit,
    Handle,
    JobSpec,
    LaunchFailed,
    Lost,
    Output,
    Queued,
    Started,
)
from hpotune.tuner import Job


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ends by itself, `after` so many seconds; None: never.

    `lost` says why the machine goes away; with `launch_fails` no process comes to be. Else it exits with `code`, or by
    `signal` if that is not None.
    """

    after: float | None
    code: int | None = 0
    signal: int | None = None
    oom: bool = False
    lost: str = ""
    launch_fails: bool = False


class Script(NamedTuple):
    """What an attempt does: pieces of its output, each with its seconds after the start, ascending; then its end."""

    output: Sequence[tuple[float, bytes]]
    end: End


class VirtualClock:
    """Seconds since the session began; moved by whoever waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time now."""
        return self.now


class _Attempt:
    """An attempt that runs. `next_at` is when its next piece of output, or its end, is due; inf: never."""

    __slots__ = ("began", "end", "ends_at", "id", "killed_by", "next_at", "output", "place")

    def __init__(self, id: AttemptId, script: Script, began: float) -> None:  # noqa: A002 - the field's name
        self.id = id
        self.output, self.end = script
        self.began = began
        self.ends_at = math.inf if self.end.after is None else began + self.end.after
        self.place = 0
        self.killed_by: int | None = None  # the signal that ends it, once it is cancelled
        self.next_at = self.due()

    def due(self) -> float:
        """When its next step is."""
        if self.place < len(self.output):
            return min(self.began + self.output[self.place][0], self.ends_at)
        return self.ends_at

    def last(self, *, killed: bool) -> ExecutorEvent:
        """Its last event."""
        end, seconds = self.end, self.ends_at - self.began
        if self.killed_by is not None:
            return Exit(self.id, None, self.killed_by, seconds, {}, killed=True, stragglers=0)
        if end.lost:
            return Lost(self.id, end.lost)
        code = end.code if end.signal is None else None
        return Exit(self.id, code, end.signal, seconds, {}, killed, 0, end.oom)


class VirtualExecutor:
    """Runs the scripts that `behave` gives for jobs; see `Executor`, whose contract it keeps.

    Deterministic: what falls on the same moment happens in the order in which it became due. It prepares its jobs
    itself (see `Preparer`), since no files are needed.

    Attributes:
        on_term: seconds from TERM to the end of a trial; None: it takes no notice.
        most_out: how many attempts have been out at the same time, those in the queue included.
        busy: seconds that attempts have run, summed over all that have ended.
    """

    name = "virtual"

    def __init__(self, clock: VirtualClock, capacity: int, behave: Callable[[Job], Script]) -> None:
        self.clock = clock
        self.capacity = capacity
        self.on_term: float | None = 0.0
        self.most_out = 0
        self.busy = 0.0
        self._behave = behave
        self._prepared: dict[AttemptId, Job] = {}
        self._queue: deque[AttemptId] = deque()
        self._running: dict[AttemptId, _Attempt] = {}
        self._due: list[tuple[float, int, _Attempt | Callable[[], None]]] = []
        self._told: list[ExecutorEvent] = []
        self._count = 0
        self._awake = False

    @property
    def running(self) -> int:
        """How many attempts run."""
        return len(self._running)

    def at(self, seconds: float, call: Callable[[], None]) -> None:
        """Make something happen at a time, such as a signal to the tuner."""
        self._push(seconds, call)

    def tell(self, event: ExecutorEvent, seconds: float) -> None:
        """Make an event of an attempt, beyond those of its script, happen at a time."""
        self.at(seconds, lambda: self._happen(event))

    # The launcher's side

    def prepare(self, job: Job) -> JobSpec:
        """See `Preparer`. Nothing is written."""
        self._prepared[job.id] = job
        return JobSpec(job.id, ("true",), {}, "/", "/dev/null", "/dev/null")

    def drop(self, trial: int) -> None:
        """See `Preparer`. There is nothing to delete."""

    # The executor's side

    def submit(self, spec: JobSpec) -> None:
        """See `Executor`."""
        if len(self._running) < self.capacity:
            self._start(spec.id)
        else:
            self._queue.append(spec.id)
            self._told.append(Queued(spec.id))
        self.most_out = max(self.most_out, len(self._running) + len(self._queue))

    def cancel(self, id: AttemptId, grace: float) -> None:  # noqa: A002 - as in the protocol
        """See `Executor`. Until its end the attempt goes on printing."""
        if id in self._queue:
            self._queue.remove(id)
            self._told.append(Exit(id, None, None, 0.0, {}, killed=True, stragglers=0))
            return
        attempt = self._running.get(id)
        if attempt is None:
            return
        heeds = self.on_term is not None and self.on_term <= grace
        at = self.clock.now + (self.on_term if self.on_term is not None and heeds else grace)
        if at < attempt.ends_at:
            attempt.ends_at = at
            attempt.killed_by = signal.SIGTERM if heeds else signal.SIGKILL
            if at < attempt.next_at:
                attempt.next_at = at
                self._push(at, attempt)

    def set_aside(self, slot: str) -> bool:
        """See Executor. There are no slots here."""
        del slot
        return False

    def wait(self, timeout: float | None) -> list[ExecutorEvent]:
        """See `Executor`. It is time that passes, not anybody who waits.

        Raises:
            RunError: nothing is left that could happen, and there is no timeout.
        """
        until = self._until(math.inf if timeout is None else self.clock.now + timeout)
        self._awake = False
        self.clock.now = until
        due = self._due
        while due and due[0][0] <= until:
            at, _, item = heapq.heappop(due)
            if not isinstance(item, _Attempt):
                item()
            elif item.next_at == at and item.id in self._running:
                self._step(item)
        told, self._told = self._told, []
        return told

    def wake(self) -> None:
        """See `Executor`."""
        self._awake = True

    def reattach(self, handles: Mapping[AttemptId, Handle]) -> list[ExecutorEvent]:
        """See `Executor`. Nothing outlives a session."""
        return [Lost(id, "the session is over") for id in handles]  # noqa: A001 - as in the protocol

    def close(self, grace: float) -> None:
        """See `Executor`."""
        del grace
        self._running.clear()
        self._queue.clear()
        self._due.clear()
        self._told.clear()

    # Within

    def _start(self, id: AttemptId) -> None:  # noqa: A002 - as above
        script = Script(*self._behave(self._prepared.pop(id)))
        if script.end.launch_fails:
            self._told.append(LaunchFailed(id, "no such program", transient=False))
            return
        attempt = self._running[id] = _Attempt(id, script, self.clock.now)
        self._told.append(Started(id, {}, ()))
        if attempt.next_at < math.inf:
            self._push(attempt.next_at, attempt)

    def _until(self, limit: float) -> float:
        """The time to which to move on."""
        now = self.clock.now
        if self._awake or self._told:
            return now
        until = min(limit, max(now, self._due[0][0])) if self._due else limit
        if until == math.inf:
            stuck = min(self._running, default=None)
            words = "nothing is left that could happen" if stuck is None else f"trial {stuck[0]} never ends"
            raise RunError(f"the simulation cannot go on: {words}", "give the study a `trial.timeout`")
        return until

    def _step(self, attempt: _Attempt) -> None:
        """The next piece of output, or the end."""
        if attempt.place < len(attempt.output) and attempt.began + attempt.output[attempt.place][0] <= attempt.ends_at:
            self._told.append(Output(attempt.id, "stdout", attempt.output[attempt.place][1]))
            attempt.place += 1
            attempt.next_at = attempt.due()
            if attempt.next_at < math.inf:
                self._push(attempt.next_at, attempt)
        else:
            self._happen(attempt.last(killed=False))

    def _happen(self, event: ExecutorEvent) -> None:
        self._told.append(event)
        if isinstance(event, Exit | Lost | LaunchFailed) and (attempt := self._running.pop(event.id, None)):
            self.busy += self.clock.now - attempt.began
            while self._queue and len(self._running) < self.capacity:
                self._start(self._queue.popleft())

    def _push(self, at: float, item: _Attempt | Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (at, self._count, item))
