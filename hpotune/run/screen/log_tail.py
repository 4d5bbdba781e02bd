"""The end of a trial's log, as it may be shown on a terminal."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hpotune.study.secrets import scrubbed
from hpotune.summary import printable, shortened

_READ = 16_384  # bytes from the end of a log
_LONGEST = 240  # characters of a line
_STYLING = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def log_tail(path: Path, lines: int = 12) -> list[str]:
    """The last lines of a log, printable and of bounded length; none if it cannot be read or says nothing.

    Colours are taken out; of a progress bar that overwrites itself, the last state is kept.
    """
    try:
        with path.open("rb") as file:
            start = max(file.seek(0, os.SEEK_END) - _READ, 0)
            file.seek(start)
            text = scrubbed(file.read(_READ).decode(errors="replace"))
    except OSError:
        return []
    rows = text.split("\n")
    if start and len(rows) > 1:
        rows = rows[1:]  # it began in the middle of a line
    shown = [_shown(row) for row in rows[-4 * lines - 40 :]]
    while shown and not shown[-1]:
        shown.pop()
    return shown[-lines:]


def _shown(row: str) -> str:
    row = _STYLING.sub("", row).rstrip()
    row = row.rsplit("\r", 1)[-1]
    return shortened(printable(row.expandtabs(4)), _LONGEST)
