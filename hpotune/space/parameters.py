"""The kinds of parameter, as declared: frozen values without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from hpotune.expressions import Expression

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
Config: TypeAlias = dict[str, JsonValue]
PartialConfig: TypeAlias = Mapping[str, JsonValue]


class Unset(Enum):
    """The type of `UNSET`, which stands where null would be a value."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Float:
    """A real number in [low, high], uniform or (`log`) log-uniform.

    With `step` only low, low + step, low + 2 step, ... up to the largest that is at most high. `grid` is the number of
    its points in a grid.
    """

    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    default: float | None = None
    grid: int | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Int:
    """A whole number in [low, high], uniform or (`log`) log-uniform; `step` and `grid` as for Float."""

    name: str
    low: int
    high: int
    log: bool = False
    step: int | None = None
    default: int | None = None
    grid: int | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Ordinal:
    """One of `choices`, whose order means something. 1, 1.0, true and "1" are four different choices."""

    name: str
    choices: tuple[JsonValue, ...]
    default: JsonValue | Unset = UNSET
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of `choices`, in no order. 1, 1.0, true and "1" are four different choices."""

    name: str
    choices: tuple[JsonValue, ...]
    default: JsonValue | Unset = UNSET
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Bool:
    """false or true."""

    name: str
    default: bool | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """Always `value`; it is part of the configuration but not of the search."""

    name: str
    value: JsonValue
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """Computed from the others; inactive while a parameter that it names is."""

    name: str
    expression: Expression
    when: Expression | None = None


Searchable: TypeAlias = Float | Int | Ordinal | Categorical | Bool
Parameter: TypeAlias = Searchable | Constant | Derived
