"""What a replay finds: decisions that did not come out as they were taken, how far off, and what may be the reason.

Distance
    cube      of two values of a continuous parameter: how far their coordinates in the unit cube of the space are apart
    relative  of two other numbers a and b: |a - b| / max(|a|, |b|, 1e-7)
    count     the same, of the one count that hangs on rounding: how many candidates an optimiser was left with once
              those that came out equal were taken for one

Two decisions that differ in nothing but such numbers, none of them further apart than FAR, are *numerically different*:
optimisers that come to the same optimum end closer together. All else is *different*: other counts as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypeAlias

from hpotune import events as ev
from hpotune.events import Decision, Event

Verdict = Literal["same", "numerically different", "different"]
Measure = Literal["cube", "relative", "count"]
Path: TypeAlias = tuple[str | int, ...]

VERDICTS: tuple[Verdict, ...] = ("same", "numerically different", "different")
FAR: Mapping[Measure, float] = {"cube": 0.01, "relative": 0.01, "count": 0.1}


class Absent(Enum):
    """One of the two decisions has no such entry."""

    ABSENT = "nothing"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Off:
    """An entry of a decision that was one thing and is another.

    `path` leads to it: `("config", "lr")`. `distance` is None where two things are not the same and no distance tells
    how much: texts, whole numbers, choices, an entry that only one of them has.
    """

    path: Path
    was: Any
    now: Any
    distance: float | None = None
    measure: Measure = "relative"

    @property
    def is_near(self) -> bool:
        """Whether it may come of rounding."""
        return self.distance is not None and self.distance <= FAR[self.measure]


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision that did not come out as it was taken.

    event       its number in the journal
    session     the session that took it, from 0
    taken       as it stands in the journal
    recomputed  what follows from what it saw; None if nothing was due, or if it saw what had not happened yet
    possible    whether what it saw comes before it
    off         where the two differ, if they are decisions of one kind
    """

    event: int
    session: int
    taken: Decision
    recomputed: Event | None
    possible: bool = True
    off: tuple[Off, ...] = ()

    @property
    def kind(self) -> str:
        """`trial_planned`, say."""
        return ev.NAMES[type(self.taken)]

    @property
    def trial(self) -> int | None:
        """The trial that it is about, if it is about one."""
        return None if isinstance(self.taken, ev.SpaceExhausted | ev.StudyFinished) else self.taken.trial

    @property
    def verdict(self) -> Verdict:
        """Numerically different, or different."""
        return "numerically different" if self.off and all(each.is_near for each in self.off) else "different"

    @property
    def only_noted(self) -> bool:
        """Whether what was decided is the same, and only the numbers kept about it are not."""
        return bool(self.off) and all(each.path[0] in ("record", "reason") for each in self.off)

    def distance(self, measure: Measure) -> float | None:
        """The largest distance by a measure; None if it measures nothing."""
        return max((o.distance for o in self.off if o.distance is not None and o.measure == measure), default=None)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decisions are computed with: `versions` and `processor` by name, each empty if it was not recorded."""

    versions: Mapping[str, Any] = field(default_factory=dict)
    processor: Mapping[str, Any] = field(default_factory=dict)
    host: str | None = None


Changes: TypeAlias = Mapping[str, tuple[Any, Any]]  # by name: was, is


@dataclass(frozen=True, slots=True)
class Fallback:
    """A proposal got round a numerical failure, `then` or else only now; `failure` says which."""

    then: bool
    failure: str


@dataclass(frozen=True, slots=True)
class OtherVersions:
    """The session that took the decision ran other versions."""

    changed: Changes


@dataclass(frozen=True, slots=True)
class OtherProcessor:
    """The versions are the same, the processor is not."""

    changed: Changes


@dataclass(frozen=True, slots=True)
class OtherHost:
    """The versions are the same, the processor is not known, and it is another machine."""

    was: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """The journal does not tell the versions of that session."""


@dataclass(frozen=True, slots=True)
class ProgramOrJournal:
    """All that is known is the same: the program or the journal was changed; `journal`: it can only be the journal."""

    journal: bool = False


Reason: TypeAlias = Fallback | OtherVersions | OtherProcessor | OtherHost | NotRecorded | ProgramOrJournal

REASONS: Mapping[type[Reason], str] = {
    Fallback: "fallback",
    OtherVersions: "other_versions",
    OtherProcessor: "other_processor",
    OtherHost: "other_host",
    NotRecorded: "not_recorded",
    ProgramOrJournal: "program_or_journal",
}
