"""Values of secrets in texts: in the study file, in `--set` options, and in what messages show of both.

A text that is YAML is read as such, so that a value is found wherever it stands and however it is written. Of one that
is not YAML yet, everything behind the name of a secret is covered, rather too much than too little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import yaml

from hpotune.errors import Problem
from hpotune.study.secrets import PLACEHOLDER, is_secret, scrubbed
from hpotune.study.sections import SECTIONS

# The keys at the top of a study below which no variable is set: names such as `key` mean something else there.
ELSEWHERE = frozenset(
    {*SECTIONS, "name", "command", "parameters", "constraints", "workers", "seed", "enqueue", "private"} - {"trial"}
)
Span = tuple[int, int]
_SET = "--set "
_TELLING = 8  # characters of a value that are sought in the rest of a text, in comments say
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_ANCHOR = re.compile(r"&\S+")
_ASSIGNMENT = re.compile(r"""([\w.-]+)["']?\s*[:=][ \t]*(?=\S)""")
_SHOUTED = re.compile(r"\b[A-Z0-9_]+_(KEY|TOKEN|PASSWORD|SECRET)\b")  # a variable, wherever it was put by mistake
_WORD = re.compile(r"[\w.-]+")
_SECTION = re.compile(r"(\w+)\s*:")


def recorded_text(text: str) -> str:
    """The text of a study file with the placeholder for each value of a secret. Every entry keeps its line."""
    return _put(text, _spans(text), _placeholder)


def recorded_override(text: str) -> str:
    """A `key.path=value` text, as `--set` takes it, with the placeholder for each value of a secret."""
    return _override(text, _placeholder)


def concealed(problem: Problem, text: str) -> Problem:
    """The problem without a value of a secret in the line that it shows, or in its words.

    Args:
        problem: one found in a study.
        text: of its study file.
    """
    problem = replace(problem, message=scrubbed(problem.message), remedy=scrubbed(problem.remedy))
    shown = problem.source_line
    if shown is None:
        return problem
    if problem.line is None:
        covered = _SET + _override(shown.removeprefix(_SET), _blot) if shown.startswith(_SET) else shown
    else:
        lines = _blotted_lines(text)
        covered = lines[problem.line - 1] if problem.line <= len(lines) else shown
    if covered == shown:
        return problem
    words = [problem.message, problem.remedy]
    for hidden in _covered_texts(shown, covered):
        words = [each.replace(hidden, PLACEHOLDER) for each in words]
    return replace(problem, message=words[0], remedy=words[1], source_line=covered)


@lru_cache(2)  # a file with many problems is covered once
def _blotted_lines(text: str) -> tuple[str, ...]:
    return tuple(line.replace("\t", " ") for line in _put(text, _spans(text), _blot).splitlines())


def _covered_texts(shown: str, covered: str) -> Iterator[str]:
    """The pieces that were covered, as messages may quote them, the longest first."""
    pieces = set()
    for match in re.finditer(r"\*+", covered):
        bare = shown[match.start() : match.end()].strip("\"', }]")
        pieces |= {bare, bare[:57], bare.partition(" ")[0].lstrip("*&!")}
    yield from sorted((piece for piece in pieces if len(piece) > 2), key=len, reverse=True)


def _placeholder(hidden: str) -> str:
    """What is written in place of a value, with as many line ends."""
    found = _PROPERTIES.match(hidden)
    anchors = _ANCHOR.findall(found[0]) if found else []
    return " ".join([*anchors, f'"{PLACEHOLDER}"']) + "\n" * hidden.count("\n")


def _blot(hidden: str) -> str:
    """What is shown in place of a value: as long, so that a caret below the line points where it should."""
    return re.sub(r"[^\n\r\x85\u2028\u2029]", "*", hidden)


def _put(text: str, spans: list[Span], cover: Callable[[str], str]) -> str:
    pieces, end = [], 0
    for start, stop in sorted(spans, key=lambda span: (span[0], -span[1])):  # the longer first, which holds the other
        if stop > end:
            pieces += [text[end : max(start, end)], cover(text[max(start, end) : stop])]
            end = stop
    return "".join([*pieces, text[end:]])


def _override(text: str, cover: Callable[[str], str]) -> str:
    dotted, equals, raw = text.partition("=")
    if not _is_elsewhere(dotted):
        for word in re.finditer(r"[\w-]+", dotted):
            if is_secret(word[0]):
                start = _value_behind(text, word.end(), len(dotted) if equals else None)
                return text[:start] + (PLACEHOLDER if cover is _placeholder else cover(text[start:]))
    if not equals or _is_elsewhere(dotted):
        return text
    root = _composed(raw)
    if root is None:
        return dotted + equals + _put(raw, _guessed(raw), cover)
    return dotted + equals + _put(raw, list(_below(root)), cover)


def _value_behind(text: str, end: int, equals: int | None) -> int:
    """Where the value of an option begins, given where the name of a secret in it ends.

    That is behind the `=`; or sooner, where something else was meant to part the two, as in `HF_TOKEN: ...`.
    """
    if equals is not None and re.fullmatch(r"""["'\]\s]*(?:[.\[][\w.\[\]"'\s-]*)?""", text[end:equals]):
        return equals + 1
    parted = re.compile(r"""["'\]]*[\s:=]*""").match(text, end)
    return parted.end() if parted else end


def _is_elsewhere(dotted: str) -> bool:
    """Whether a path leads to a part of a study in which names such as `key` mean something else."""
    first, *rest = re.split(r"[.\[:\s]", dotted.strip(), maxsplit=1)
    return first in ELSEWHERE and not (rest and _SHOUTED.search(rest[0]))


def _spans(text: str) -> list[Span]:
    """Where the values of secrets stand in the text of a study file."""
    if not any(is_secret(name) for name in re.findall(r"[\w.-]+", text)):
        return []
    root = _composed(text)
    if root is None:
        return _guessed(text)
    spans = []
    for key, value in root.value if isinstance(root, yaml.MappingNode) else [(root, root)]:
        if not isinstance(key, yaml.ScalarNode) or key.value not in ELSEWHERE:
            spans += list(_below(value))
    values = {_PROPERTIES.sub("", text[start:stop], count=1).strip(" \t\"'") for start, stop in spans}
    for value in values:
        if len(value) >= _TELLING and "\n" not in value:
            spans += [match.span() for match in re.finditer(re.escape(value), text)]
    return spans + list(_in_comments(text))


def _composed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError):  # the last two: "\\U00110000", %YAML 1.9...9
        return None


def _below(root: yaml.Node) -> Iterator[Span]:
    """The values of the secrets in a node, however many aliases lead to them."""
    seen: set[tuple[int, bool]] = set()
    nodes = [(root, False)]
    while nodes:
        node, secret = nodes.pop()
        if (id(node), secret) in seen:
            continue
        seen.add((id(node), secret))
        if isinstance(node, yaml.MappingNode):
            named = secret or any(_is_name(key) and _names_secret(value) for key, value in node.value)
            for key, value in node.value:
                own = isinstance(key, yaml.ScalarNode) and is_secret(key.value)
                nodes.append((value, own or (named and not _names_secret(value))))
                if isinstance(key, yaml.ScalarNode) and "=" in key.value:  # {HF_TOKEN=...}
                    nodes.append((key, False))
        elif isinstance(node, yaml.SequenceNode):
            named = secret or any(_names_secret(item) for item in node.value)  # as in [HF_TOKEN, ...]
            nodes += [(item, named and not _names_secret(item)) for item in node.value]
        elif secret or (is_secret(node.value.partition("=")[0]) and "=" in node.value):
            yield node.start_mark.index, node.end_mark.index


def _is_name(node: yaml.Node) -> bool:
    """As in `{name: HF_TOKEN, value: ...}`, which is how others write a variable."""
    return isinstance(node, yaml.ScalarNode) and node.value.lower() in ("name", "key")


def _names_secret(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and bool(_WORD.fullmatch(node.value)) and is_secret(node.value)


def _in_comments(text: str) -> Iterator[Span]:
    for line in re.finditer(r"^[ \t]*#.*$", text, re.MULTILINE):
        for match in _ASSIGNMENT.finditer(line[0]):
            if is_secret(match[1]):
                yield line.start() + match.end(), line.end()
                break


def _guessed(text: str) -> list[Span]:
    """The same for a text that is not YAML: from the name of a secret to the end of what may be its value."""
    spans = []
    section, start, margin = "", 0, -1
    quote = ""
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip(" \t"))
        found = _SECTION.match(line)
        if found:
            section = found[1]
        begin = None
        if quote:
            begin = 0
            quote = "" if quote in line else quote
        elif margin >= 0 and (indent > margin or not line.strip()):
            begin = 0
        else:
            margin = -1
            begin = None if section in ELSEWHERE else _value_at(line)
            if begin is not None:
                margin = indent
                value = line[begin:].strip()
                opens = value[:1]
                quote = opens if opens in ("'", '"') and opens not in value[1:] else ""
        if begin is not None:
            spans.append((start + begin, start + len(line.rstrip("\r\n"))))
        start += len(line)
    return [(a, b) for a, b in spans if a < b]


def _value_at(line: str) -> int | None:
    """Where the value of the first secret in a line begins; its end if it stands in the lines below."""
    for match in re.finditer(r"""([\w.-]+)["']?\s*[:=][ \t]*""", line):
        if is_secret(match[1]):
            return match.end()
    return None
