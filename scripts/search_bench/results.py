"""The results file: one JSON object a line, one line a run; several processes may add to it at once."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

IDENTITY = ("tool", "version", "problem", "seed", "workers", "evaluations")


def key(result: dict[str, Any]) -> tuple[Any, ...]:
    """What a result is the result of."""
    return tuple(result[name] for name in IDENTITY)


def append(file: Path, result: dict[str, Any]) -> None:
    """Add a line. One write to a file opened for appending: lines of two processes do not mix."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(result, separators=(",", ":")) + "\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """All results. Of two of the same identity the later stands in the place of an error, else the first."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for file in files:
        if not file.exists():
            continue
        for line in file.read_text().splitlines():
            result = _with_inf(json.loads(line))
            if "error" in found.get(key(result), {"error": ""}):
                found[key(result)] = result
    yield from found.values()


def _with_inf(result: dict[str, Any]) -> dict[str, Any]:
    """The result as it was, with the scores that JSON has no number for: null stands for inf."""
    for improvement in result.get("improvements", ()):
        if improvement[1] is None:
            improvement[1] = math.inf
    return result
