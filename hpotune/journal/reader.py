"""Reading a journal, line by line, in constant memory; nothing that is not what was written goes through."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from json import JSONDecoder
from pathlib import Path
from typing import Any
from zlib import crc32

from hpotune.errors import DamagedError, RunError
from hpotune.journal.format import START, SUFFIX_LENGTH, Tail, failure

_BLOCK = 1 << 20
_FIRST = b'{"n":0,'


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no number of JSON")


_scan = JSONDecoder(parse_constant=_refuse).raw_decode


class JournalReader:
    """Iterates over the objects of a journal (their `crc` taken off), in order.

    `tail` is right once the iteration has gone through; `JournalReader(path, after=tail)` then reads on from there,
    for a journal that grows. An unterminated last line is not given out; `tail.torn` says how long it is.

    Raises, while it iterates:
        DamagedError: a terminated line is not what was written. Nothing on the disk is changed.
        RunError: there is no such file, it may not be read, it is no journal, or it holds no whole line.
    """

    def __init__(self, path: Path, after: Tail = START) -> None:
        self.path = path
        self.tail = after

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            # Without O_NONBLOCK a pipe in its place would be waited for.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise failure("could not be read", self.path, error) from error
        try:
            if stat.S_IFMT(os.fstat(descriptor).st_mode) not in (stat.S_IFREG, stat.S_IFDIR):  # a folder says so itself
                raise RunError(f"{self.path} is no regular file.", "Is it the journal of a run?")
            os.lseek(descriptor, self.tail.size, os.SEEK_SET)
            for lines in self._blocks(descriptor):
                yield from self._checked(lines)
        finally:
            os.close(descriptor)
        if self.tail.n == 0:
            raise RunError(
                f"{self.path} holds no whole line: the run ended before it began.",
                "Start it anew: `hpotune run --fresh`.",
            )

    def _blocks(self, descriptor: int) -> Iterator[list[bytes]]:
        """The terminated lines, about a block at a time; counts what is left over as torn."""
        rest: list[bytes] = []
        while data := self._read(descriptor):
            if not self.tail.size and not rest and not data.startswith(_FIRST[: len(data)]):
                raise RunError(f"{self.path} is not a journal of hpotune.", "Name a run's folder, or its study file.")
            first, *lines = data.split(b"\n")
            rest.append(first)
            if lines:
                last = lines.pop()
                yield [b"".join(rest), *lines]
                rest = [last]
        self.tail = self.tail._replace(torn=sum(map(len, rest)))

    def _read(self, descriptor: int) -> bytes:
        try:
            return os.read(descriptor, _BLOCK)
        except OSError as error:
            raise failure("could not be read", self.path, error) from error

    def _checked(self, lines: list[bytes]) -> Iterator[dict[str, Any]]:
        n, crc, size, _ = self.tail
        for line in lines:
            crc = crc32(line[:-SUFFIX_LENGTH], crc)
            if line[-SUFFIX_LENGTH:] != b',"crc":"%08x"}' % crc:
                raise self._damage(n, "its checksum is not that of its bytes and of the lines before it")
            try:
                text = line.decode()
                content, end = _scan(text, 0)
            except (ValueError, RecursionError):
                raise self._damage(n, "it is not a JSON object") from None
            if end != len(text) or type(content) is not dict or content.get("n") != n:
                raise self._damage(n, f"it is not the object with number {n}")
            del content["crc"]
            n += 1
            size += len(line) + 1
            yield content
        self.tail = Tail(n, crc, size)

    def _damage(self, n: int, why: str) -> DamagedError:
        return DamagedError(
            f"{self.path}:{n + 1}: this line is not what was written: {why}.",
            "Nothing was changed. Restore the file from a copy"
            + (f"; or keep it under another name and go on with its first {n} lines (`head -n {n}`)." if n else "."),
        )
