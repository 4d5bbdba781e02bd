"""Sizes of memory as people write them: `8GiB`, `8G`, `500MB`; a plain number is bytes."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {
    "": 1, "b": 1,
    "k": 2**10, "kib": 2**10, "kb": 10**3,
    "m": 2**20, "mib": 2**20, "mb": 10**6,
    "g": 2**30, "gib": 2**30, "gb": 10**9,
    "t": 2**40, "tib": 2**40, "tb": 10**12,
}  # fmt: skip
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{0,9})?)\s*([a-z]{0,3})")
SIZE_PATTERN = r"^\s*[0-9]+(\.[0-9]*)?\s*([kKmMgGtT]([iI]?[bB])?|[bB])?\s*$"


def parse_size(text: str | float) -> int | None:
    """The bytes that a text or a number stands for; None if it is not a size of at least one byte."""
    if isinstance(text, str):
        found = _SIZE.fullmatch(text.strip().lower())
        if found is None or found[2] not in _UNITS:
            return None
        size = float(found[1]) * _UNITS[found[2]]
    else:
        size = float(text) if abs(text) < 2**63 else 0.0
    return int(size) if 1 <= size < 2**63 else None
