"""`draw`: the board as a pure function of what there is to show and of the terminal's size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.text import Text

from hpotune.run.screen.view import Row, View

_LABEL = 9  # cells of the left column: `running  `
_WIDEST = 120
_CONFIG_LINES = 4
_CAUSES = 4
_ASCII = str.maketrans({"━": "=", "╸": "=", "─": "-", "·": "|", "…": "~", "–": "-", "—": "-", "×": "x", "→": ">"})


def draw(view: View, width: int, height: int, *, ascii_only: bool = False) -> Text:
    """The board in at most `width` x `height` cells. Lines are cut, running trials left out, as space demands."""
    width = max(min(width, _WIDEST), 1)
    head = _head(view, width)
    tail = _failures(view, width) + _foot(view, width)
    best = _best(view, width)
    space = max(height - len(head) - len(best) - len(tail), 2)
    lines = (head + best + _running(view, width, space) + tail)[: max(height, 1)]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
        if ascii_only:
            line.plain = line.plain.translate(_ASCII).encode("ascii", "replace").decode()
    while lines and not lines[-1].plain:
        lines.pop()
    return Text("\n", no_wrap=True, overflow="crop").join(lines)


def _head(view: View, width: int) -> list[Text]:
    name, *rest = view.title
    lines = _flow([Text(name, "bold"), *(Text(part) for part in rest)], width)
    lines.append(Text(_end_of(view.folder, width), "dim"))
    if view.fraction is not None:
        lines.append(_bar(view.fraction, width, done=view.done))
    lines += _flow((Text(part) for part in view.progress), width)
    if view.counts:
        lines += _flow((Text(part, "red" if part.endswith(" failed") else "") for part in view.counts), width)
    return [*lines, Text()]


def _bar(fraction: float, width: int, *, done: bool) -> Text:
    """The share done, in half cells, and as a percentage."""
    size = max(width - 6, 4)
    halves = int(fraction * size * 2)
    full = "━" * (halves // 2) + "╸" * (halves % 2)
    bar = Text(full, "green" if done else "cyan")
    return bar.append("─" * (size - len(full)), "dim").append(f" {int(fraction * 100 + 1e-9):4d}%", "bold")


def _best(view: View, width: int) -> list[Text]:
    if not view.best:
        return []
    space = width - _LABEL
    lines = _flow((Text(part, "green") for part in view.best), space, " ")
    config = _flow((Text(part) for part in view.best_config), space, " ")
    if len(config) > _CONFIG_LINES:
        config = [*config[: _CONFIG_LINES - 1], Text("…")]
    return [*_beside("best", "bold green", lines + config), Text()]


def _running(view: View, width: int, space: int) -> list[Text]:
    """As many running trials as fit into `space` lines, the blank one below them included."""
    if not view.running:
        return []
    count = len(view.running) + view.running_more
    fits = space - 1 if count <= space - 1 else max(space - 2, 1)
    rows = view.running[:fits]
    lines = _table(rows, width - _LABEL)
    if count > len(rows):
        lines.append(Text(f"… and {count - len(rows)} more", "dim"))
    return [*_beside("running", "bold", lines), Text()]


def _table(rows: Sequence[Row], width: int) -> list[Text]:
    """Right-aligned columns, then what of the configuration has room."""
    columns = [[row.trial, row.value, row.budget, row.time] for row in rows]
    sizes = [max(cell_len(cells[i]) for cells in columns) for i in range(4)]
    styles = ["cyan", "", "dim", "dim"]
    used = sum(size + 2 for size in sizes if size)
    lines = []
    for row, cells in zip(rows, columns, strict=True):
        line = Text()
        for cell, size, style in zip(cells, sizes, styles, strict=True):
            if size:
                line.append(" " * (size - cell_len(cell)) + cell, style).append("  ")
        if width - used >= 12:
            line.append(row.config, "dim")
        lines.append(line)
    return lines


def _failures(view: View, width: int) -> list[Text]:
    if not view.failures:
        return []
    shown = view.failures if len(view.failures) <= _CAUSES else view.failures[: _CAUSES - 1]
    lines = [line for parts in shown for line in _flow((Text(part, "red") for part in parts), width - _LABEL, " ")]
    if len(shown) < len(view.failures):
        lines.append(Text(f"… {len(view.failures) - len(shown)} more causes", "dim"))
    return [*_beside("failed", "bold red", lines), Text()]


def _foot(view: View, width: int) -> list[Text]:
    style = "bold" if view.done else "dim"
    return _flow((Text(part, style) for part in _clauses(view.hint)), width, " ")


def _clauses(text: str) -> list[str]:
    """A sentence in pieces that may stand on lines of their own."""
    pieces = text.replace(", ", ",\n").replace("; ", ";\n").replace(": ", ":\n").split("\n")
    return [piece for piece in pieces if piece]


def _end_of(path: str, width: int) -> str:
    """A path cut at its beginning: its end tells more."""
    return path if len(path) <= width else "…" + path[len(path) - max(width - 1, 0) :]


def _beside(label: str, style: str, lines: Sequence[Text]) -> list[Text]:
    """The lines in the right column, the label beside the first."""
    return [
        Text().append((label if i == 0 else "").ljust(_LABEL), style).append_text(line) for i, line in enumerate(lines)
    ]


def _flow(parts: Iterable[Text], width: int, gap: str = " · ") -> list[Text]:
    """The parts side by side, on as many lines as they need."""
    lines: list[Text] = []
    for part in parts:
        if lines and lines[-1].cell_len + len(gap) + part.cell_len <= width:
            lines[-1].append(gap, "dim").append_text(part)
        else:
            lines.append(Text().append_text(part))
    return lines
