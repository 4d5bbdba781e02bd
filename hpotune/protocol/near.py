"""The lines that came nearest to giving the metric, for the user whose trial ended without having given it."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

from hpotune.protocol.metrics import ALONE, EQUALS, MetricReader, captured, json_number, json_object

_LOOKED_AT_ALL = 10_000
_STRIDE = 64
_KEPT_PER_RANK = 8
_LONGEST = 200
_MOST_KEYS = 1000
_SIMILAR = 0.6

_DIGITS = re.compile(r"[0-9.]+")
_WRAPPED = re.compile(r"(?:[a-z]+\.)*[a-z]+[0-9]*\(")  # np.float64(0.5), tensor(0.5)
_APART = re.compile(r"[^a-z0-9]+")
_HINTS_OF_ENDS = (
    ("%", "a number with % is not read: print {0} as a fraction, or catch it with `metric.pattern`"),
    ("/", "a fraction such as {0} is not read: print the quotient"),
    (",", "a number with a comma is not read: write it with a point and without separators"),
)


@lru_cache(maxsize=8)
def _any_spelling(name: str) -> re.Pattern[str]:
    """The name in upper or lower case, and what follows it. One for all attempts of a study."""
    any_case = rf"(?i:{ALONE}({re.escape(name)}))"
    return re.compile(rf"{any_case}(?:{EQUALS}|\s++)(\S*)")


class NearMisses:
    """Looks at the lines that gave nothing and keeps the few that came nearest, in bounded memory.

    Lines of one shape (equal but for their digits) count as one, of which the last is kept. Of a very long output only
    every 64th line is looked at.
    """

    def __init__(self, reader: MetricReader) -> None:
        self._reader = reader
        self._name = reader.name
        self._folded = _APART.sub("", reader.name.lower())
        self._words = [word for word in _APART.split(reader.name.lower()) if len(word) > 1]
        self._value = _any_spelling(reader.name)
        self._similarities: dict[str, float] = {}
        self._looked = 0
        self._last = ""
        self._kept: dict[int, dict[str, tuple[str, str]]] = {}  # rank -> shape -> line, hint

    def look(self, line: str) -> None:
        """Consider a line that gave nothing."""
        self._looked += 1
        self._last = line
        if self._looked <= _LOOKED_AT_ALL or not self._looked % _STRIDE:
            self._consider(line)

    def nearest(self, limit: int = 3) -> list[str]:
        """At most `limit` lines, the nearest first, each with why it did not count where that can be told."""
        if self._last:
            self._consider(self._last)
        found = [entry for rank in sorted(self._kept, reverse=True) for entry in reversed(self._kept[rank].values())]
        return [f"{line}   ({hint})" if hint else line for line, hint in found[:limit]]

    def _consider(self, line: str) -> None:
        line = line.strip()[:_LONGEST]
        rank, hint = self._ranked(line)
        if not rank:
            return
        kept = self._kept.setdefault(rank, {})
        shape = _DIGITS.sub("#", line)
        kept.pop(shape, None)
        kept[shape] = (line, hint)
        if len(kept) > _KEPT_PER_RANK:
            del kept[next(iter(kept))]

    def _ranked(self, line: str) -> tuple[int, str]:
        """How near a line came (4 to 1; 0 not at all), and why it did not count."""
        if self._reader.pattern is not None and (match := self._reader.pattern.search(line)):
            return 4, f"the pattern catches {captured(match)!r}, which is no number"
        match = self._value.search(line)
        if match is not None:
            exact = match[1] == self._name and self._reader.pattern is None
            return (4 if exact else 3), self._hint(line, match[1], match[2])
        keys = self._keys(line)
        similar = max(keys, key=self._similarity, default="")
        if keys and self._similarity(similar) >= _SIMILAR:
            return 2, f"`{similar}` is not `{self._name}`: set `metric.name`, or print the other name"
        lowered = line.lower()
        if keys or any(word in lowered for word in self._words):
            return 1, ""
        return 0, ""

    def _hint(self, line: str, spelled: str, follows: str) -> str:
        if spelled != self._name:
            return f"`{spelled}` is not `{self._name}`: upper and lower case count"
        if self._reader.pattern is not None:
            return "`metric.pattern` does not match this line"
        for sign, hint in _HINTS_OF_ENDS:
            if sign in follows[:40] or (sign == "%" and re.search(r"[0-9]\s*%", line)):
                return hint.format(f"`{follows[:40]}`")
        if _WRAPPED.match(follows):
            return f"`{follows[:40]}` is not a bare number: print `float(x)`, or `x.item()`"
        if json_object(line) is not None:
            return (
                f"`{self._name}` is no number at the top of this JSON object: print it there, or set `metric.pattern`"
            )
        if follows[:1].isdecimal():
            return f"write `{self._name}=` or `{self._name}:` before the number"
        return "no number follows the name"

    def _keys(self, line: str) -> list[str]:
        """The names on a line that stand before a number."""
        record = json_object(line)
        if record is not None:
            return [key for key, value in record.items() if json_number(value) is not None]
        return list(self._reader.pairs(line))

    def _similarity(self, key: str) -> float:
        known = self._similarities.get(key)
        if known is None:
            if len(self._similarities) == _MOST_KEYS:
                self._similarities.clear()
            known = self._similarities[key] = _similarity(_APART.sub("", key.lower()), self._folded)
        return known


def _similarity(key: str, name: str) -> float:
    """1 if one holds the other, such as acc and valacc; else the share of characters they have in common, in order."""
    if key and name and (key in name or name in key):
        return 1.0
    return SequenceMatcher(None, key, name).ratio()
