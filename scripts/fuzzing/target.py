"""What a target is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Target:
    """Something that reads bytes from outside.

    check     reads an input: True if it was accepted, False if refused in the proper way; anything raised is a defect
    seeds     good inputs to begin with
    tokens    words of its grammar
    files     parts of the paths of the modules whose coverage counts
    share     of the inputs of a campaign over all targets
    seconds   of processor time that no input may take
    mutate    a change that knows the form of the input, used on every second one
    """

    name: str
    check: Callable[[bytes], bool]
    seeds: Sequence[bytes]
    tokens: Sequence[bytes]
    files: Sequence[str]
    share: float
    seconds: float
    longest: int = 4096
    traced: int = 4  # of so many inputs one is traced
    mutate: Callable[[bytes, Random], bytes] | None = None


class BrokenError(AssertionError):
    """A promise of the target does not hold for the input."""


def must(holds: bool, promise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise BrokenError with the promise if it does not hold."""
    if not holds:
        raise BrokenError(promise)
