"""The report for a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hpotune.report.model import Report, Row
from hpotune.report.tables import make_table
from hpotune.report.words import (
    budget_column,
    journal_sentence,
    schedule_sentences,
    time_sentence,
    title_parts,
    trials_sentence,
)
from hpotune.summary import (
    budget_name,
    budget_text,
    config_text,
    duration_text,
    message_words,
    printable,
    schedule_columns,
    schedule_notes,
    setting_text,
    value_text,
)

_WIDEST_CELL = 24
_FAILURES = 10


def as_table(report: Report, width: int, *, color: bool = False) -> str:
    """The report in at most `width` cells a line; only the command to run by hand may be longer, to be copied whole."""
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=max(width, 20),
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    _print_head(console, report)
    _print_best(console, report)
    _print_top(console, report)
    _print_schedule(console, report)
    _print_failures(console, report)
    return "".join(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())


def _print_head(console: Console, report: Report) -> None:
    name, *about = title_parts(report)
    console.print(Text.assemble((name, "bold"), "  ", ", ".join(about)))
    console.print(Text(printable(report.run), "dim"))
    console.print(Text(report.outcome.words, "green" if report.outcome.exit_code == 0 else "yellow"))
    console.print(Text(f"{trials_sentence(report)}  ({time_sentence(report)})"))
    console.print(Text(journal_sentence(report), "dim"))


def _print_best(console: Console, report: Report) -> None:
    best = report.best
    console.print()
    if best is None:
        console.print(Text("No trial has a value yet." if report.history.finished is None else "No trial has a value."))
        return
    words = f"{printable(report.history.study.metric.name)} {value_text(best.value)}"
    if best.budget is not None:
        words += f" at {budget_text(best.budget, budget_name(report.history))}"
    console.print(Text.assemble(("Best", "bold"), "  ", (words, "green"), f"  trial {best.trial}"))
    settings = Table.grid(padding=(0, 2))
    settings.add_column(style="cyan", overflow="fold")
    settings.add_column(overflow="fold")
    for parameter, value in best.config.items():
        settings.add_row(Text(printable(parameter)), Text(setting_text(value, exact=True)))
    if best.config:
        console.print(Padding(settings, (0, 0, 0, 2)))
    _print_by_hand(console, report)


def _print_by_hand(console: Console, report: Report) -> None:
    """The command is broken only between words, as a shell reads it, so that it can be copied whole."""
    if report.by_hand is None:
        return
    console.print()
    console.print(Text.assemble(("By hand", "bold"), f"  in {printable(report.by_hand.folder)}"))
    lines = [""]
    for word in report.by_hand.words:
        if lines[-1] and cell_len(lines[-1]) + cell_len(word) + 5 > console.width:
            lines[-1] += " \\"
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    for line in lines:
        console.print(Text(f"  {line}"), no_wrap=True, overflow="ignore", crop=False)


def _print_top(console: Console, report: Report) -> None:
    if not report.top:
        return
    console.print()
    count = len(report.top)
    console.print(Text("Top trial" if count == 1 else f"Top {count} trials", "bold"))
    names = list(dict.fromkeys(name for row in report.top for name in row.config))
    columns = [_column(name, report.top) for name in names]
    together = not _fits(console.width, report, columns)
    budget = budget_column(report)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False, header_style="")
    for head in ("#", "trial", printable(report.history.study.metric.name), *([budget] if budget else []), "time"):
        table.add_column(Text(head), justify="right", overflow="ellipsis", no_wrap=True)
    if any(row.state != "completed" for row in report.top):
        table.add_column(Text("state"), overflow="ellipsis", no_wrap=True)
    for head in ["configuration"] if together else [cells[0] for cells in columns]:
        table.add_column(Text(head), overflow="fold")
    for place, row in enumerate(report.top):
        settings = [config_text(row.config)] if together else [cells[place + 1] for cells in columns]
        table.add_row(*(Text(cell) for cell in [*_fixed(row, report), *settings]))
    console.print(table)


def _fixed(row: Row, report: Report) -> list[str]:
    cells = [str(row.rank), str(row.trial), value_text(row.value)]
    if budget_column(report) is not None:
        cells.append("" if row.budget is None else budget_text(row.budget))
    cells.append(duration_text(row.seconds))
    if any(other.state != "completed" for other in report.top):
        cells.append(row.state)
    return cells


def _column(name: str, rows: Sequence[Row]) -> list[str]:
    """A parameter's heading and its values; empty where it is inactive."""
    return [printable(name), *(setting_text(row.config[name]) if name in row.config else "" for row in rows)]


def _fits(width: int, report: Report, columns: Sequence[Sequence[str]]) -> bool:
    """Whether each parameter can have a column of its own."""
    fixed = [_fixed(row, report) for row in report.top]
    left = sum(max(cell_len(row[i]) for row in fixed) + 3 for i in range(len(fixed[0])))
    left += cell_len(printable(report.history.study.metric.name))
    sizes = [max(cell_len(cell) for cell in cells) for cells in columns]
    return all(size <= _WIDEST_CELL for size in sizes) and left + sum(size + 2 for size in sizes) <= width


def _print_schedule(console: Console, report: Report) -> None:
    found = report.schedule
    if found is None or not found.rows:
        return
    console.print()
    console.print(Text("Schedule", "bold"))
    console.print(make_table(schedule_columns(found, report.history), console.width))
    for line in (*schedule_notes(found), *schedule_sentences(report)):
        console.print(Text(f"  {line}"))


def _print_failures(console: Console, report: Report) -> None:
    if not report.failures:
        return
    console.print()
    console.print(Text("Failures", "bold red"))
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for row in report.failures[:_FAILURES]:
        words = Text(row.words)
        if row.trial is not None:
            words.append(f"  trial {row.trial}", "dim")
        if message := message_words(row.cause, row.message):
            words.append(f"\n{message}")
        if row.log is not None:
            words.append(f"\n{printable(row.log)}", "dim")
        table.add_row(Text(f"{row.count:,}×"), words)
    console.print(Padding(table, (0, 0, 0, 2)))
    if (left_out := len(report.failures) - _FAILURES) > 0:
        console.print(Text(f"  … {left_out} more kinds", "dim"))
