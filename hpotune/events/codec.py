"""The codec of events: to the JSON objects of the journal (format 1), and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from hpotune.events.union import FORMAT, NAMES, Event, Reported

_RENAMED = {"start": "from"}  # a budget goes from, to; `from` is no name in Python
_REQUIRED = object()
_CODECS: dict[type[Event], tuple[tuple[str, Any], ...]] = {
    kind: tuple((_RENAMED.get(name, name), kind._field_defaults.get(name, _REQUIRED)) for name in kind._fields)
    for kind in NAMES
}
_KINDS = {name: (kind, _CODECS[kind]) for kind, name in NAMES.items()}


def encode(n: int, event: Event) -> dict[str, Any]:
    """The JSON object of event number `n`. Fields at their default are left out; no float in it is non-finite."""
    kind = type(event)
    line: dict[str, Any] = {"n": n, "event": NAMES[kind]}
    for (key, default), value in zip(_CODECS[kind], event, strict=True):
        if default is _REQUIRED or value != default:
            line[key] = value
    if kind is Reported:
        line["value"] = _finite_or_word(line["value"])
        if "also" in line:
            line["also"] = {name: _finite_or_word(number) for name, number in line["also"].items()}
    return line


def decode(line: Mapping[str, Any]) -> Event:
    """The event of a JSON object of the journal.

    Raises:
        ValueError: the object is no event of this format.
    """
    try:
        kind, fields = _KINDS[line["event"]]
        event = kind(*[line[key] if default is _REQUIRED else line.get(key, default) for key, default in fields])
        return _with_numbers(event) if type(event) is Reported else event
    except KeyError as error:
        raise ValueError(_what_is_missing(line, error)) from None
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"no event of format {FORMAT}: {error}") from None


def _what_is_missing(line: Mapping[str, Any], error: KeyError) -> str:
    name = line.get("event")
    if isinstance(name, str) and name not in _KINDS:
        return f"{name!r} is no event of format {FORMAT}"
    return f"no event of format {FORMAT}: it has no {error}"


def _with_numbers(event: Reported) -> Reported:
    """The report with its non-finite numbers, written as words, turned back into floats."""
    value = float(event.value)
    if any(isinstance(number, str) for number in cast("Mapping[str, object]", event.also).values()):
        return event._replace(value=value, also={name: float(number) for name, number in event.also.items()})
    return event if event.value is value else event._replace(value=value)


def _finite_or_word(number: float) -> float | str:
    return number if math.isfinite(number) else str(float(number))
