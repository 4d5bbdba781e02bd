"""Where every key and value of a study stands, so that a problem can be shown in its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from hpotune.errors import Problem

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]  # line and column, from 0


@dataclass(frozen=True, slots=True)
class Mark:
    """The places of one entry: its key (None for an element of a list), its value, and where the value's text begins.

    `inner` is None where the text in the file is not the value letter by letter (escapes, several lines, no scalar).
    """

    value: Place
    key: Place | None = None
    inner: Place | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A `--set` text that replaced a part of the file; `value_at` is where its value begins."""

    text: str
    value_at: int

    def key_at(self, path: Path) -> int:
        """Where the last step of a path stands in the text."""
        found = self.text.find(str(path[-1]), self.text.index(" ") + 1, self.value_at) if path else -1
        return found if found >= 0 else self.value_at


@dataclass(frozen=True, slots=True)
class Source:
    """A study's text, the marks of its entries, and the `--set` options on top of it.

    `file` is the name to show, None if there is no file. Options count from the last: it is the one in force.
    """

    file: str | None
    text: str
    marks: Mapping[Path, Mark]
    options: Sequence[tuple[Path, Option]] = ()
    lines: list[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Of the line ends that Python knows and YAML does not, none may stand in a YAML file.
        object.__setattr__(self, "lines", self.text.splitlines())

    def problem(
        self, path: Path, message: str, remedy: str = "", *, key: bool = False, offset: int | None = None
    ) -> Problem:
        """A problem at a path of the study; one without a place of its own is shown at its nearest ancestor.

        Args:
            path: the place inside the study.
            message: what is wrong.
            remedy: what would be right.
            key: whether the key is meant, not its value.
            offset: how far inside a scalar's text the problem is.
        """
        problem = Problem(message, remedy, path)
        for target, option in reversed(self.options):
            below = target == path[: len(target)]
            # A key that the file does not have came with the option that set something below it.
            if below or (path == target[: len(path)] and path not in self.marks):
                column = option.key_at(path) if key and path and len(path) <= len(target) else option.value_at
                column += offset or 0 if target == path and not key else 0
                return replace(problem, source_line=option.text, column=column + 1)
        for size in range(len(path), -1, -1):
            mark = self.marks.get(path[:size])
            if mark is not None and size == len(path):
                return self._at(problem, mark, key=key, offset=offset)
            if mark is not None:
                # Of a mapping, the key is shown; of a short form such as `strategy: grid`, its value.
                return self._at(problem, mark, key=mark.inner is None, offset=None)
        return replace(problem, file=self.file)

    def at(self, place: Place, message: str, remedy: str = "", *, path: Path = ()) -> Problem:
        """A problem at a line and a column (both from 0)."""
        line, column = place
        text = self.lines[line] if line < len(self.lines) else ""
        # The caret is set below by counting characters; a tab would throw it off.
        shown = text.replace("\t", " ")
        return Problem(message, remedy, path, self.file, line + 1, column + 1, shown)

    def _at(self, problem: Problem, mark: Mark, *, key: bool, offset: int | None) -> Problem:
        place = mark.key if key and mark.key is not None else mark.value
        if offset is not None and mark.inner is not None:
            place = (mark.inner[0], mark.inner[1] + offset)
        return self.at(place, problem.message, problem.remedy, path=problem.path)


NOWHERE = Source(None, "", {})
"""The source of a study that came from no file: its problems have a path, and no line."""


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """The problems without repetitions, in the order of the file; those without a line come last."""

    def place(problem: Problem) -> tuple[float, float]:
        return (problem.line or float("inf"), problem.column or 0)

    return sorted(dict.fromkeys(problems), key=place)
