"""YAML 1.2 on top of PyYAML's parser: plain values, and the place of each.

PyYAML gives the events; here they become values, with the scalars of YAML 1.2, the marks of every key and value,
anchors, aliases and merge keys. Refused, each with its line: tags other than the core schema's, duplicate keys, keys
that are not text, several documents, nesting and expansion without bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events as ev

from hpotune.errors import Problem
from hpotune.study.nodes import MAX_DEPTH, Expansion, List, Map, Node, RefusedError, Scalar
from hpotune.study.scalars import resolve, shown
from hpotune.study.source import Mark, Path, Place, Source
from hpotune.study.syntax import explain

_STANDARD = "tag:yaml.org,2002:"
_KINDS: Mapping[str | None, type] = {"int": int, "float": float, "bool": bool, "null": type(None)}
_QUOTE = "put the text in quotes"


@dataclass(frozen=True, slots=True)
class Document:
    """What a text holds. `data` is worth nothing (None) if the text is not YAML; `problems` says why."""

    data: Any
    source: Source
    problems: tuple[Problem, ...]


def read_yaml(text: str, file: str) -> Document:
    """Read one YAML document; `file` is the name that its problems show. Never raises."""
    source = Source(file, text, {})
    reader = _Reader(source)
    try:
        node = reader.compose()
        marks: dict[Path, Mark] = {}
        data = Expansion(source, marks).expand(node)
    except RefusedError as refused:
        return Document(None, source, (*reader.problems, refused.problem))
    except yaml.YAMLError as error:
        return Document(None, source, (*reader.problems, explain(error, source)))
    return Document(data, Source(file, text, marks), tuple(reader.problems))


def read_value(text: str) -> Any:
    """The value of a YAML text that stands alone, such as the right side of `--set key=value`.

    Raises:
        ValueError: the text is not YAML; the words say why.
    """
    document = read_yaml(text, "")
    if document.problems:
        raise ValueError(document.problems[0].message)
    return document.data


class _Reader:
    """From events to nodes. Aliases share a node; they are expanded later, under a bound."""

    def __init__(self, source: Source) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._lines = source.lines
        self._events = _events(source.text)
        self._anchors: dict[str, Node | None] = {}

    def compose(self) -> Node:
        node: Node = Scalar((0, 0), None, None)
        documents = 0
        for event in self._events:
            if isinstance(event, ev.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refused(event, "a second document begins here", "keep one study in a file")
                node = self._node(next(self._events), 0)
        return node

    def _node(self, event: ev.Event, depth: int) -> Node:
        if isinstance(event, ev.AliasEvent):
            return self._alias(event)
        if not isinstance(event, ev.NodeEvent):  # pragma: no cover - the parser gives nodes where nodes belong
            raise TypeError(type(event).__name__)
        if depth > MAX_DEPTH:
            raise self._refused(event, f"nested more than {MAX_DEPTH} levels deep", "a study needs four or five")
        anchor: str | None = event.anchor
        if anchor is not None:
            self._anchors[anchor] = None  # known, but not whole before it ends
        node = self._content(event, depth)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _content(self, event: ev.NodeEvent, depth: int) -> Node:
        if isinstance(event, ev.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, ev.SequenceStartEvent):
            self._check_tag(event, event.tag, "seq")
            sequence = List(_place(event))
            for item in self._until(ev.SequenceEndEvent):
                sequence.items.append(self._node(item, depth + 1))
            return sequence
        if isinstance(event, ev.MappingStartEvent):
            self._check_tag(event, event.tag, "map")
            mapping = Map(_place(event))
            for key in self._until(ev.MappingEndEvent):
                self._entry(mapping, key, depth)
            return mapping
        raise TypeError(type(event).__name__)  # pragma: no cover - there are no other nodes

    def _until(self, end: type[ev.Event]) -> Iterator[ev.Event]:
        while not isinstance(event := next(self._events), end):
            yield event

    def _entry(self, mapping: Map, event: ev.Event, depth: int) -> None:
        name = self._key(event)
        value = self._node(next(self._events), depth + 1)
        place = _place(event)
        if name == "<<" and isinstance(event, ev.ScalarEvent) and event.implicit[0]:
            mapping.merged += self._merged(value)
        elif name in mapping.entries:
            first = mapping.entries[name][0][0] + 1
            words = f"the key {name!r} stands here a second time; the first is in line {first}"
            self.problems.append(self._source.at(place, words, "keep one of the two"))
        else:
            mapping.entries[name] = (place, value)

    def _key(self, event: ev.Event) -> str:
        if isinstance(event, ev.MappingStartEvent | ev.SequenceStartEvent):
            raise self._refused(
                event, "a mapping or a list stands where a key belongs", "put a template such as {{ x }} in quotes"
            )
        node = self._node(event, 0)
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        value = node.value if isinstance(node, Scalar) else None
        text = shown(value if isinstance(value, int | float) else None)
        self.problems.append(self._source.at(_place(event), f"the key {text} is not text", f'write "{text}":'))
        return text

    def _merged(self, value: Node) -> list[Map]:
        found = []
        for node in value.items if isinstance(value, List) else [value]:
            if not isinstance(node, Map):
                words = "`<<` merges a mapping or a list of mappings"
                raise RefusedError(self._source.at(node.place, words, "write `<<: *name`, where &name marks a mapping"))
            found.append(node)
        return found

    def _alias(self, event: ev.AliasEvent) -> Node:
        anchor = event.anchor or ""
        node = self._anchors.get(anchor)
        if node is not None:
            return node
        if anchor in self._anchors:
            raise self._refused(event, f"*{anchor} stands inside the very part that &{anchor} marks", "")
        words = f"*{anchor} refers to an anchor &{anchor} that is not defined above it"
        raise self._refused(event, words, 'if it is not meant as an alias, put the text in quotes: "*..."')

    def _scalar(self, event: ev.ScalarEvent) -> Scalar:
        text: str = event.value
        if not text.isascii():
            text = self._whole(event, text)
        tag = self._check_tag(event, event.tag, "str", "int", "float", "bool", "null")
        value: object = text
        if (tag is None and event.implicit[0]) or tag not in (None, "str"):
            value = resolve(text)
        if tag == "float" and isinstance(value, int) and not isinstance(value, bool):
            value = _float(value)
        if tag in _KINDS and type(value) is not _KINDS[tag]:
            self.problems.append(
                self._source.at(_place(event), f"{text!r} does not fit its tag !!{tag}", "drop the tag")
            )
        return Scalar(_place(event), value, self._inner(event, text))

    def _whole(self, event: ev.ScalarEvent, text: str) -> str:
        """The text with the two halves of a character, which JSON's escapes can be, put together."""
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            words = "an escape in this text is half a character"
            self.problems.append(self._source.at(_place(event), words, "write the character itself"))
            return text.encode("utf-8", "replace").decode()

    def _inner(self, event: ev.ScalarEvent, text: str) -> Place | None:
        """Where the value's own text begins, if it stands in its line letter by letter."""
        if event.start_mark is None or event.end_mark is None:
            return None
        line, column = event.end_mark.line, event.end_mark.column - len(text) - (event.style in ("'", '"'))
        if event.start_mark.line != line or column < 0 or line >= len(self._lines):
            return None
        return (line, column) if self._lines[line][column : column + len(text)] == text else None

    def _check_tag(self, event: ev.NodeEvent, tag: str | None, *known: str) -> str | None:
        """The short name of a tag of the core schema, None if the node has no tag."""
        if tag is None:
            return None
        if tag == "!":  # not to be resolved: a text, a list, a mapping
            return known[0]
        short = tag.removeprefix(_STANDARD)
        if short in known:
            return short
        shown_tag = f"!!{short}" if short != tag else tag
        remedy = f"write the plain value; if the text itself begins with '!', {_QUOTE}"
        raise self._refused(event, f"the tag {shown_tag} has no place in a study", remedy)

    def _refused(self, event: ev.Event, message: str, remedy: str) -> RefusedError:
        return RefusedError(self._source.at(_place(event), message, remedy))


def _events(text: str) -> Iterator[ev.Event]:
    """PyYAML's events. It does not check the numbers of `\\U00110000` and `%YAML 1.9...9`; here they are errors too."""
    loader: Any = yaml.SafeLoader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    except (ValueError, OverflowError) as error:
        mark = loader.get_mark()
        escape = loader.prefix(8) if mark.column and loader.peek(-1) == "U" else ""
        words = f"the escape \\U{escape} stands for no character" if escape else "the version is no number of YAML's"
        raise yaml.MarkedYAMLError(problem=words, problem_mark=mark) from error
    finally:
        loader.dispose()


def _float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:  # as 9e999 does
        return math.inf if number > 0 else -math.inf


def _place(event: ev.Event) -> Place:
    return (event.start_mark.line, event.start_mark.column) if event.start_mark is not None else (0, 0)
