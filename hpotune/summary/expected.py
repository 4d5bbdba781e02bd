"""What a schedule that pauses trials will cost, by the arithmetic of its rungs, as far as its limits tell.

Notation
    n       how many trials there will be
    n_i     how many of a bracket's trials come to rung i: `sizes` of `schedulers/rungs.py`
    r_i     the budget of rung i; r_-1 = 0
    cost    sum_i n_i (r_i - r_(i-1)); sum_i n_i r_i where a promoted trial starts over
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from hpotune.events import Budget
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.rungs import sizes
from hpotune.strategies import scheduler_of
from hpotune.study import Study


def rung_costs(budgets: Sequence[Budget], counts: Sequence[int], *, resume: bool) -> list[float]:
    """What each rung costs: the way there from the one below, or from 0, for every trial that comes to it."""
    below = [0, *budgets[:-1]] if resume else [0] * len(budgets)
    return [count * (at - start) for count, at, start in zip(counts, budgets, below, strict=True)]


@lru_cache(maxsize=8)
def expected_budget(study: Study, n: int | None) -> float | None:
    """What the study's schedule costs with n trials, if none fails; with as many as its brackets hold if n is None.

    None if that is open, or if the study's schedule pauses no trials. With ASHA it is a little less than it will be:
    trials that are overtaken after their promotion are not counted.
    """
    scheduler, resume = scheduler_of(study), study.budget is not None and study.budget.resume
    if isinstance(scheduler, AshaScheduler) and n is not None:
        counts = sizes(n, scheduler.eta, len(scheduler.levels))
        return sum(rung_costs(scheduler.levels, counts, resume=resume))
    if isinstance(scheduler, SynchronousScheduler) and not (n is None and scheduler.count is None):
        return _of_brackets(scheduler, n, resume=resume)
    return None


def _of_brackets(scheduler: SynchronousScheduler, n: int | None, *, resume: bool) -> float:
    """Whole brackets as long as there are trials, the last with those that are left."""
    costs = [sum(rung_costs(kind.budgets, kind.sizes, resume=resume)) for kind in scheduler.kinds]
    kinds = len(scheduler.kinds)
    cycle = sum(kind.sizes[0] for kind in scheduler.kinds)
    number = 0 if n is None else kinds * (n // cycle)
    if scheduler.count is not None:
        number = min(number, kinds * (scheduler.count // kinds))
    total = number // kinds * sum(costs)
    left = None if n is None else n - number // kinds * cycle
    while (scheduler.count is None or number < scheduler.count) and (left is None or left > 0):
        kind = scheduler.kinds[number % kinds]
        if left is not None and left < kind.sizes[0]:
            counts = sizes(left, scheduler.eta, len(kind.sizes))
            return total + sum(rung_costs(kind.budgets, counts, resume=resume))
        total += costs[number % kinds]
        left = None if left is None else left - kind.sizes[0]
        number += 1
    return total
