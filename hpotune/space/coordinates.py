"""From a declared parameter to its encoding (see `axis` for the formulas)."""

from __future__ import annotations

from fractions import Fraction

from hpotune.space.axis import Axis
from hpotune.space.choices import Choices
from hpotune.space.parameters import Bool, Float, Int, Searchable
from hpotune.space.ranges import Interval, Steps
from hpotune.space.values import decimal


def axis_of(parameter: Searchable) -> Axis:
    """The encoding of a parameter whose declaration has no problems."""
    match parameter:
        case Bool():
            return Choices((False, True))
        case Int(low=low, high=high, step=step, log=log):
            return Steps(Fraction(low), Fraction(high), Fraction(step or 1), log=log, whole=True)
        case Float(low=low, high=high, step=None, log=log):
            return Interval(low, high, log=log)
        case Float(low=low, high=high, step=step, log=log):
            return Steps(decimal(low), decimal(high), decimal(step or 1.0), log=log, whole=False)
    return Choices(parameter.choices)
