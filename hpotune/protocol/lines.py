r"""From the bytes of an output, cut anywhere, to its lines.

A line ends at \n, \r (progress bars) or \b (spinners and older progress bars). Colour codes and other escapes are taken
out, what is no UTF-8 is replaced, blank lines are left out. Whatever comes, memory is bounded:

    a line longer than 1 MiB   its first and last 512 KiB remain, joined so that nothing at the joint can be misread

A trial may print gigabytes of which a few lines matter. With a `needle` (a few bytes without which no line can give the
metric, `MetricReader.needle`) the lines that lack it are passed over without being decoded. Those of the first MiB and
of the last 16 KiB are given all the same, the latter by `close`: they cannot give the metric, but a user who wonders
why nothing did is shown the ones that came nearest. What is given does not depend on where the bytes were cut.
"""

from __future__ import annotations

import re

LONGEST = 1 << 20
WHOLE = 1 << 20
WINDOW = 1 << 14
_JOINT = "_…_".encode()  # no number ends before it, no name begins after it

_ESCAPE = re.compile(
    rb"""\x1b(?:
        \[ [0-?]*+ [ -/]*+ [@-~]?                                # CSI: colours, cursor
      | [\]PX^_] [^\x07\x1b\n]*+ (?: \x07 | \x1b\\ )?            # OSC and its kind: titles, links
      | [ -/]*+ [0-~]?                                           # everything else
    )""",
    re.VERBOSE,
)


class LineSplitter:
    """Splits one channel of one attempt. `needle` is in lower case; empty: every line is given."""

    def __init__(self, needle: bytes = b"") -> None:
        self._needle = needle
        self._rest = bytearray()  # the line that has not ended yet
        self._whole = WHOLE  # bytes of lines still to be given whole
        self._window = b""  # the last bytes of the lines that were looked through

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        end = max(data.rfind(b"\n"), data.rfind(b"\r"), data.rfind(b"\b")) + 1
        if not end:
            self._hold(data)
            return []
        block = bytes(self._rest) + data[:end] if self._rest else data[:end]
        self._rest.clear()
        self._hold(data[end:])
        return self._lines(block)

    def close(self) -> list[str]:
        """The line that never ended, and the last ones that were passed over."""
        window = self._window.split(b"\n")
        if len(self._window) == WINDOW:
            del window[0]  # most likely not a whole line
        passed = [line for line in window if self._needle not in line.lower()]
        lines = self._lines(bytes(self._rest) + b"\n")
        self._rest.clear()
        self._window = b""
        return _decoded(b"\n".join(passed)) + lines

    def _hold(self, data: bytes) -> None:
        rest = self._rest
        rest += data
        if len(rest) > 2 * LONGEST:
            # one byte more than is kept in the end, so that it still counts as longer
            del rest[LONGEST // 2 : len(rest) - LONGEST // 2 - 1]

    def _lines(self, block: bytes) -> list[str]:
        """The lines of a block of whole lines."""
        block = block.replace(b"\r", b"\n").replace(b"\b", b"\n")
        if len(block) > LONGEST:
            block = b"\n".join(map(_shortened, block.split(b"\n")))
        if b"\x1b" in block:
            block = _ESCAPE.sub(b"", block)
        if not self._needle:
            return _decoded(block)
        if not self._whole:
            return _decoded(self._sifted(block))
        cut = block.find(b"\n", self._whole - 1) + 1 or len(block)
        self._whole = max(0, self._whole - cut)
        return _decoded(block[:cut] + self._sifted(block[cut:]))

    def _sifted(self, block: bytes) -> bytes:
        """The lines that hold the needle."""
        if not block:
            return block
        self._window = block[-WINDOW:] if len(block) >= WINDOW else (self._window + block)[-WINDOW:]
        lowered = block.lower()
        lines = []
        end = 0
        while (at := lowered.find(self._needle, end)) >= 0:
            start = lowered.rfind(b"\n", end, at) + 1 or end
            end = lowered.find(b"\n", at) + 1 or len(block)
            lines.append(block[start:end])
        return b"".join(lines)


def _shortened(line: bytes) -> bytes:
    return line if len(line) <= LONGEST else line[: LONGEST // 2] + _JOINT + line[-(LONGEST // 2) :]


def _decoded(block: bytes) -> list[str]:
    return [line for line in block.decode("utf-8", "replace").split("\n") if line and not line.isspace()]
