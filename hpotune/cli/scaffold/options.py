"""A command-line option of the user's script, as its help or its source tells it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["float", "int", "text", "flag", "truth", "list", "unknown"]
Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    `kind`: flag takes no value (`--amp`), truth takes true or false (`--amp true`), list takes several values.
    `default` is None where it is not known. `negative` is the other half of a pair such as `--amp/--no-amp`.
    `low` and `high` are closed bounds, None where there is none.
    """

    flags: tuple[str, ...]
    kind: Kind = "unknown"
    default: Scalar | None = None
    choices: tuple[Scalar, ...] = ()
    negative: str | None = None
    low: float | None = None
    high: float | None = None
    help: str = ""
    required: bool = False

    @property
    def flag(self) -> str:
        """The spelling to show: the first long one, else the first."""
        return next((flag for flag in self.flags if flag.startswith("--")), self.flags[0])


def settle(option: Option) -> Option:
    """The option with its kind concluded from default and choices where nothing else told it.

    A default such as `0.001` in a help text makes a float, `32` an int. Numbers given as text become numbers.
    """
    choices = tuple(number for choice in option.choices if (number := as_number(choice)) is not None)
    default = as_number(option.default) if option.kind in {"unknown", "float", "int"} else option.default
    kind = option.kind
    if kind == "unknown" and not choices:
        kind = _kind_of(default)
    if kind == "float" and isinstance(default, int) and not isinstance(default, bool):
        default = float(default)
    if kind in {"float", "int"} and isinstance(default, str):
        default = None
    return replace(option, kind=kind, default=default, choices=choices)


def _kind_of(default: Scalar | None) -> Kind:
    match default:
        case bool():
            return "truth"
        case int():
            return "int"
        case float():
            return "float"
        case "True" | "False" | "true" | "false":
            return "truth"
        case str():
            return "text"
        case None:
            return "unknown"


def as_number(value: Scalar | None) -> Scalar | None:
    """The number that a text spells, an integer where it is written as one; anything else comes back as it is."""
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    if not math.isfinite(number) or "_" in value:
        return value
    return int(value) if value.strip().lstrip("+-").isdigit() else number


def inside(bound: float, *, is_open: bool, whole: bool, upper: bool) -> float:
    """A closed bound that stands for an open one: the next integer, or a little way in."""
    if not is_open:
        return bound
    step = 1.0 if whole else abs(bound) / 100 or 1e-6
    return bound - step if upper else bound + step


def merge(shown: Sequence[Option], written: Sequence[Option]) -> tuple[Option, ...]:
    """The options that the help shows, completed by what the source says of the same flags.

    Without a usable help the source alone counts. The help decides which options there are (a script may build several
    parsers); the source knows defaults and types that a help without them hides, so it wins where both speak.
    """
    if not shown:
        return tuple(settle(option) for option in _distinct(written))
    by_flag = {flag: option for option in written for flag in option.flags}
    return tuple(settle(_complete(option, by_flag)) for option in _distinct(shown))


def _complete(shown: Option, by_flag: dict[str, Option]) -> Option:
    written = next((by_flag[flag] for flag in shown.flags if flag in by_flag), None)
    if written is None:
        return shown
    return replace(
        shown,
        kind=shown.kind if written.kind == "unknown" else written.kind,
        default=shown.default if written.default is None else written.default,
        choices=written.choices or shown.choices,
        negative=written.negative or shown.negative,
        low=shown.low if written.low is None else written.low,
        high=shown.high if written.high is None else written.high,
        help=written.help or shown.help,
        required=written.required or shown.required,
    )


def _distinct(options: Iterable[Option]) -> list[Option]:
    """The first option of each flag: a script that defines one twice does so in two subcommands."""
    seen: set[str] = set()
    kept = []
    for option in options:
        if not seen.intersection(option.flags):
            kept.append(option)
        seen.update(option.flags)
    return kept
