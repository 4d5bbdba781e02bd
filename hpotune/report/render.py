"""`render`: a report as text, in the form that is asked for."""

from __future__ import annotations

from collections.abc import Callable

from hpotune.errors import UsageError
from hpotune.report.as_csv import as_csv
from hpotune.report.as_json import as_json
from hpotune.report.as_markdown import as_markdown
from hpotune.report.as_table import as_table
from hpotune.report.model import Report

FORMATS: dict[str, Callable[[Report], str]] = {
    "table": lambda report: as_table(report, 100),
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
}


def render(report: Report, format: str = "table", width: int = 100, *, color: bool = False) -> str:  # noqa: A002
    """The report as text that ends in a line end.

    Args:
        report: what `build` made.
        format: table, json, csv or markdown.
        width: of the terminal, in cells; for `table`.
        color: whether `table` may use colour.

    Raises:
        UsageError: there is no such format.
    """
    if format == "table":
        return as_table(report, width, color=color)
    if format not in FORMATS:
        raise UsageError(f"unknown format {format!r}", f"one of {', '.join(FORMATS)}")
    return FORMATS[format](report)
