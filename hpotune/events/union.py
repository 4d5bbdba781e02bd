"""The closed union of events of journal format 1.

Events are *facts* (what was measured or asked of the tuner) or *decisions* (what the tuner chose). A decision carries
`saw`: the number of the last event it looked at. The number `n` of an event is its place in the journal, from 0.

    facts       study_started, study_resumed, capacity, job_started, reported, job_ended, timer_fired, signal_received
    decisions   trial_planned, space_exhausted, job_planned, trial_paused, trial_promoted, trial_stopped,
                checkpoint_dropped, study_finished

Everything measured (times, pids, memory, hosts, seconds) sits under the one key `measured`; its `at` is the number of
seconds since the session began. Two runs with the same seed, one worker and no timer fired differ in nothing else.

Events are NamedTuples: immutable, and cheap enough to build half a million of them when a long run is read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

FORMAT = 1

JsonObject: TypeAlias = Mapping[str, Any]
Budget: TypeAlias = int | float
Origin = Literal["search", "default", "enqueue", "confirm"]
JobCause = Literal["first", "promotion", "retry", "resume"]
Outcome = Literal["completed", "failed", "stopped", "interrupted", "lost"]
Timer = Literal["time_limit", "timeout", "stall", "retry", "heartbeat"]
SignalMode = Literal["drain", "stop"]

NOTHING: JsonObject = {}


class StudyStarted(NamedTuple):
    """The run begins: the whole resolved study, the seed, and what it was started with."""

    format: int
    study: JsonObject
    seed: int
    versions: JsonObject = NOTHING
    hashes: JsonObject = NOTHING
    measured: JsonObject = NOTHING


class StudyResumed(NamedTuple):
    """A later session begins. `study` is the whole study when `changes` altered it, else None.

    `retry_failed` lists the causes of the failed trials that are to be run again.
    """

    changes: list[JsonObject]
    study: JsonObject | None = None
    retry_failed: list[str] = []  # noqa: RUF012 - never changed in place; a NamedTuple needs a plain default
    versions: JsonObject = NOTHING
    hashes: JsonObject = NOTHING
    measured: JsonObject = NOTHING


class Capacity(NamedTuple):
    """How many jobs may be out at a time from now on. `aside`: slots that are used no more, since all failed there."""

    workers: int
    aside: list[str] = []  # noqa: RUF012 - never changed in place; a NamedTuple needs a plain default
    measured: JsonObject = NOTHING


class JobStarted(NamedTuple):
    """The executor has started a process for an attempt; its opaque handle is in `measured`."""

    trial: int
    job: int
    attempt: int
    executor: str
    slots: list[str] = []  # noqa: RUF012 - as above
    measured: JsonObject = NOTHING


class Reported(NamedTuple):
    """One value of the metric, with the metric's own sign, at one budget (None: the line named none).

    `zero_based` is there on the first report that tells whether the script counts its budget from 0.
    """

    trial: int
    job: int
    attempt: int
    budget: Budget | None
    value: float
    also: Mapping[str, float] = NOTHING
    late: bool = False
    zero_based: bool | None = None
    measured: JsonObject = NOTHING


class JobEnded(NamedTuple):
    """An attempt is over and its processes are gone.

    `cause` says why it failed (one of `causes`), or what interrupted it. `notes` holds what was noticed on the way
    (reports dropped or thinned, a zero-based budget, a start from scratch, stragglers); `message` what the user should
    read first. Failures of one `fingerprint` are alike; without one (by an earlier version) a failure counts as unlike.
    """

    trial: int
    job: int
    attempt: int
    outcome: Outcome
    cause: str | None = None
    code: int | None = None
    signal: int | None = None
    message: str = ""
    fingerprint: str = ""
    notes: JsonObject = NOTHING
    measured: JsonObject = NOTHING


class TimerFired(NamedTuple):
    """A limit of time was reached: the study's (`trial` is None) or an attempt's; or the time has come to retry it.

    `heartbeat` is no limit: it notes the time where nothing else would, so that a limit holds over a death.
    """

    timer: Timer
    trial: int | None = None
    job: int | None = None
    attempt: int | None = None
    measured: JsonObject = NOTHING


class SignalReceived(NamedTuple):
    """The user, or the batch system, asked the tuner to end: after the running trials (drain), or now (stop)."""

    signal: str
    mode: SignalMode
    measured: JsonObject = NOTHING


class TrialPlanned(NamedTuple):
    """A new trial, its configuration and the budget it is first trained to.

    `record` is what the searcher wants to remember of its proposal, `reason` what the scheduler wants the trial for.
    """

    trial: int
    config: dict[str, Any]
    origin: Origin
    saw: int
    budget: Budget | None = None
    reason: JsonObject = NOTHING
    replicate: int | None = None
    record: JsonObject = NOTHING
    measured: JsonObject = NOTHING


class SpaceExhausted(NamedTuple):
    """The searcher has no further configuration to propose."""

    reason: str
    saw: int
    measured: JsonObject = NOTHING


class JobPlanned(NamedTuple):
    """An attempt is about to be launched, to train its trial from budget `start` to budget `to`.

    `fresh`: from an empty checkpoint folder, since what was in it is gone, or no good.
    """

    trial: int
    job: int
    attempt: int
    start: Budget | None
    to: Budget | None
    cause: JobCause
    saw: int
    fresh: bool = False
    measured: JsonObject = NOTHING


class TrialPaused(NamedTuple):
    """The scheduler keeps a trial at its rung."""

    trial: int
    reason: JsonObject
    saw: int
    measured: JsonObject = NOTHING


class TrialPromoted(NamedTuple):
    """The scheduler trains a paused trial on to budget `to`."""

    trial: int
    to: Budget
    reason: JsonObject
    saw: int
    measured: JsonObject = NOTHING


class TrialStopped(NamedTuple):
    """The scheduler ends a trial early; it is stopped whatever its exit, and its later reports are late."""

    trial: int
    reason: JsonObject
    saw: int
    measured: JsonObject = NOTHING


class CheckpointDropped(NamedTuple):
    """The checkpoint of a paused trial is deleted. Should the trial be promoted all the same, it starts at 0."""

    trial: int
    reason: JsonObject
    saw: int
    measured: JsonObject = NOTHING


class StudyFinished(NamedTuple):
    """Nothing more is to be done, and why: a limit, the target, an exhausted space, or the user's wish."""

    why: str
    saw: int
    measured: JsonObject = NOTHING


Fact: TypeAlias = (
    StudyStarted | StudyResumed | Capacity | JobStarted | Reported | JobEnded | TimerFired | SignalReceived
)
Decision: TypeAlias = (
    TrialPlanned
    | SpaceExhausted
    | JobPlanned
    | TrialPaused
    | TrialPromoted
    | TrialStopped
    | CheckpointDropped
    | StudyFinished
)
Event: TypeAlias = Fact | Decision

NAMES: dict[type[Event], str] = {
    StudyStarted: "study_started",
    StudyResumed: "study_resumed",
    Capacity: "capacity",
    JobStarted: "job_started",
    Reported: "reported",
    JobEnded: "job_ended",
    TimerFired: "timer_fired",
    SignalReceived: "signal_received",
    TrialPlanned: "trial_planned",
    SpaceExhausted: "space_exhausted",
    JobPlanned: "job_planned",
    TrialPaused: "trial_paused",
    TrialPromoted: "trial_promoted",
    TrialStopped: "trial_stopped",
    CheckpointDropped: "checkpoint_dropped",
    StudyFinished: "study_finished",
}
DECISIONS: tuple[type[Decision], ...] = get_args(Decision)
