"""The arithmetic of rungs and brackets, exact: whole numbers and fractions, no logarithm, no power of a float.

Notation
    r, R        the least and the largest budget (`min` and `max` of a study's budget)
    eta         the factor between two rungs: one trial in eta goes on, to a budget eta times as large; whole, >= 2
    levels      budgets of the rungs, ascending, shape (s_max + 1,); the last is R itself
    s           how often a bracket halves: it has s + 1 rungs, the topmost ones of `levels`
    n_i         how many trials rung i of a bracket holds, i = 0 for its lowest

Rungs are counted from the top, r_k = floor(R / eta^k) for as long as r_k >= r, so that the last stretch of training
always ends at R and is a full factor of eta. A budget that is not whole is taken as the decimal it was written as: in
0.1 to 0.9 by 3 there are three rungs, although 0.9 / 9 < 0.1 in binary.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hpotune.events import Budget


class Bracket(NamedTuple):
    """A plan of successive halving: `sizes[i]` trials are trained to `budgets[i]`; the best of them go on."""

    s: int
    sizes: tuple[int, ...]
    budgets: tuple[Budget, ...]


def rungs(minimum: Budget, maximum: Budget, eta: int) -> tuple[Budget, ...]:
    """The budgets of the rungs, ascending; the last is exactly `maximum`.

    Whole numbers if both ends are whole, else floats (each the nearest to the exact fraction).

    Raises:
        ValueError: not 0 < minimum <= maximum, or eta < 2.
    """
    least, at = _exact(minimum), _exact(maximum)
    if not 0 < least <= at or eta < 2:
        raise ValueError(f"there are no rungs from {minimum} to {maximum} by {eta}")
    whole = least.denominator == at.denominator == 1
    found: list[Budget] = []
    while at >= least:
        found.append(at.numerator // at.denominator if whole else float(at))
        at /= eta
    return tuple(reversed(found))


def sizes(n: int, eta: int, count: int) -> tuple[int, ...]:
    """How many trials each of `count` rungs holds if the lowest holds `n`: n_i = max(1, floor(n / eta^i)).

    The papers ask for n >= eta^(count - 1) and need no max; with fewer, the best one still goes up to the top.
    """
    return tuple(max(1, n // eta**i) for i in range(count))


def halving(levels: tuple[Budget, ...], eta: int, configurations: int | None = None) -> Bracket:
    """The bracket over all rungs that starts with so many configurations (None: as many as leave one at the top)."""
    s = len(levels) - 1
    return Bracket(s, sizes(eta**s if configurations is None else configurations, eta, s + 1), levels)


def brackets(levels: tuple[Budget, ...], eta: int) -> tuple[Bracket, ...]:
    """The brackets of Hyperband, the most exploring one first.

    Li et al. 2018 (Hyperband), algorithm 1: n = ceil((s_max + 1) * eta^s / (s + 1)), n_i = floor(n * eta^-i). The
    paper's table 1 has fewer in its second bracket (27 for R = 81) than its algorithm gives (34); here it is the
    algorithm that counts.
    """
    s_max = len(levels) - 1
    found = []
    for s in range(s_max, -1, -1):
        n = -(-(s_max + 1) * eta**s // (s + 1))
        found.append(Bracket(s, sizes(n, eta, s + 1), levels[s_max - s :]))
    return tuple(found)


def _exact(budget: Budget) -> Fraction:
    return Fraction(str(budget))
