"""The encoding of a parameter that has a list of values (see `axis`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hpotune.space.axis import FloatArray, IntArray, shown, within
from hpotune.space.parameters import JsonValue
from hpotune.space.values import canonical_json, fresh, is_json, is_number


class Choices:
    """A list of JSON values, told apart with their types. A list or mapping is handed out as a copy."""

    def __init__(self, choices: Sequence[JsonValue]) -> None:
        self._choices = tuple(choices)
        self._texts = [canonical_json(choice) for choice in choices]
        self._numbers = {text: k for k, text in enumerate(self._texts)}
        # texts and numbers are most of what is looked up: by type and value, without writing JSON
        self._scalars = {(type(c), c): k for k, c in enumerate(choices) if not isinstance(c, list | dict)}
        self._copies = len(self._scalars) < len(self._choices)
        self.size: int = len(self._choices)

    def value(self, u: float) -> JsonValue:
        k = int(u * self.size)
        choice = self._choices[0 if k < 0 else self.size - 1 if k >= self.size else k]
        return fresh(choice) if self._copies else choice

    def coordinate(self, value: Any) -> float:
        return (self._number(value) + 0.5) / self.size

    def convert(self, value: JsonValue) -> JsonValue:
        """A number that equals just one choice is that choice, whether written 1 or 1.0."""
        if self.problem(value) is None or not is_number(value):
            return value
        equal = [choice for choice in self._choices if is_number(choice) and choice == value]
        return equal[0] if len(equal) == 1 else value

    def problem(self, value: object) -> str | None:
        if is_json(value) and canonical_json(value) in self._numbers:
            return None
        offered = ", ".join(self._texts) if self.size <= 10 else f"{', '.join(self._texts[:9])}, ..."
        return f"{shown(value)} is not one of {offered}"

    def text(self, value: Any) -> str:
        return self._texts[self._number(value)]

    def grid(self, count: int) -> tuple[JsonValue, ...]:
        return tuple(self)[:count]

    def settled(self, u: FloatArray) -> FloatArray:
        return self.centres(self.indices(u))

    def indices(self, u: FloatArray) -> IntArray:
        return within((u * self.size).astype(np.int64), self.size)

    def centres(self, k: IntArray) -> FloatArray:
        return (k + 0.5) / self.size

    def at(self, k: int) -> JsonValue:
        return fresh(self._choices[k])

    def _number(self, value: Any) -> int:
        if isinstance(value, list | dict):
            return self._numbers[canonical_json(value)]
        return self._scalars[type(value), value]

    def __iter__(self) -> Iterator[JsonValue]:
        return map(fresh, self._choices) if self._copies else iter(self._choices)
