"""What the tuner may do next: a closed union, to be matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hpotune.events import Budget, JobCause
from hpotune.schedulers import Drop, Pause, Promote, Stop


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask the searcher for the configuration of a new trial; its slot is reserved while that goes on."""

    trial: int
    budget: Budget | None
    reason: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """Start an attempt of a job that trains a trial from budget `start` to budget `to`, maybe with nothing to go on."""

    trial: int
    job: int
    attempt: int
    start: Budget | None
    to: Budget | None
    cause: JobCause
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Interrupt:
    """End all running jobs now; a resume will run them again."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done until something happens."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do in this session, and why."""

    why: str


Action: TypeAlias = Propose | Launch | Pause | Promote | Stop | Drop | Interrupt | Wait | Finish
