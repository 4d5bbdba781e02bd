"""The nodes of a YAML document, and their expansion to plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hpotune.errors import Problem
from hpotune.study.source import Mark, Path, Place, Source

MAX_DEPTH = 50
MAX_NODES = 200_000


@dataclass(slots=True)
class Scalar:
    place: Place
    value: object
    inner: Place | None


@dataclass(slots=True)
class List:
    place: Place
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Map:
    place: Place
    entries: dict[str, tuple[Place, Node]] = field(default_factory=dict)
    merged: list[Map] = field(default_factory=list)


Node: TypeAlias = Scalar | List | Map


class RefusedError(Exception):
    """Reading cannot go on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Expansion:
    """From nodes to plain values, with a bound on how many there may be and how deep they may stand."""

    def __init__(self, source: Source, marks: dict[Path, Mark]) -> None:
        self._source = source
        self._marks = marks
        self._left = MAX_NODES

    def expand(self, node: Node, path: Path = (), key: Place | None = None) -> Any:
        """The plain value of a node; the places of all that it holds go into the marks.

        Raises:
            RefusedError: the aliases expand beyond the bound.
        """
        self._count(node, len(path))
        inner = node.inner if isinstance(node, Scalar) else None
        self._marks[path] = Mark(node.place, key, inner)
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, List):
            return [self.expand(item, (*path, index)) for index, item in enumerate(node.items)]
        entries = self._entries(node, len(path))
        return {name: self.expand(value, (*path, name), place) for name, (place, value) in entries.items()}

    def _entries(self, node: Map, depth: int) -> dict[str, tuple[Place, Node]]:
        """The mapping's own entries before those merged into it, the first merged mapping before the later ones."""
        if not node.merged:
            return node.entries
        found = dict(node.entries)
        for merged in node.merged:
            self._count(merged, depth + 1, 1 + len(merged.entries))
            for name, entry in self._entries(merged, depth + 1).items():
                found.setdefault(name, entry)
        return found

    def _count(self, node: Node, depth: int, size: int = 1) -> None:
        self._left -= size
        if self._left < 0 or depth > 2 * MAX_DEPTH:
            words = "the file's aliases expand without bound"
            remedy = f"write out what is meant; {MAX_NODES:,} values and {2 * MAX_DEPTH} levels are the most"
            raise RefusedError(self._source.at(node.place, words, remedy))
