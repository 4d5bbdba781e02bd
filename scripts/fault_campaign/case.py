"""What a case is, and what it can find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

from fault_campaign.world import World

Kind = Literal["lost", "duplicated", "left over", "not resumed", "outcome", "word"]
KINDS: tuple[Kind, ...] = ("lost", "duplicated", "left over", "not resumed", "outcome", "word")


class Complaint(NamedTuple):
    """A promise that did not hold, and how that showed."""

    kind: Kind
    text: str


class Found(NamedTuple):
    """What came of a case. `tried`: how often its fault came about."""

    complaints: list[Complaint]
    tried: int = 1


class Missed(Exception):  # noqa: N818 - nothing went wrong
    """The fault did not come about: the study was over before, say. The case says nothing."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault in one setting. `do` gets an empty folder, and random numbers that are the case's own."""

    fault: str
    label: str
    strategy: str
    do: Callable[[World, Random], Found]

    @property
    def name(self) -> str:
        """By which it is asked for again."""
        return f"{self.fault}/{self.label}"
