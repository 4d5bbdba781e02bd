"""JSON values: when they are the same, how they are written, and copies that may be changed freely."""

from __future__ import annotations

import json
import sys
from fractions import Fraction

from hpotune.space.parameters import JsonValue

_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_LARGEST = sys.float_info.max
DEEPEST = 50


def canonical_json(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces. Equal texts mean the same value, type included."""
    return _WRITER.encode(value)


def same(left: object, right: object) -> bool:
    """Whether two JSON values are equal with their types: 1, 1.0 and true all differ."""
    return canonical_json(left) == canonical_json(right)


def fresh(value: JsonValue) -> JsonValue:
    """A copy that shares no list or mapping with the original."""
    if isinstance(value, list):
        return [fresh(item) for item in value]
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    return value


def is_json(value: object, depth: int = 0) -> bool:
    """Whether this is a JSON value: finite numbers, text keys, nested at most `DEEPEST` levels."""
    if value is None or isinstance(value, bool | str):
        return True
    if isinstance(value, int | float):
        return is_number(value)
    if depth >= DEEPEST:
        return False
    if isinstance(value, list):
        return all(is_json(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item, depth + 1) for key, item in value.items())
    return False


def is_number(value: object) -> bool:
    """Whether this is a finite number within the range of floats; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def is_whole(value: object) -> bool:
    """Whether this is an int within the range of floats; true and false are not."""
    return isinstance(value, int) and is_number(value)


def decimal(number: float) -> Fraction:
    """The number as it is written: 0.1 is one tenth."""
    return Fraction(repr(float(number))) if isinstance(number, float) else Fraction(number)
