"""Where two decisions of one kind differ, and how far (see `summary.replayed` for the distances)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpotune.events import Decision
from hpotune.space import Derived, Float, Space, canonical_json
from hpotune.summary.replayed import ABSENT, Off, Path

# Numbers that are smaller count as so large: a score of 1e-17 that ought to be 0 is not far off.
_TINY = 1e-7
_COUNT = ("record", "candidates")
_NOT_COMPARED = ("saw", "measured")


def compare(taken: Decision, again: Decision, space: Space) -> tuple[Off, ...]:
    """All entries in which the two differ, in their order; `again` was made from what `taken` saw."""
    return tuple(_entries(taken, again, space))


def _entries(taken: Decision, again: Decision, space: Space) -> Iterator[Off]:
    fields: Iterator[tuple[str, Any, Any]] = zip(taken._fields, taken, again, strict=True)
    for name, was, now in fields:
        if name == "config":
            yield from _configs(was, now, space)
        elif name not in _NOT_COMPARED:
            yield from _values((name,), was, now)


def _configs(was: Mapping[str, Any], now: Mapping[str, Any], space: Space) -> Iterator[Off]:
    parameters = {parameter.name: parameter for parameter in space.parameters}
    for name, one, other in _paired(was, now):
        path = ("config", name)
        match parameters.get(name):
            case Float(low=low, high=high, step=None) if _within(low, high, one, other):
                if one != other:
                    yield Off(path, one, other, _apart(space, name, one, other), "cube")
            case Derived():
                yield from _values(path, one, other)
            case _:
                if not _is_one_choice(one, other):
                    yield Off(path, one, other)


def _within(low: float, high: float, *values: Any) -> bool:
    return all(_is_number(value) and low <= value <= high for value in values)


def _apart(space: Space, name: str, one: float, other: float) -> float:
    """How far two values of a parameter are apart in its coordinate: different ones no less than rounding can tell."""
    coordinate = [parameter.name for parameter in space.searchable].index(name)
    u, v = (float(space.encode({name: value})[coordinate]) for value in (one, other))
    return max(abs(u - v), sys.float_info.epsilon)


def _values(path: Path, was: Any, now: Any) -> Iterator[Off]:
    """Where two JSON values differ."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for name, one, other in _paired(was, now):
            yield from _values((*path, name), one, other)
    elif _is_list(was) and _is_list(now) and len(was) == len(now):
        for place, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _values((*path, place), one, other)
    elif not _equal(was, now):
        counted = path == _COUNT
        whole = isinstance(was, int) and isinstance(now, int) and not counted
        distance = None if whole else _relative(was, now)
        yield Off(path, was, now, distance, "count" if counted else "relative")


def _paired(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in dict.fromkeys((*was, *now)):
        yield name, was.get(name, ABSENT), now.get(name, ABSENT)


def _relative(was: Any, now: Any) -> float | None:
    """How far two numbers are apart; None for what is no number."""
    if not (_is_number(was) and _is_number(now)):
        return None
    scale = max(abs(was), abs(now), _TINY)
    return float(abs(was / scale - now / scale))


def _equal(was: Any, now: Any) -> bool:
    """As JSON values, in which true is not 1, but 1.0 is."""
    return isinstance(was, bool) == isinstance(now, bool) and bool(was == now)


def _is_one_choice(was: Any, now: Any) -> bool:
    """As the space tells its values apart."""
    if was is ABSENT or now is ABSENT:
        return False
    return was == now and canonical_json(was) == canonical_json(now)


def _is_number(value: object) -> bool:
    largest = sys.float_info.max
    return isinstance(value, int | float) and not isinstance(value, bool) and -largest <= value <= largest


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
