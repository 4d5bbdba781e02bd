"""What a schedule of rungs costs, by arithmetic alone: whole brackets, those that the limits cut off, and the quotas of
ASHA.

Notation
    n       trials in the lowest rung; n_i in rung i, r_i its budget, r_-1 = 0
    step    r_i - r_(i-1), what a trial costs on its way to rung i; r_i where a promoted trial starts over
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpotune.events import Budget
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.rungs import Bracket, sizes
from hpotune.summary import rung_costs

LISTED = 1_000  # brackets of which each rung is told
_TINY = 1e-9  # sums of decimal budgets


@dataclass(frozen=True, slots=True)
class Rung:
    """A line of the plan: so many of the `size` trials it is made for come to budget `at`, and cost `budget`."""

    bracket: int | None
    at: Budget
    trials: int
    size: int | None
    go_on: int
    budget: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What something takes: trials, jobs, units of budget."""

    trials: int
    jobs: int
    budget: float


@dataclass(frozen=True, slots=True)
class Filled:
    """The brackets that the limits take: their number, the rungs of the first `LISTED` and of the last, the cost of
    all, and checkpoints on disk at most at a time and in the end.
    """

    count: int
    rungs: tuple[Rung, ...]
    total: Cost
    checkpoints: tuple[int, int]


def cost_of(rungs: Sequence[Rung]) -> Cost:
    """What rungs take; every trial is new in the lowest rung of its bracket."""
    starts = [rung for at, rung in enumerate(rungs) if not at or rungs[at - 1].bracket != rung.bracket]
    return Cost(sum(rung.trials for rung in starts), sum(rung.trials for rung in rungs), sum(r.budget for r in rungs))


def rungs_of(number: int | None, kind: Bracket, counts: Sequence[int], *, resume: bool) -> list[Rung]:
    """The rungs of a bracket, with so many trials in each."""
    costs = rung_costs(kind.budgets, counts, resume=resume)
    rows = zip(kind.budgets, counts, kind.sizes, [*counts[1:], 0], costs, strict=True)
    return [Rung(number, at, count, size, further, cost) for at, count, size, further, cost in rows]


def whole(scheduler: SynchronousScheduler) -> Cost:
    """All kinds of brackets, once each."""
    kinds = enumerate(scheduler.kinds)
    return cost_of([rung for at, kind in kinds for rung in rungs_of(at, kind, kind.sizes, resume=scheduler.resume)])


def filled(
    scheduler: SynchronousScheduler, workers: int, count: int | None, trials: int | None, budget: float | None
) -> Filled:
    """The brackets within limits, of which there must be one; exact if no budget limits more than one worker."""
    kinds, cycle = scheduler.kinds, whole(scheduler)
    ends = [
        None if count is None else count // len(kinds),
        None if trials is None else trials // cycle.trials,
        None if budget is None else int((budget + _TINY) // cycle.budget),
    ]
    cycles = min(end for end in ends if end is not None)
    left = None if trials is None else trials - cycles * cycle.trials
    more = None if budget is None else budget - cycles * cycle.budget
    number, rest = cycles * len(kinds), list[Rung]()
    while count is None or number < count:
        kind = kinds[number % len(kinds)]
        counts = _counts(scheduler, kind, left, more)
        if not counts[0]:
            break
        rows = rungs_of(number, kind, counts, resume=scheduler.resume)
        left = None if left is None else left - counts[0]
        more = None if more is None else more - sum(row.budget for row in rows)
        rest, number = [*rest, *rows], number + 1
        if counts[0] < kind.sizes[0]:
            break
    listed = [
        rung
        for at in range(min(LISTED, cycles * len(kinds)))
        for kind in [kinds[at % len(kinds)]]
        for rung in rungs_of(at, kind, kind.sizes, resume=scheduler.resume)
    ]
    end = cost_of(rest)
    total = Cost(cycles * cycle.trials + end.trials, cycles * cycle.jobs + end.jobs, cycles * cycle.budget + end.budget)
    return Filled(number, (*listed, *rest), total, _checkpoints(scheduler, workers, cycles, rest))


def _counts(scheduler: SynchronousScheduler, kind: Bracket, trials: int | None, budget: float | None) -> list[int]:
    """How many trials come to each rung of the next bracket with what is left; as in `schedulers/brackets`."""
    n = min(kind.sizes[0], kind.sizes[0] if trials is None else trials)
    if budget is not None:
        n = min(n, int((budget + _TINY) // kind.budgets[0]))
    if n <= 0:
        return [0] * len(kind.sizes)
    full = kind.sizes if n == kind.sizes[0] else sizes(n, scheduler.eta, len(kind.sizes))
    if budget is None:
        return list(full)
    counts: list[int] = []
    steps = rung_costs(kind.budgets, [1] * len(full), resume=scheduler.resume)
    for wanted, step in zip(full, steps, strict=True):
        count = min(wanted, counts[-1] if counts else wanted, int((budget + _TINY) // step))
        counts.append(count)
        budget -= count * step
    return counts


def _checkpoints(scheduler: SynchronousScheduler, workers: int, cycles: int, rest: Sequence[Rung]) -> tuple[int, int]:
    """An upper bound of those on disk at a time, and those in the end: of the trials that came to a top, and the best.

    A bracket keeps those that may still go on from its lowest rung; while its last jobs run, the next one has begun.
    """
    kinds, top = scheduler.kinds, max(kind.budgets[-1] for kind in scheduler.kinds)
    tops = cycles * sum(kind.sizes[-1] for kind in kinds) + sum(rung.trials for rung in rest if rung.at == top)
    every = cycles * sum(kind.sizes[0] for kind in kinds) + cost_of(rest).trials
    if scheduler.checkpoints == "all":
        return every, every
    waiting = [kind.sizes[1] if len(kind.sizes) > 1 else 0 for kind in kinds]
    after = [*waiting[1:], waiting[0]] if workers > 1 else [0] * len(kinds)
    both = max(map(sum, zip(waiting, after, strict=True)))
    return min(tops + both + workers + 1, every), min(max(tops, 1), every)


def quota_rungs(scheduler: AshaScheduler, trials: int | None, budget: float | None) -> list[Rung]:
    """The rungs of ASHA if each promotes exactly its quota, with as many trials as the limits take; empty if no trial
    is within the budget.

    Without a limit on the budget the best trial of the highest rung goes up to the top in the end.
    """
    levels, eta = scheduler.levels, scheduler.eta

    def rows(n: int, *, to_the_top: bool) -> list[Rung]:
        counts = tuple(n // eta**i for i in range(len(levels)))
        if to_the_top:
            counts = sizes(n, eta, len(levels))
        return rungs_of(None, Bracket(len(levels) - 1, counts, levels), counts, resume=scheduler.resume)

    if budget is None:
        return rows(trials, to_the_top=True) if trials else []
    least, most = 0, int((budget + _TINY) // levels[0])  # the largest n whose cost is within the budget lies between
    most = most if trials is None else min(most, trials)
    while least < most:
        n = (least + most + 1) // 2
        if cost_of(rows(n, to_the_top=False)).budget <= budget + _TINY:
            least = n
        else:
            most = n - 1
    if not least:
        return []
    topped = rows(least, to_the_top=True)
    return topped if cost_of(topped).budget <= budget + _TINY else rows(least, to_the_top=False)
