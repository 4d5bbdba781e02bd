"""Options out of the text that `--help` prints.

Two shapes are read. Flat text (argparse, click, clap, absl, Go's flag): an entry begins with a flag near the left edge
and goes on as long as lines are indented deeper. Boxed text (Typer with rich): a table whose columns are the blank
gutters common to all of a panel's lines. A cell that the box has cut with `…` is dropped: a guess would be worse.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from hpotune.cli.scaffold.options import Kind, Option, inside

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_ENTRY = re.compile(r"^ {0,8}-{1,2}[A-Za-z0-9]")
_FLAG = re.compile(r"(?<![\w-])(-{1,2}[A-Za-z0-9][\w.-]*)")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_DEFAULT = re.compile(
    r"(?:^|[\[(;,.\s])default(?:s to|s|:|=| is)?[:\s]\s*(?P<value>\"[^\"]*\"|'[^']*'|[^;\])]+)", re.IGNORECASE
)
_BOUND = re.compile(rf"(?:(?P<low>{_NUMBER})\s*(?P<left><=?)\s*)?\bx\b(?:\s*(?P<sign><=?|>=?)\s*(?P<right>{_NUMBER}))?")
_BOXED = re.compile(r"^\s*[│┃|](?P<inner>.*)[│┃|]\s*$")
_CHOICES = re.compile(r"\{([^{}]+)\}|\[([^\[\]\s]+(?:\|[^\[\]\s]+)+)\]|<([^<>\s]+(?:\|[^<>\s]+)+)>")
_POSSIBLE = re.compile(r"possible values: ([^\]\)]+)")
_METAVAR = re.compile(r"^(?:<.+|\[[^\]]*\|.*|[A-Z][A-Z0-9_:]*(?: RANGE)?(?: \[.*\])?\.*)$")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("float", "float range", "double", "float32", "float64", "number"), "float"),
    **dict.fromkeys(("int", "integer", "int range", "integer range", "uint"), "int"),
    **dict.fromkeys(("str", "text", "string", "path", "file", "directory", "dir"), "text"),
    "boolean": "truth",
}


def parse_help(text: str) -> tuple[Option, ...]:
    """The options that a help text shows, in its order; () if it shows none. Never raises."""
    lines = [_ANSI.sub("", line).expandtabs().rstrip() for line in text.splitlines()]
    boxed = [match["inner"] if (match := _BOXED.match(line)) else None for line in lines]
    entries = _flat_entries(lines) if all(inner is None for inner in boxed) else _boxed_entries(boxed)
    options = (_option(*entry) for entry in entries)
    return tuple(option for option in options if option is not None)


def is_cut(text: str) -> bool:
    """Whether a boxed help was printed too narrow, so that flags in it end in `…`."""
    return any(
        "…" in word and word.startswith("-") for line in text.splitlines() if "│" in line for word in line.split()
    )


def _flat_entries(lines: list[str]) -> Iterator[tuple[str, str, str, bool]]:
    """(flags, metavar, help, required) of each entry."""
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if not _ENTRY.match(line):
            continue
        indent = len(line) - len(line.lstrip())
        invocation, rest = _halves(line.strip())
        texts = [rest.strip()]
        while position < len(lines) and _continues(lines[position], indent):
            texts.append(lines[position].strip())
            position += 1
        flags, metavar = _invocation(invocation)
        yield flags, metavar, _joined(texts), False


def _halves(line: str) -> tuple[str, str]:
    """What is typed and what is said of it: two spaces part them, in absl's help a colon after the flag."""
    if match := re.match(r"(-{1,2}[\w.-]+): +(.*)", line):
        return f"{match[1]} VALUE", match[2]
    invocation, _, rest = line.partition("  ")
    return invocation, rest


def _continues(line: str, indent: int) -> bool:
    return bool(line) and len(line) - len(line.lstrip()) > indent and not _ENTRY.match(line)


def _invocation(text: str) -> tuple[str, str]:
    """`-b B, --batch-size B` split into its flags and its metavar: `-b --batch-size` and `B`."""
    flags, metavar = [], ""
    for part in re.split(r",\s+(?=-)|\s*/\s+(?=-)", text):
        flag, _, rest = part.strip().partition(" ")
        flag, equals, value = flag.partition("=")
        flags.append(flag.removesuffix("["))
        metavar = (value if equals else rest).strip() or metavar
    return " ".join(flags), metavar


def _boxed_entries(lines: list[str | None]) -> Iterator[tuple[str, str, str, bool]]:
    panel: list[str] = []
    for line in [*lines, None]:
        if line is not None:
            panel.append(line)
        elif panel:
            yield from _panel_entries(panel)
            panel = []


def _panel_entries(panel: list[str]) -> Iterator[tuple[str, str, str, bool]]:
    """A panel's columns are flags (and the star of required ones), then types if there are any, then help."""
    columns = _columns(panel)
    rows = [[line[start:end].strip() for start, end in columns] for line in panel]
    cells = [[row[index] for row in rows if row[index]] for index in range(len(columns))]
    marks = len(list(itertools.takewhile(lambda column: all(cell[0] in "*-" for cell in column), cells)))
    heads = [number for number, row in enumerate(rows) if any(cell.startswith("-") for cell in row[:marks])]
    types = [rows[head][marks] for head in heads if rows[head][marks]] if marks < len(columns) else []
    has_types = 2 * sum(bool(_METAVAR.match(cell)) for cell in types) > len(types)
    help_column = marks + has_types
    help_start = columns[help_column][0] if help_column < len(columns) else max(map(len, panel))
    for head, end in itertools.pairwise([*heads, len(rows)]):
        row = rows[head][:marks]
        metavar = _joined([row[marks] for row in rows[head:end]]) if has_types else ""
        text = _joined([line[help_start:].strip() for line in panel[head:end]])
        yield " ".join(mark for mark in row if mark != "*"), metavar, text, "*" in row


def _columns(panel: list[str]) -> list[tuple[int, int]]:
    """(start, end) of each column: what lies between gutters, two or more positions that are blank in every line."""
    width = max(len(line) for line in panel)
    inked = "".join("x" if any(line[at : at + 1].strip() for line in panel) else " " for at in range(width))
    return [match.span() for match in re.finditer(r"x+(?: x+)*", inked)]


def _joined(texts: list[str]) -> str:
    return " ".join(text for text in texts if text)


def _option(flags: str, metavar: str, text: str, required: bool) -> Option | None:  # noqa: FBT001 - an entry's field
    """The option of an entry, None if its flags were cut off or cannot be read."""
    if "…" in flags:
        return None
    names = _FLAG.findall(flags)
    positive = tuple(name for name in names if not _negates(name, names))
    if not positive:
        return None
    negative = next((name for name in names if name not in positive), None)
    kind = _kind(metavar, is_pair=negative is not None)
    low, high = _bounds(f"{metavar} {text}", whole=kind == "int") if "range" in metavar.lower() else (None, None)
    return Option(
        flags=positive,
        kind=kind,
        default=_flag_default(_default(text)) if kind == "flag" else _default(text),
        choices=() if kind in {"flag", "list"} else _choices(metavar, text),
        negative=negative,
        low=low,
        high=high,
        help=_prose(text),
        required=required or "[required]" in text,
    )


def _negates(name: str, names: list[str]) -> bool:
    stem = re.sub(r"^--no-?", "--", name)
    return stem != name and stem in names


def _kind(metavar: str, *, is_pair: bool) -> Kind:
    name = re.sub(r"\s*\[[^\]]*[<>][^\]]*\]\s*$", "", metavar).strip("<>").lower()
    if not metavar or is_pair or metavar == "<bool>":
        return "flag"
    if "..." in metavar or " " in re.sub(r"\[[^\]]*\]|\{[^}]*\}| range", "", name).strip():
        return "list"
    return _KINDS.get(name, "unknown")


def _choices(metavar: str, text: str) -> tuple[str, ...]:
    compact = re.sub(r"\s+", "", metavar)
    if match := _CHOICES.search(compact):
        inner = next(group for group in match.groups() if group is not None)
        return tuple(part.strip("'\"") for part in re.split(r"[|,]", inner) if part)
    if match := _POSSIBLE.search(text):
        return tuple(part.strip() for part in match[1].split(","))
    return ()


def _default(text: str) -> str | None:
    """The default as it is written; None for none, for a cut one, and for what prose says that is not a number."""
    matches = list(_DEFAULT.finditer(text))
    if not matches:
        return None
    match = matches[-1]
    value, bracketed = match["value"].strip(), text[match.start() : match.start() + 1] in "[(;"
    if not bracketed:
        number = re.match(rf"{_NUMBER}(?![\w%])", value)
        return number[0].rstrip(".") if number else None
    value = value.strip("'\"")
    return None if "…" in value or value in {"None", "null", "dynamic", ""} else value


def _flag_default(text: str | None) -> bool | None:
    if text is None:
        return None
    return text.lower() not in {"false", "0", "off", "no"} and not text.startswith("no-")


def _bounds(text: str, *, whole: bool) -> tuple[float | None, float | None]:
    """The closed bounds that click writes as `0<=x<1` or `x>=1`."""
    low = high = None
    for match in _BOUND.finditer(text):
        if match["low"]:
            low = inside(float(match["low"]), is_open=match["left"] == "<", whole=whole, upper=False)
        if match["right"]:
            is_open, upper = len(match["sign"]) == 1, match["sign"].startswith("<")
            bound = inside(float(match["right"]), is_open=is_open, whole=whole, upper=upper)
            low, high = (low, bound) if upper else (bound, high)
    return low, high


def _prose(text: str) -> str:
    """The help without its bracketed facts, one line."""
    plain = re.sub(r"\s*[\[(](?:[^\[\]()]*;\s*)?(?:default|env var|required|x[<>]|[\d.]+<=?x)[^\[\]()]*[\])]", "", text)
    return re.sub(r"\s+", " ", plain).strip()
