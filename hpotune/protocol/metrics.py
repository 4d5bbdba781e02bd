"""From a line to a value of the metric at a budget.

A line gives the metric in one of these forms, tried in this order:

    {"epoch": 3, "val_accuracy": 0.91}        a JSON object; of such a line nothing but its own keys counts
    epoch=3 val_accuracy=0.91                 name=value or name: value, spaces and quotes around being allowed, so
    Epoch 3/10 - val_accuracy: 0.91           that a printed Python dict is read too
    metric.pattern                            if there is one, it stands in place of name=value

Where a name occurs more than once on a line, the last counts. The character before it is no letter, digit, `_`, `.`,
`/` or `-`: `loss` is not found in `val_loss=1`. What follows a number must not make it something else: `0.93%`,
`93/100`, `0.93abc`, `1,234.5`, `12:30`, `1-2` and `0.9…` are no numbers, while `0.93,` `0.93)` `0.93.` and `0.93±0.01`
are.

In the expressions here every part that repeats is possessive, or followed by what it cannot match itself, so reading
takes time linear in the line. A user's own pattern is the user's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MOST_OTHERS = 32
_LONGEST_KEY = 100
_LONGEST_INTEGER = 15  # digits that a float surely holds

ALONE = r"(?<![\w./-])"
NUMBER = (
    r"[-+]?(?>[0-9]++(?:\.[0-9]*+)?(?:[eE][-+]?[0-9]++)?|\.[0-9]++(?:[eE][-+]?[0-9]++)?"
    r"|(?i:nan|infinity|inf))"
)
# what would make it another thing: 0.93a 0.93% 93/100 2*3 2^3 0.9… 1.2.3 1,234 12:30 1-2 1+2j
NUMBER_ENDS = r"(?![\w/*^°‰…]|[ \t]*+%|[ \t]*+/[ \t]*+[0-9.]|\.[\w.]|[,:][0-9]|[-+]\w)"
EQUALS = r"[\"']?\s*+[=:]\s*+[\"']?"
_KEY = r"[^\W\d][\w./-]*+"

_WHOLE_NUMBER = re.compile(NUMBER)
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")


class Found(NamedTuple):
    """What a line gave.

    `value` and `budget` are as printed: the metric's own sign, a count from 0 not yet shifted. `budget` is an int where
    the line wrote it without a point, None where it named none. `also` holds the line's other numbers.
    """

    value: float
    budget: float | None
    also: dict[str, float]


class MetricReader:
    """Finds one metric in lines.

    Args:
        name: the metric.
        budget_keys: what a line may call the budget, the likeliest first; see `budget_keys`.
        pattern: a regular expression whose group `value`, or first group, is the value; a group `budget` is the budget.

    Raises:
        ValueError: the pattern is no regular expression.
    """

    def __init__(self, name: str, budget_keys: tuple[str, ...] = (), pattern: str | None = None) -> None:
        self.name = name
        self.budget_keys = budget_keys
        try:
            self.pattern = None if pattern is None else re.compile(pattern)
        except re.error as error:
            raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from error
        named = "|".join(re.escape(key) for key in (name, *budget_keys))
        self._pair = re.compile(rf"{ALONE}({named}|{_KEY}){EQUALS}({NUMBER}){NUMBER_ENDS}")
        counts = "|".join(re.escape(key) for key in budget_keys)
        self._count = re.compile(
            rf"(?i:{ALONE}(?:{counts}))[\"']?[ \t]*+[=:#]?[ \t]*+[\[(]?[ \t]*+([0-9]++(?:\.[0-9]++)?)"
            rf"(?:[ \t]*+/[ \t]*+[0-9]|{NUMBER_ENDS})"
        )
        words = _ASCII_WORD.findall(name)
        self._probe = max(words, key=len, default="")

    @property
    def needle(self) -> bytes:
        """Bytes without which no line gives the metric, upper and lower case aside; empty if nothing is that sure."""
        return b"" if self.pattern is not None else self._probe.lower().encode()

    def read(self, line: str) -> Found | None:
        """What the line gives, None if it does not give the metric."""
        if self.pattern is None and self._probe not in line:
            return None
        text = line.strip()
        if text[:1] == "{" and text[-1:] == "}":
            record = json_object(text)
            found = None if record is None else self._from_object(record)
            if found is not None or (record is not None and self.pattern is None):
                return found
        if self.pattern is not None:
            return self._from_pattern(self.pattern, line)
        pairs = self.pairs(line)
        value = pairs.get(self.name)
        return None if value is None else self._found(float(value), self._budget(pairs, line), pairs)

    def pairs(self, line: str) -> dict[str, float]:
        """Every name=number and name: number of a line."""
        return {key: number_of(text) for key, text in self._pair.findall(line)}

    def _from_object(self, record: Mapping[str, Any]) -> Found | None:
        value = json_number(record.get(self.name))
        if value is None:
            return None
        numbers = {key: number for key, entry in record.items() if (number := json_number(entry)) is not None}
        return self._found(value, self._budget(numbers, ""), numbers)

    def _from_pattern(self, pattern: re.Pattern[str], line: str) -> Found | None:
        match = None
        for match in pattern.finditer(line):  # noqa: B007 - the last one counts
            pass
        if match is None:
            return None
        value = captured_number(match)
        if value is None:
            return None
        pairs = self.pairs(line)
        if "budget" not in pattern.groupindex:
            return self._found(value, self._budget(pairs, line), pairs)
        budget = whole_number(match["budget"] or "")
        return self._found(value, budget if budget is not None and math.isfinite(budget) else None, pairs)

    def _budget(self, numbers: Mapping[str, float], line: str) -> float | None:
        for key in self.budget_keys:
            budget = numbers.get(key)
            if budget is not None and key != self.name and math.isfinite(budget):
                return budget
        if not self.budget_keys or not line:
            return None
        counts = self._count.findall(line)
        budget = number_of(counts[-1]) if counts else None
        return budget if budget is not None and math.isfinite(budget) else None

    def _found(self, value: float, budget: float | None, numbers: Mapping[str, float]) -> Found:
        also: dict[str, float] = {}
        for key, number in numbers.items():
            if len(also) == MOST_OTHERS:
                break
            if key != self.name and key not in self.budget_keys and len(key) <= _LONGEST_KEY:
                also[key] = float(number)
        return Found(float(value), budget, also)


def budget_keys(name: str, key: str | None) -> tuple[str, ...]:
    """What a line may call the budget: the key of the study, else the budget's name and its singular."""
    if key is not None:
        return (key,)
    singular = name
    if name.endswith("ies"):
        singular = f"{name[:-3]}y"
    elif name.endswith(("ches", "shes", "xes", "sses")):
        singular = name[:-2]
    elif name.endswith("s") and not name.endswith("ss"):
        singular = name[:-1]
    return (name,) if singular in ("", name) else (name, singular)


def number_of(text: str) -> float:
    """The number that a text which has the form of one stands for; an int if it is written as one."""
    return int(text) if len(text) <= _LONGEST_INTEGER and text.isdecimal() else float(text)


def whole_number(text: str) -> float | None:
    """The number that a text is as a whole, None if it is none."""
    text = text.strip()
    return number_of(text) if _WHOLE_NUMBER.fullmatch(text) else None


def json_number(value: object) -> float | None:
    """The number of a JSON value: one, or a text that is one ("nan" has no other spelling in JSON)."""
    if isinstance(value, str):
        return whole_number(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, None if it is none."""
    try:
        record = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def captured_number(match: re.Match[str]) -> float | None:
    """The number that a pattern caught: its group `value`, else its first group, else all of it."""
    return whole_number(captured(match))


def captured(match: re.Match[str]) -> str:
    """What a pattern caught as the value."""
    groups = match.re.groupindex
    if "value" in groups:
        return match["value"] or ""
    first = next((n for n in range(1, match.re.groups + 1) if n != groups.get("budget")), 0)
    return match[first] or ""


_DECODER = json.JSONDecoder(parse_int=lambda text: number_of(text) if text[0] != "-" else float(text))
