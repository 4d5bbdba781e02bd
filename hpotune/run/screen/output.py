"""`Output`: a stream that a run can lose. A closed pipe or terminal ends the showing, not the run."""

from __future__ import annotations

from typing import TextIO


class Output:
    """Writes whole lines, and falls silent for good once the other end is gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream
        self._lines: list[str] = []

    def line(self, text: str) -> None:
        """Keep a line for the next `flush`: the standard error would hand it on before it is in the journal."""
        if self._stream is not None:
            self._lines.append(text + "\n")

    def flush(self) -> None:
        """Hand on what was kept; characters that the stream's encoding lacks are escaped."""
        if self._stream is None:
            return
        text = "".join(self._lines)
        self._lines.clear()
        try:
            self._write(self._stream, text)
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def message(text: str, level: str) -> str:
    """A message of the tuner as a line."""
    return text if level == "info" else f"{level}: {text}"
