"""YAML 1.2 text for the few values a study holds, on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./+-]*")
_NUMBER = re.compile(r"[.\d_]+([eE]|$)|\.(inf|nan)$", re.IGNORECASE)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "none"})


def scalar(value: object) -> str:
    """A scalar. Text stays bare where no YAML reader, of whichever version, could take it for anything else."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _float(value)
        case int():
            return str(value)
        case _:
            return _text(str(value))


def _float(value: float) -> str:
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not _NUMBER.match(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(mark if mark.isprintable() else f"\\U{ord(mark):08X}" for mark in quoted)


def flow(value: object) -> str:
    """Any value in flow style: `{type: float, low: 0.1}`, `[a, b]`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def comment(text: str, width: int = 118) -> str:
    """Text as it may stand after `# `: one line, printable, cut to the width."""
    plain = "".join(mark if mark.isprintable() else " " for mark in text)
    plain = " ".join(plain.split("\n"))
    return plain if len(plain) <= width else plain[: width - 1].rstrip() + "…"
