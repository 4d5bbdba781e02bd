"""Numbers, durations and configurations as people read them, and text of unknown origin made safe to show."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from hpotune.protocol import budget_keys

NOTHING = "–"  # stands where there is no value
_BARE = re.compile(r"[^\W\d][\w./:+@%-]*")  # begins with a letter, so it is no number
_WORDS = {"true", "false", "null", "nan", "inf", "infinity"}
_LONG = 48  # characters of a parameter's value on screen


def printable(text: str) -> str:
    """The text with everything that does not print escaped (`\\x1b`, `\\n`): safe to show on any terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `limit` characters."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def first_line(text: str, limit: int = 160) -> str:
    """The first line of a text that has something in it, printable and not longer than `limit`."""
    for line in text.splitlines():
        if line.strip():
            return shortened(printable(line.expandtabs(4).strip()), limit)
    return ""


def number_text(number: float, digits: int = 5) -> str:
    """A number in a few significant digits: 0.93123, 1e-5, 250000; whole numbers whole."""
    if isinstance(number, int):
        return str(number)
    if 1e5 <= abs(number) < 1e9:
        return f"{number:.0f}"
    text = f"{number + 0.0:.{digits}g}"  # + 0.0: minus zero is zero
    return text.replace("e-0", "e-").replace("e+0", "e+") if "e" in text else text


def value_text(value: float | None, spread: float | None = None) -> str:
    """A value of the metric, with its spread over replicates if there is one: `0.9312 ± 0.0021`."""
    if value is None:
        return NOTHING
    text = number_text(value)
    return text if spread is None else f"{text} ± {number_text(spread, 2)}"


def budget_text(budget: float, name: str = "") -> str:
    """A budget with its unit: `27 epochs`, `1 epoch`."""
    number = number_text(int(budget) if math.isfinite(budget) and budget == int(budget) else budget)
    unit = budget_keys(name, None)[-1] if budget == 1 else name
    return f"{number} {printable(unit)}" if name else number


def duration_text(seconds: float | None) -> str:
    """A measured time in about three digits: 0.42s, 14.2s, 12m 04s, 2h 03m, 3d 04h."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    seconds = max(seconds, 0.0)
    if seconds < 0.995:
        return f"{seconds:.2g}s" if seconds >= 0.0005 else "0s"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3_600:
        return f"{whole // 60}m {whole % 60:02d}s"
    whole = round(seconds / 60)
    if whole < 1_440:
        return f"{whole // 60}h {whole % 60:02d}m"
    whole = round(seconds / 3_600)
    return f"{whole // 24}d {whole % 24:02d}h"


def count_text(count: int, noun: str) -> str:
    """`1 trial`, `1,204 trials`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def setting_text(value: Any, *, exact: bool = False) -> str:
    """A parameter's value: numbers short unless `exact`, strings bare where that cannot be misread, else JSON."""
    if isinstance(value, float) and math.isfinite(value):
        return repr(value) if exact else number_text(value, 4)
    if type(value) is int:
        return str(value)
    if isinstance(value, str):
        text = value if _reads_as_itself(value) else json.dumps(value, ensure_ascii=False)
    else:
        text = json.dumps(value, ensure_ascii=False)
    text = printable(text)
    return text if exact else shortened(text, _LONG)


def config_parts(config: Mapping[str, Any], *, exact: bool = False) -> list[str]:
    """A configuration as `name=value` texts, in its order."""
    return [f"{printable(name)}={setting_text(value, exact=exact)}" for name, value in config.items()]


def config_text(config: Mapping[str, Any], *, exact: bool = False) -> str:
    """A configuration on one line: `lr=0.00123 hidden=128`."""
    return " ".join(config_parts(config, exact=exact))


def _reads_as_itself(text: str) -> bool:
    """Whether a string written bare can be told from a number, a word of JSON, and its neighbours."""
    return _BARE.fullmatch(text) is not None and text.lower() not in _WORDS
