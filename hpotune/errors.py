"""The one tree of errors that hpotune raises on purpose, each with the exit code the command line returns.

    HpotuneError              code 3   never raised itself
    ├── UsageError            code 2   the call is wrong: its options, its arguments
    │   └── StudyError        code 2   the study is wrong: a list of problems, each with its place
    ├── OutcomeError          code 1   the run went through, its outcome is not acceptable
    └── RunError              code 4   the run cannot be used
        ├── LockedError                another tuner holds it
        └── DamagedError               its journal is damaged

An error says what is wrong (`message`) and what the user should do next (`remedy`). Anything else that reaches the
command line is a bug of hpotune's own and ends with code 3 and a crash file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class HpotuneError(Exception):
    """Base of every error that is meant for the user. `remedy` may be empty."""

    exit_code = 3

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message


class UsageError(HpotuneError):
    """The call is wrong: an unknown option value, a run that does not exist, a job told twice."""

    exit_code = 2


class OutcomeError(HpotuneError):
    """The run went through, but what came out is not acceptable."""

    exit_code = 1


class RunError(HpotuneError):
    """The run cannot be used: no permission, disk full, a failed flush, a newer format."""

    exit_code = 4


class LockedError(RunError):
    """Another tuner holds the run."""


class DamagedError(RunError):
    """The journal holds a line that is not what was written."""


_WIDEST = 200  # characters of a line that are shown


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong (or doubtful) in a study, with its place.

    `path` is the place inside the study (`("parameters", "lr", "low")`); `line` and `column` count from 1 and are None
    where the study did not come from a file.
    """

    message: str
    remedy: str = ""
    path: tuple[str | int, ...] = ()
    file: str | None = None
    line: int | None = None
    column: int | None = None
    source_line: str | None = None

    def __str__(self) -> str:
        place = dotted(self.path)
        if self.line is not None:
            place = f"{self.file or 'study'}:{self.line}:{self.column}" + (f": {place}" if place else "")
        lines = [f"{place}: {self.message}" if place else self.message]
        if self.source_line is not None and self.column is not None:
            shown, column = _window(self.source_line, self.column)
            lines += [f"    {shown}", "    " + " " * (column - 1) + "^"]
        if self.remedy:
            lines.append(f"  {self.remedy}")
        return "\n".join(lines)


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a long line around a column, and where the column is in it."""
    start = max(0, column - 1 - _WIDEST // 2) if len(line) > _WIDEST else 0
    return line[start : start + _WIDEST], column - start


def dotted(path: Sequence[str | int]) -> str:
    """The path as people write it: `parameters.lr.low`, `constraints[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class StudyError(UsageError):
    """The study is wrong. `problems` holds everything found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
