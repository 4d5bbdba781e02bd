"""What the operators and functions of an expression do. Each is bounded in time and in the size of its result.

Numbers are Python's ints, floats and booleans (1 and 0), kept finite and at most `LARGEST` in magnitude; so an int has
at most 1024 bits and always has a float. Texts can be joined and compared, nothing else makes a longer text.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from hpotune.expressions.errors import ExpressionError

LARGEST = 1.7e308
LONGEST_TEXT = 10_000
_MOST_BITS = 1024
_MOST_DIGITS = 400

Binary = Callable[[Any, Any], object]


class Function(NamedTuple):
    """A function with the least and the most arguments it takes (None: any number)."""

    call: Callable[..., object]
    least: int = 1
    most: int | None = 1


def kind_of(value: object) -> str:
    """What people call a value of this type."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if value is None:
        return "null"
    return "a list" if isinstance(value, list) else "a mapping"


def _arithmetic(symbol: str, compute: Binary) -> Binary:
    def run(left: Any, right: Any) -> object:
        if isinstance(left, int | float) and isinstance(right, int | float):
            return _bounded(compute(left, right))
        raise ExpressionError(f"{symbol} takes numbers, not {kind_of(left)} and {kind_of(right)}")

    return run


def _bounded(result: Any) -> object:
    if -LARGEST <= result <= LARGEST:  # also False for nan
        return result
    raise ExpressionError("the result is too large")


_add_numbers = _arithmetic("+", operator.add)


def _add(left: Any, right: Any) -> object:
    if not (isinstance(left, str) and isinstance(right, str)):
        return _add_numbers(left, right)
    if len(left) + len(right) > LONGEST_TEXT:
        raise ExpressionError(f"the text is longer than {LONGEST_TEXT} characters")
    return left + right


def _power(base: Any, exponent: Any) -> object:
    if base < 0 and exponent != int(exponent):
        raise ExpressionError(f"{base} ** {exponent} is not a real number")
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and exponent > 1 and (abs(base).bit_length() - 1) * exponent > _MOST_BITS:
        raise ExpressionError("the result is too large")
    return 1 if whole and base == 1 else base**exponent


def _negative(value: Any) -> object:
    if isinstance(value, int | float):
        return -value
    raise ExpressionError(f"- takes a number, not {kind_of(value)}")


def _positive(value: Any) -> object:
    if isinstance(value, int | float):
        return +value
    raise ExpressionError(f"+ takes a number, not {kind_of(value)}")


def _ordered(symbol: str, compare: Binary) -> Binary:
    def run(left: Any, right: Any) -> object:
        if isinstance(left, int | float) and isinstance(right, int | float):
            return compare(left, right)
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        raise ExpressionError(f"{symbol} cannot compare {kind_of(left)} with {kind_of(right)}")

    return run


def _contained(item: Any, container: Any) -> bool:
    if isinstance(container, list) or (isinstance(container, str) and isinstance(item, str)):
        return item in container
    raise ExpressionError(f"in cannot look for {kind_of(item)} in {kind_of(container)}")


def _not_contained(item: Any, container: Any) -> bool:
    return not _contained(item, container)


def _numeric(name: str, compute: Callable[..., object]) -> Callable[..., object]:
    """A function of numbers; what it is not defined for is said in the user's terms."""

    def run(*arguments: Any) -> object:
        for argument in arguments:
            if not isinstance(argument, int | float):
                raise ExpressionError(f"{name} takes numbers, not {kind_of(argument)}")
        try:
            result = compute(*arguments)
        except ExpressionError:
            raise
        except (ValueError, ZeroDivisionError):
            shown = ", ".join(str(argument) for argument in arguments)
            raise ExpressionError(f"{name}({shown}) is not defined") from None
        return _bounded(result)

    return run


def _extreme(name: str, choose: Callable[..., object]) -> Callable[..., object]:
    compute = _numeric(name, lambda *numbers: choose(numbers))

    def run(*arguments: Any) -> object:
        numbers = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
        return compute(*numbers)

    return run


def _round(number: Any, digits: Any = None) -> Any:
    """Python's rounding: halves go to the even neighbour; without `digits` the result is an int."""
    if digits is not None and abs(digits) > _MOST_DIGITS:
        raise ExpressionError(f"round takes at most {_MOST_DIGITS} digits")
    return round(number) if digits is None else round(number, int(digits))


BINARY: dict[str, Binary] = {
    "Add": _add,
    "Sub": _arithmetic("-", operator.sub),
    "Mult": _arithmetic("*", operator.mul),
    "Div": _arithmetic("/", operator.truediv),
    "FloorDiv": _arithmetic("//", operator.floordiv),
    "Mod": _arithmetic("%", operator.mod),
    "Pow": _arithmetic("**", _power),
}
UNARY: dict[str, Callable[[Any], object]] = {"Not": operator.not_, "USub": _negative, "UAdd": _positive}
COMPARISON: dict[str, Binary] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": _ordered("<", operator.lt),
    "LtE": _ordered("<=", operator.le),
    "Gt": _ordered(">", operator.gt),
    "GtE": _ordered(">=", operator.ge),
    "In": _contained,
    "NotIn": _not_contained,
}
FUNCTIONS: dict[str, Function] = {
    "min": Function(_extreme("min", min), most=None),
    "max": Function(_extreme("max", max), most=None),
    "abs": Function(_numeric("abs", abs)),
    "log": Function(_numeric("log", math.log), most=2),
    "exp": Function(_numeric("exp", math.exp)),
    "sqrt": Function(_numeric("sqrt", math.sqrt)),
    "floor": Function(_numeric("floor", math.floor)),
    "ceil": Function(_numeric("ceil", math.ceil)),
    "round": Function(_numeric("round", _round), most=2),
}
