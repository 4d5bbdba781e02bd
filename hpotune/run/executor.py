"""What the loop needs of whatever runs attempts: a place to submit them to, and one stream of what became of them.

A worked trace, one slot, two attempts:

    submit(a); submit(b)
    wait(None)  ->  [Started(a, ...), Queued(b)]
    wait(None)  ->  [Output(a, "stdout", b"epoch 1 loss=0.5\\n")]
    cancel(a, 10.0)
    wait(None)  ->  [Exit(a, None, 15, ..., killed=True, ...), Started(b, ...)]     all output of a was given before

Every event carries its attempt, so that one that comes late, of a copy given up for lost, is recognised. `Exit` is
about the trial, `Lost` about the machine, `LaunchFailed` says that no process came to be; each of the three is the last
event of its attempt. Queued is not started: timeouts run from `Started`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

AttemptId: TypeAlias = tuple[int, int, int]  # trial, job, attempt
Handle: TypeAlias = dict[str, Any]
Channel = Literal["stdout", "stderr", "file"]


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One attempt as data. Paths are absolute.

    `env` is the whole environment, but for what the executor itself decides (devices, the run's token). The files
    `stdout` and `stderr` are made anew; `metrics` is the trial's to make, or not ("": it has none). `memory_limit` is
    what its processes may take in sum, in bytes; one that takes more is ended.
    """

    id: AttemptId
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    stdout: str
    stderr: str
    metrics: str = ""
    memory_limit: int | None = None


class Queued(NamedTuple):
    """The attempt waits for a place."""

    id: AttemptId


class Started(NamedTuple):
    """Its process exists. `handle` is JSON that only the executor understands; `slots` the devices it was given."""

    id: AttemptId
    handle: Handle
    slots: tuple[str, ...]


class Output(NamedTuple):
    """What a channel grew by, in order, cut anywhere."""

    id: AttemptId
    channel: Channel
    data: bytes


class Leaving(NamedTuple):
    """Its leader has exited, not all that it started: limits of time hold no more. Told only if that takes a while."""

    id: AttemptId


class Exit(NamedTuple):
    """It is over, all its output was given, and none of its processes is left.

    Exactly one of `code` and `signal` is set, or neither if it was cancelled in the queue. `usage` holds `cpu`, its
    processor time in seconds, and `max_rss`, the largest resident size of one of its processes in bytes (left out where
    the system cannot tell it from the tuner's own). `killed`: the executor sent signals (a cancel) before it ended;
    `stragglers`: how many processes it left behind, which were ended. `oom`: it died of SIGKILL while the kernel, short
    of memory, killed something. `over_memory`: it was ended for taking so many bytes, more than its memory limit.
    """

    id: AttemptId
    code: int | None
    signal: int | None
    seconds: float
    usage: dict[str, float]
    killed: bool
    stragglers: int
    oom: bool = False
    over_memory: int = 0


class Lost(NamedTuple):
    """The machine, or the way to it, is gone; what became of the attempt is unknown."""

    id: AttemptId
    why: str


class LaunchFailed(NamedTuple):
    """No process came to be. `transient`: the machine was short of something, so another try may succeed."""

    id: AttemptId
    message: str
    transient: bool


ExecutorEvent: TypeAlias = Queued | Started | Output | Leaving | Exit | Lost | LaunchFailed


class Executor(Protocol):
    """Runs attempts, at most `capacity` at a time; the others wait in the order they came."""

    @property
    def name(self) -> str:
        """The word for it in the journal, such as `local`."""

    @property
    def capacity(self) -> int:
        """How many attempts can run at a time."""

    def submit(self, spec: JobSpec) -> None:
        """Run an attempt, at once or when a place is free. What becomes of it is told by `wait`."""

    def cancel(self, id: AttemptId, grace: float) -> None:  # noqa: A002 - the field's name
        """End an attempt: TERM, after `grace` seconds KILL. Again: the earlier deadline holds. Unknown: no effect."""

    def set_aside(self, slot: str) -> bool:
        """Give a slot to no attempt any more; what has it now may go on. The capacity sinks accordingly. False if it
        goes on being given, since nothing could run without it."""

    def wait(self, timeout: float | None) -> list[ExecutorEvent]:
        """What happened since the last call; blocks until something does, `wake` is called, or `timeout` seconds
        have passed (None: without end)."""

    def wake(self) -> None:
        """Make a `wait`, going on or the next one, return. Safe in a signal handler and in another thread."""

    def reattach(self, handles: Mapping[AttemptId, Handle]) -> list[ExecutorEvent]:
        """Take up attempts that an earlier session started; tells of those that cannot be (`Lost`)."""

    def close(self, grace: float) -> None:
        """End whatever runs, tell nothing of it any more, and free everything. May be called twice."""
