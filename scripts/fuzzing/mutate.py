"""From bytes to other bytes: flips, cuts, copies, splices, words of the target's grammar, numbers at the edge."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

NUMBERS = (
    b"0", b"-0.0", b"-1", b"1", b"2", b"9", b"101", b"255", b"1e-5", b"0.1", b"1e5", b"1e15", b"9007199254740993",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1e308",
    b"1.7976931348623157e308", b"1e309", b"-1e309", b"5e-324", b"1e-400", b"nan", b"inf", b"-inf", b".inf", b".nan",
    b"NaN", b"Infinity", b"9" * 30, b"9" * 399, b"9" * 5000, b"0x" + b"f" * 300, b"1_000", b"0o17", b"012", b".5",
    b"1.", b"true", b"null",
)  # fmt: skip
PIECES = (
    b"\x00", b"\t", b"\r", b"\n", b"\r\n", b"\x08", b"\x1b[31m", b"\x1b]0;", b"\x07", b"\x7f", b"\x80", b"\xff",
    b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xef\xbf\xbd", b"\xe2\x80\xa8", b"\xc2\x85", b"\xc2\xa0",
    "\u0661".encode(), "\u00b2".encode(), "\u0130".encode(), "\U0001f600".encode(), b"\\", b"\\u0000", b"\\ud800",
    b'"', b"'",
)  # fmt: skip
_NUMBER = re.compile(rb"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(rb"[A-Za-z_]+")
_MOST_COPIES = 300


class Mutator:
    """Changes inputs of one target. `tokens` are words of its grammar; no result is longer than `longest`."""

    def __init__(self, tokens: Sequence[bytes], longest: int) -> None:
        self._tokens = [*tokens, *NUMBERS, *PIECES]
        self._own_tokens = list(tokens)
        self._longest = longest

    def mutate(self, data: bytes, other: bytes, rng: Random) -> bytes:
        """`data` after one to sixteen changes; `other` is what is spliced in."""
        changes = 1 << rng.choice((0, 0, 0, 1, 1, 2, 3, 4))
        for _ in range(changes):
            data = rng.choice(_CHANGES)(self, data, other, rng)
            if len(data) > self._longest:
                data = data[: self._longest]
        return data

    def gently(self, data: bytes, rng: Random) -> bytes:
        """`data` with one or two numbers, words or short stretches exchanged, so that most of it still makes sense."""
        for _ in range(rng.choice((1, 1, 2))):
            change = rng.choice((Mutator.number, Mutator.word, Mutator.replace, Mutator.insert))
            data = change(self, data, b"", rng)
        return data[: self._longest]

    def flip(self, data: bytes, _: bytes, rng: Random) -> bytes:
        """One bit is turned, or one byte set."""
        if not data:
            return bytes([rng.randrange(256)])
        at = rng.randrange(len(data))
        byte = data[at] ^ (1 << rng.randrange(8)) if rng.random() < 0.5 else rng.randrange(256)
        return data[:at] + bytes([byte]) + data[at + 1 :]

    def delete(self, data: bytes, _: bytes, rng: Random) -> bytes:
        """A stretch is taken out."""
        start, end = _stretch(data, rng)
        return data[:start] + data[end:]

    def cut(self, data: bytes, _: bytes, rng: Random) -> bytes:
        """Everything behind a place, or before it, is taken out."""
        at = rng.randint(0, len(data))
        return data[:at] if rng.random() < 0.8 else data[at:]

    def copy(self, data: bytes, _: bytes, rng: Random) -> bytes:
        """A stretch stands there again, once or many times."""
        start, end = _stretch(data, rng)
        times = 1 if rng.random() < 0.7 else rng.randint(2, _MOST_COPIES)
        times = min(times, self._longest // max(1, end - start) + 1)
        at = end if rng.random() < 0.7 else rng.randint(0, len(data))
        return data[:at] + data[start:end] * times + data[at:]

    def insert(self, data: bytes, _: bytes, rng: Random) -> bytes:
        """A word of the grammar is put in."""
        at = rng.randint(0, len(data))
        return data[:at] + self._token(rng) + data[at:]

    def replace(self, data: bytes, _: bytes, rng: Random) -> bytes:
        """A stretch becomes a word of the grammar."""
        start, end = _stretch(data, rng, longest=16)
        return data[:start] + self._token(rng) + data[end:]

    def number(self, data: bytes, _: bytes, rng: Random) -> bytes:
        """A number of the input becomes one at the edge."""
        return _exchange(_NUMBER, data, NUMBERS, rng)

    def word(self, data: bytes, _: bytes, rng: Random) -> bytes:
        """A word of the input becomes another."""
        return _exchange(_WORD, data, self._own_tokens, rng)

    def splice(self, data: bytes, other: bytes, rng: Random) -> bytes:
        """A stretch of another input is put in, or the rest becomes the rest of another."""
        if rng.random() < 0.5:
            start, end = _stretch(other, rng)
            at = rng.randint(0, len(data))
            return data[:at] + other[start:end] + data[at:]
        return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]

    def line(self, data: bytes, other: bytes, rng: Random) -> bytes:
        """A line is dropped, doubled, moved, or taken from another input."""
        lines = data.split(b"\n")
        at = rng.randrange(len(lines))
        match rng.randrange(4):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[at])
            case 2:
                lines.insert(rng.randrange(len(lines)), lines.pop(at))
            case _:
                lines.insert(at, rng.choice(other.split(b"\n")))
        return b"\n".join(lines)

    def _token(self, rng: Random) -> bytes:
        return rng.choice(self._own_tokens if rng.random() < 0.6 else self._tokens)


def _stretch(data: bytes, rng: Random, longest: int = 1 << 20) -> tuple[int, int]:
    """Start and end of a part of the input, short ones being likelier."""
    if not data:
        return 0, 0
    start = rng.randrange(len(data))
    length = min(1 << rng.randrange(11), longest, len(data) - start)
    return start, start + rng.randint(1, length)


def _exchange(pattern: re.Pattern[bytes], data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    found = pattern.search(data, rng.randint(0, len(data))) or pattern.search(data)
    if found is None:
        return data
    return data[: found.start()] + rng.choice(others) + data[found.end() :]


_Change = Callable[[Mutator, bytes, bytes, Random], bytes]
_CHANGES: tuple[_Change, ...] = (
    Mutator.flip, Mutator.delete, Mutator.cut, Mutator.copy, Mutator.insert, Mutator.insert, Mutator.replace,
    Mutator.replace, Mutator.number, Mutator.number, Mutator.word, Mutator.splice, Mutator.line,
)  # fmt: skip
