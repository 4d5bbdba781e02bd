"""What an input reaches in a target's own modules: lines, and steps from one line to the next."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

Step = tuple[int, int]


@dataclass(slots=True)
class Coverage:
    """Steps seen so far. A step is (line before, line), each a number that stands for a place in a file."""

    files: Sequence[str]  # what the names of the files that count end in, or the folder they lie in
    steps: set[Step] = field(default_factory=set)
    _new: set[Step] = field(default_factory=set)
    _before: int = 0
    _bases: dict[CodeType, int] = field(default_factory=dict)  # of code that counts; 0: does not
    _numbers: dict[str, int] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """How many lines have been reached."""
        return len({line for _, line in self.steps})

    def __enter__(self) -> Self:
        self._new = set()
        self._before = 0
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def gained(self) -> bool:
        """Whether the input looked at last has reached something new; it is known from now on."""
        fresh = not self._new <= self.steps
        if fresh:
            self.steps |= self._new
        return fresh

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        base = self._bases.get(frame.f_code)
        if base is None:
            base = self._bases[frame.f_code] = self._base(frame.f_code.co_filename)
        if not base:
            return None
        new = self._new

        def step(frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "line":
                line = base + frame.f_lineno
                new.add((self._before, line))
                self._before = line
            return step

        return step

    def _base(self, file: str) -> int:
        if not _counts(file, self.files):
            return 0
        return self._numbers.setdefault(file, (len(self._numbers) + 1) << 20)


def lines_in_all(files: Sequence[str]) -> int:
    """How many lines the functions of the loaded modules that count have, which is what could be reached."""
    loaded = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    return sum(len(set(_lines(_compiled(file)))) for file in loaded if _counts(file, files))


def _counts(file: str, files: Sequence[str]) -> bool:
    return any(part in file for part in files)


def _compiled(file: str) -> CodeType:
    code: CodeType = compile(Path(file).read_text(encoding="utf-8"), file, "exec")
    return code


def _lines(code: CodeType) -> Iterator[int]:
    if code.co_flags & inspect.CO_OPTIMIZED:  # a function, not the body of a module or class
        yield from (line for _, _, line in code.co_lines() if line is not None and line != code.co_firstlineno)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _lines(constant)
