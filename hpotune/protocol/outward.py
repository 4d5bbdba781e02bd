"""What a value looks like outside: in flags and in variables."""

from __future__ import annotations

import json


def text_of(value: object) -> str:
    """A JSON value as a text that reads back exactly.

    Booleans are true and false, null is null, a number is its shortest round trip, a string is itself, and lists and
    objects are compact JSON.
    """
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
