"""Durations as people write them: `90s`, `30m`, `2h`, `1d`, `1h30m`, `500ms`; a plain number is seconds."""

from __future__ import annotations

import math
import re

# Seconds in a unit, the largest unit first.
_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_DURATION = re.compile(r"\s*".join(rf"(?:({_PART})\s*{unit})?" for unit in _UNITS))
_PLAIN = re.compile(rf"{_PART}(?:[eE][-+]?[0-9]+)?")
DURATION_PATTERN = r"^\s*([0-9.]+\s*(d|h|ms|m|s)\s*)+$"
_FORMS = "write 90s, 30m, 2h, 1d or 1h30m; a plain number is seconds"


class DurationError(ValueError):
    """The text is not a duration. `remedy` says how one is written."""

    def __init__(self, message: str, remedy: str = _FORMS) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def parse_duration(text: str | float) -> float:
    """The seconds that a text or a number stands for.

    Raises:
        DurationError: it is not a duration, is negative, or is not finite.
    """
    if isinstance(text, str):
        seconds = _read(text.strip())
    else:
        seconds = float(text)
    if not math.isfinite(seconds * 1000) or seconds < 0:  # written out again in milliseconds
        raise DurationError(f"expected a duration, found {text!r}")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest exact way to write a duration, down to the millisecond: 5400 is `1h30m`.

    Raises:
        DurationError: the seconds are negative or not finite.
    """
    left = round(parse_duration(seconds) * 1000)
    parts = []
    for unit, size in _UNITS.items():
        count, left = divmod(left, round(size * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _read(text: str) -> float:
    if _PLAIN.fullmatch(text):
        return float(text)
    found = _DURATION.fullmatch(text.lower())
    if found is None or not text:
        raise DurationError(f"expected a duration, found the string {text!r}")
    sizes = zip(found.groups(), _UNITS.values(), strict=True)
    return math.fsum(float(count) * size for count, size in sizes if count is not None)
