"""PyYAML's complaints in words that say what to do."""

from __future__ import annotations

import re

import yaml

from hpotune.errors import Problem
from hpotune.study.source import Place, Source

_QUOTES = 'put the whole value in quotes: "..."'
_BRACES = 'inside [...] and {...}, text that holds brackets, braces or commas needs quotes: "${lr}", "x in [1, 2]"'
_WORDS = re.compile(r"'<([^>]*)>'")


def explain(error: yaml.YAMLError, source: Source) -> Problem:
    """The problem behind an error of PyYAML's reader, scanner or parser."""
    if isinstance(error, yaml.reader.ReaderError):
        return _unprintable(error, source)
    if not isinstance(error, yaml.MarkedYAMLError):
        return source.problem((), f"this is not YAML: {error}")
    problem = error.problem or "this is not YAML"
    context = error.context or ""
    unclosed = "end of stream" in problem and "quoted" in context
    place = _place(error.context_mark if unclosed else error.problem_mark) or (0, 0)
    message, remedy = _words(problem, context, _place(error.context_mark))
    return source.at(place, message, remedy)


def _words(problem: str, context: str, start: Place | None) -> tuple[str, str]:
    if "'\\t'" in problem:
        return "a tab stands where YAML wants spaces", "replace the tab by spaces (editors can show and convert tabs)"
    if "cannot start any token" in problem:
        sign = problem.removeprefix("found character ").partition(" that")[0]
        return f"a plain text cannot begin with {sign}", _QUOTES
    if "mapping values are not allowed" in problem:
        return "a ':' stands where no key can begin", (
            f"is the line's indentation right, and the line above complete? If ': ' belongs to a text, {_QUOTES}"
        )
    if "unexpected end of stream" in problem and "quoted" in context:
        return "a quote that opens here is never closed", "close it"
    if "escape" in problem or "escape" in context:
        return f"in a text in double quotes: {problem}", "use single quotes, or write \\\\ for a backslash"
    if context in ("while parsing a flow mapping", "while parsing a flow sequence"):
        return _flow(problem, context, start)
    if context in ("while parsing a block mapping", "while parsing a block collection"):
        return _block(problem, start)
    if "anchor" in context or "alias" in context:
        return f"{context.removeprefix('while ')}: {_plain(problem)}", _QUOTES
    return f"this is not YAML: {_plain(problem)}", _QUOTES


def _flow(problem: str, context: str, start: Place | None) -> tuple[str, str]:
    opening, closing = ("{", "}") if context.endswith("mapping") else ("[", "]")
    where = f" in line {start[0] + 1}" if start else ""
    found = problem.rpartition("but got ")[2]
    if found == "'<stream end>'":
        return f"the file ends, but the '{opening}'{where} is not closed", f"close it with '{closing}'"
    if found in ("'['", "'{'"):
        return f"{found} inside a text that has no quotes", _BRACES
    message = f"expected ',' or '{closing}', found {_plain(found)}"
    return message, f"a comma is missing, a text needs quotes, or the '{opening}'{where} is not closed"


def _block(problem: str, start: Place | None) -> tuple[str, str]:
    found = problem.rpartition("but found ")[2]
    began = f" (the block begins in line {start[0] + 1})" if start else ""
    if found in ("'<scalar>'", "'<alias>'"):
        return "text goes on after the end of a value", f"if all of it is one text, {_QUOTES}"
    message = f"this line does not fit the block that it stands in{began}"
    return message, "entries of one block begin in the same column; a block is either `key: value` or `- element`"


def _plain(problem: str) -> str:
    return _WORDS.sub(r"the \1", problem)


def _unprintable(error: yaml.reader.ReaderError, source: Source) -> Problem:
    # Some of these characters end a line for Python, so another stands in for it.
    lines = f"{source.text[: error.position]}x".splitlines()
    line, column = len(lines) - 1, len(lines[-1]) - 1
    character = error.character if isinstance(error.character, int) else ord(str(error.character)[0])
    words = f"the character U+{character:04X} cannot stand in a YAML file"
    return source.at((line, column), words, "remove it; inside double quotes, write it as an escape such as \\x07")


def _place(mark: yaml.Mark | None) -> Place | None:
    return (mark.line, mark.column) if mark is not None else None
