"""What is wrong with one parameter as it is declared, before it meets the others."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

from hpotune.space.axis import MOST_LOG_RATIO, MOST_VALUES
from hpotune.space.mistakes import SpaceProblem
from hpotune.space.parameters import Bool, Categorical, Constant, Derived, Float, Int, Ordinal, Parameter
from hpotune.space.values import canonical_json, decimal, is_json, is_number, is_whole


def declaration_problems(parameter: Parameter) -> list[SpaceProblem]:
    """Everything wrong with one parameter's own fields, but for its default and its expressions."""
    match parameter:
        case Float() | Int():
            found = _range_problems(parameter)
        case Ordinal() | Categorical():
            found = _choice_problems(parameter)
        case Constant() if not is_json(parameter.value):
            found = iter([("value", "this is not a JSON value", "Use finite numbers, texts, lists and mappings.")])
        case Constant() | Bool() | Derived():
            found = iter(())
    return [
        SpaceProblem(
            ("parameters", parameter.name, field) if field else ("parameters", parameter.name), message, remedy
        )
        for field, message, remedy in found
    ]


MOST_GRID_POINTS = 100_000
_Found = Iterator[tuple[str, str, str]]  # field, message, remedy


def _range_problems(parameter: Float | Int) -> _Found:
    wanted, fits = ("a whole number", is_whole) if isinstance(parameter, Int) else ("a finite number", is_number)
    fields = {"low": parameter.low, "high": parameter.high}
    if parameter.step is not None:
        fields["step"] = parameter.step
    wrong = [field for field, value in fields.items() if not fits(value)]
    yield from ((field, f"{field} must be {wanted}", "") for field in wrong)
    if parameter.grid is not None and not (is_whole(parameter.grid) and 1 <= parameter.grid <= MOST_GRID_POINTS):
        yield "grid", f"grid must be a whole number from 1 to {MOST_GRID_POINTS:,}", "It is a number of grid points."
    if wrong:
        return
    if parameter.low > parameter.high:
        yield "low", f"low ({parameter.low}) is above high ({parameter.high})", "Exchange them."
        return
    if not math.isfinite(float(parameter.high) - float(parameter.low)):
        yield "high", "the range is wider than the largest float", "Use a narrower range."
    elif parameter.log and parameter.low < (1 if isinstance(parameter, Int) else sys.float_info.min):
        least = "1" if isinstance(parameter, Int) else "a number above 0"
        yield "low", f"a log range cannot begin at {parameter.low}", f"Set low to {least}, or drop log."
    else:
        yield from _step_problems(parameter)


def _step_problems(parameter: Float | Int) -> _Found:
    step = 1 if isinstance(parameter, Int) and parameter.step is None else parameter.step
    if step is None or parameter.low == parameter.high:
        return
    if step <= 0:
        yield "step", f"step must be above 0, not {step}", ""
        return
    where = "high" if parameter.step is None else "step"
    low, high, width = decimal(parameter.low), decimal(parameter.high), decimal(step)
    magnitude = max(abs(low), abs(high))
    if width > high - low:
        yield where, f"a step of {step} is wider than the range", "Use a smaller step."
    elif magnitude / width > MOST_VALUES:
        yield where, "the range has too many values to tell apart", "Use a larger step, or a float without one."
    elif parameter.log and magnitude / width > MOST_LOG_RATIO:
        yield where, "the steps are too fine for a log range", "Use a larger step, or a float without one."


def _choice_problems(parameter: Ordinal | Categorical) -> _Found:
    if not parameter.choices:
        yield "choices", "there are no choices", "List at least one."
    if not all(is_json(choice) for choice in parameter.choices):
        yield "choices", "a choice is not a JSON value", "Use finite numbers, texts, lists and mappings."
        return
    seen: set[str] = set()
    for choice in parameter.choices:
        text = canonical_json(choice)
        if text in seen:
            yield "choices", f"{text} is listed twice", "Leave one out."
        seen.add(text)
