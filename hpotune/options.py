"""The options of searchers and schedulers: what a study may say of each, and what holds where it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeGuard

from hpotune.space import JsonValue
from hpotune.study import Study

_LARGEST = 10**12  # far beyond sense, and no trouble to anyone


class Option(NamedTuple):
    """One option: what it takes, in words and as a test, and its default, which may depend on the study."""

    takes: str
    accepts: Callable[[JsonValue], bool]
    default: Callable[[Study], JsonValue]
    convert: Callable[[JsonValue], JsonValue] = lambda value: value  # 1 and 1.0 are one value


Options: TypeAlias = Mapping[str, Option]
Chosen: TypeAlias = Mapping[str, Any]


def whole(least: int, default: JsonValue | Callable[[Study], JsonValue], *, auto: bool = False) -> Option:
    """A whole number that is at least `least`; or the word `auto`, if that means something."""

    def accepts(value: JsonValue) -> bool:
        return (auto and value == "auto") or (_is_whole(value) and least <= value <= _LARGEST)

    return Option(f"a whole number ≥ {least}" + (", or auto" if auto else ""), accepts, _of(default))


def number(
    least: float, default: JsonValue | Callable[[Study], JsonValue], *, most: float = _LARGEST, auto: bool = False
) -> Option:
    """A number that is at least `least` and at most `most`; or the word `auto`, if that means something."""
    takes = f"a number ≥ {least:g}" + (f" and ≤ {most:g}" if most < _LARGEST else "") + (", or auto" if auto else "")

    def accepts(value: JsonValue) -> bool:
        return (auto and value == "auto") or (_is_number(value) and least <= value <= most)

    return Option(takes, accepts, _of(default), lambda value: float(value) if _is_number(value) else value)


def one_of(names: tuple[str, ...], default: str) -> Option:
    """One of some words."""
    return Option(f"one of {', '.join(names)}", lambda value: value in names, _of(default))


def _of(default: JsonValue | Callable[[Study], JsonValue]) -> Callable[[Study], JsonValue]:
    return default if callable(default) else lambda _: default


def _is_whole(value: JsonValue) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: JsonValue) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
