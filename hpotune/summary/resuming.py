"""Whether a script goes on from its checkpoint as if it had never stopped: a comparison of four jobs.

    first       0 -> r   saves a checkpoint
    straight    0 -> R   twice, the same seed
    resumed     r -> R   goes on from what `first` saved

Notation
    b               a budget at which both straight jobs and the one compared have a report
    x(b), y1(b), y2(b)   the value of the job compared, and of the straight ones
    spread          max over b of |y1(b) - y2(b)|: by how much the same training differs from itself
    tolerance       max(3 spread, 1e-9 max(|y1|, |y2|)): with spread 0, equal but for the last bits
    distance(b)     how far x(b) lies outside of [min(y1, y2), max(y1, y2)]
    movement        max over b in (r, R] of |y1(b) - x0|, x0 the first value of all: how much there is to be seen

Two runs give one difference at each budget, a poor estimate of a standard deviation; so the largest over the curve is
taken. If the tolerance is no less than the movement, a training that began anew would pass as well: nothing is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hpotune.events import Budget

Kind: TypeAlias = Literal[
    "right", "different", "anew", "schedule", "unclear", "failed", "silent", "no_budget", "past", "short", "empty",
    "started_over", "nothing_in_common",
]  # fmt: skip

_TIMES = 3.0
_LAST_BITS = 1e-9


@dataclass(frozen=True, slots=True)
class Stretch:
    """One of the four jobs as it came out.

    reports         (budget, value) in order; budget None where the line named none; of a job that goes on, those beyond
                    `start`
    failure         why it failed, in words; empty if it did not
    started_over    its first report was at or below `start`
    saved           whether there is a file in its checkpoint folder at the end
    """

    start: Budget
    to: Budget
    reports: Sequence[tuple[Budget | None, float]]
    failure: str = ""
    started_over: bool = False
    saved: bool = True

    @property
    def curve(self) -> Mapping[Budget, float]:
        """The values by budget."""
        return {budget: value for budget, value in self.reports if budget is not None}

    @property
    def reached(self) -> Budget | None:
        """The largest budget that was reported."""
        return max(self.curve, default=None)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said about a script's checkpoints.

    job             the job at which it was seen: first, straight, resumed
    at, distance    the first budget at which the values differ by more than `tolerance`, and by how much there
    largest         the largest distance at any budget
    reached, to     where the job ended, and where it should have
    same_end        all jobs so far ended at the same budget, although they should not have
    """

    kind: Kind
    job: str = ""
    at: Budget | None = None
    distance: float = 0.0
    largest: float = 0.0
    spread: float = 0.0
    tolerance: float = 0.0
    movement: float = 0.0
    reached: Budget | None = None
    to: Budget | None = None
    same_end: bool = False
    failure: str = ""

    @property
    def right(self) -> bool:
        """Whether the script's checkpoints can be trusted."""
        return self.kind == "right"


def fault(jobs: Mapping[str, Stretch]) -> Finding | None:
    """What is wrong with the last of the jobs, whatever the others say; None if nothing is.

    Args:
        jobs: those that have ended, by name, in order.
    """
    name, job = list(jobs.items())[-1]
    kind = name.split()[0]
    if job.failure:
        return Finding("failed", kind, failure=job.failure)
    if job.started_over:
        return Finding("started_over", kind, at=job.start, to=job.to)
    if not job.reports:
        return Finding("silent", kind, to=job.to)
    reached = job.reached
    if reached is None:
        return Finding("no_budget", kind, to=job.to)
    if not any(math.isfinite(value) for value in job.curve.values()):
        return Finding("failed", kind, failure="none of its values is a finite number")
    if not math.isclose(reached, job.to, rel_tol=_LAST_BITS):
        same_end = len(jobs) > 1 and len({each.reached for each in jobs.values()}) == 1
        return Finding("past" if reached > job.to else "short", kind, reached=reached, to=job.to, same_end=same_end)
    if kind == "first" and not job.saved:
        return Finding("empty", kind, to=job.to)
    return None


def compare(first: Stretch, resumed: Stretch, straight: tuple[Stretch, Stretch]) -> Finding:
    """Compare jobs of which none has a fault."""
    yardstick = _Yardstick.of(straight)
    early, late = yardstick.distances(first.curve), yardstick.distances(resumed.curve)
    if not late:
        return Finding("nothing_in_common", "resumed")
    for job, distances in (("first", early), ("resumed", late)):
        if any(distance > yardstick.tolerance for distance in distances.values()):
            return _differing(job, distances, yardstick, resumed)
    moved = _movement(first, [yardstick.pairs[budget][0] for budget in late])
    return Finding(
        "right" if moved > yardstick.tolerance else "unclear",
        "resumed",
        spread=yardstick.spread,
        tolerance=yardstick.tolerance,
        movement=moved,
    )


@dataclass(frozen=True, slots=True)
class _Yardstick:
    """The two straight jobs: their values at the budgets that both have, and how far these lie apart."""

    pairs: Mapping[Budget, tuple[float, float]]
    spread: float
    tolerance: float

    @classmethod
    def of(cls, straight: tuple[Stretch, Stretch]) -> _Yardstick:
        one, two = (each.curve for each in straight)
        pairs = {budget: (one[budget], two[budget]) for budget in one if budget in two}
        spread = max((_difference(*pair) for pair in pairs.values()), default=0.0)
        scale = max((abs(value) for pair in pairs.values() for value in pair if math.isfinite(value)), default=0.0)
        return cls(pairs, spread, max(_TIMES * spread, _LAST_BITS * scale))

    def distances(self, curve: Mapping[Budget, float]) -> dict[Budget, float]:
        """How far a curve lies outside of the two, at each budget that all have."""
        return {
            budget: _outside(curve[budget], *self.pairs[budget]) for budget in sorted(curve) if budget in self.pairs
        }


def _differing(job: str, distances: Mapping[Budget, float], yardstick: _Yardstick, resumed: Stretch) -> Finding:
    at = next(budget for budget, distance in distances.items() if distance > yardstick.tolerance)
    kind: Kind = "schedule" if job == "first" else "anew" if _begins_anew(resumed, yardstick) else "different"
    return Finding(
        kind,
        job,
        at=at,
        distance=distances[at],
        largest=max(distances.values()),
        spread=yardstick.spread,
        tolerance=yardstick.tolerance,
    )


def _begins_anew(resumed: Stretch, yardstick: _Yardstick) -> bool:
    """Whether the values after r are those of a training from 0: x(r + b) is y(b) for every b that can be compared."""
    distances = yardstick.distances({budget - resumed.start: value for budget, value in resumed.curve.items()})
    return bool(distances) and max(distances.values()) <= yardstick.tolerance


def _movement(first: Stretch, later: Sequence[float]) -> float:
    begin = first.curve[min(first.curve)]
    return max((abs(value - begin) for value in later if math.isfinite(value - begin)), default=0.0)


def _difference(one: float, two: float) -> float:
    if one == two or (math.isnan(one) and math.isnan(two)):
        return 0.0
    difference = abs(one - two)
    return difference if math.isfinite(difference) else math.inf


def _outside(value: float, one: float, two: float) -> float:
    if min(one, two) <= value <= max(one, two):
        return 0.0
    return min(_difference(value, one), _difference(value, two))
