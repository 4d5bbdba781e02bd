"""What can be wrong with a declared space, each mistake with its place in the study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class SpaceProblem(NamedTuple):
    """One mistake. `path` is its place in the study, such as ("parameters", "lr", "when") or ("constraints", 0)."""

    path: tuple[str | int, ...]
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = ".".join(str(part) for part in self.path)
        return f"{place}: {self.message}" + (f". {self.remedy}" if self.remedy else "")


class SpaceError(ValueError):
    """The space cannot be used as declared. `problems` holds everything found, in the order of declaration."""

    def __init__(self, problems: Sequence[SpaceProblem]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
