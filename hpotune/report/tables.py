"""A plain table in the style of the report, for whatever is printed in columns of numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hpotune.summary import Column


def make_table(columns: Sequence[Column], width: int) -> Table:
    """The columns side by side, right-aligned; spare ones only as far as they fit into `width` cells."""
    columns = list(columns)
    while sum(_size(column) for column in columns) > width and any(column.spare for column in columns):
        columns.remove(next(column for column in reversed(columns) if column.spare))
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False, header_style="")
    for column in columns:
        table.add_column(Text(column.head), justify="right", overflow="ellipsis", no_wrap=True)
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    return table


def table_text(columns: Sequence[Column], width: int) -> str:
    """The table as text without colour, in at most `width` cells a line."""
    buffer = io.StringIO()
    console = Console(
        file=buffer, width=max(width, 20), color_system=None, highlight=False, markup=False, legacy_windows=False
    )
    console.print(make_table(columns, console.width))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def _size(column: Column) -> int:
    """The cells that a column takes, with what separates it from the next."""
    return max(cell_len(text) for text in (column.head, *column.cells)) + 3
