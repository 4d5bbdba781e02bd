"""`Output`: a stream that a run can lose. A closed pipe or terminal ends the showing, not the run."""

from __future__ import annotations

from typing import TextIO


class Output:
    """Writes whole lines, and falls silent for good once the other end is gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def line(self, text: str) -> None:
        """Write a line; characters that the stream's encoding lacks are escaped."""
        if self._stream is None:
            return
        try:
            self._stream.write(text + "\n")
        except UnicodeEncodeError:
            encoding = self._stream.encoding or "ascii"
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        except (OSError, ValueError):
            self._stream = None

    def flush(self) -> None:
        """Hand on what was written."""
        if self._stream is None:
            return
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None


def message(text: str, level: str) -> str:
    """A message of the tuner as a line."""
    return text if level == "info" else f"{level}: {text}"
