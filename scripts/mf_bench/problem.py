"""What a problem with budgets is: a space, the losses on the way up to the highest budget, and the score at the top.

Notation
    space       as in `search_bench.problem`
    budget      from `low` to `high`, in the problem's own unit; one training to `high` is a full training
    loss        (config, budget, seed) -> what a training reports there, to be minimised; nan: it has diverged
                the seed is the training's own: reports of one training belong together, those of two are independent
    score       config -> the loss at `high` without noise, by which the incumbents are judged; inf: it diverges
    resumes     whether a training can go on from where it ended; else every one begins at 0
    ladder      the budgets at which trainings report: high / ETA^k while at least `low`, whole if the budget is
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from search_bench.problem import Config, Space

ETA = 3  # for all tools


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `best` is the least score there is; inf where nobody knows it, and the results must do."""

    name: str
    space: Space
    low: int
    high: int
    loss: Callable[[Config, float, int], float]
    score: Callable[[Config], float]
    best: float = math.inf
    resumes: bool = True

    def ladder(self) -> list[int]:
        """The rungs from the top, in ascending order."""
        return rungs_down(self.low, self.high)


def rungs_down(low: int, high: int) -> list[int]:
    """floor(high / ETA^k) while at least `low`, ascending: 1, 5, 17, 51 for 1 to 51."""
    power, rungs = 1, []
    while high // power >= low:
        rungs.append(high // power)
        power *= ETA
    return rungs[::-1]


def rungs_up(low: int, high: int) -> list[int]:
    """low * ETA^k below `high`, and `high`: 1, 3, 9, 27, 51 for 1 to 51."""
    rungs = [low]
    while rungs[-1] * ETA < high:
        rungs.append(rungs[-1] * ETA)
    return [*rungs, high] if high > rungs[-1] else rungs
