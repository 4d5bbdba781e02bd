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


def can_be_given(text: str) -> bool:
    """Whether a text can stand in an argument or a variable: it has neither a NUL nor half a surrogate pair."""
    return "\0" not in text and (text.isascii() or _is_encodable(text))


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
