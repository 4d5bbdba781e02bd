"""The standard streams, whatever state they are handed over in."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


def prepare() -> None:
    """See that printing works: closed streams lead nowhere, and what an encoding lacks is escaped."""
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def let_go_of_stdout() -> None:
    """Point stdout to nowhere: its reader is gone, and the interpreter flushes it once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def encoded(text: str, stream: TextIO) -> bytes:
    """The bytes of a text for a stream's buffer."""
    return text.encode(stream.encoding, "backslashreplace")


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - it lives as long as the process
