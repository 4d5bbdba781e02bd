"""`hpotune list`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from hpotune.cli.options import Json
from hpotune.cli.standing import Standing, standing
from hpotune.cli.terminal import harmless, json_text
from hpotune.errors import RunError, UsageError
from hpotune.journal.folder import JOURNAL, RunFolder
from hpotune.summary import NOTHING, progress, value_text

# Runs sit in a folder of their own beside a study file; the patterns go as deep as a folder of projects does.
_PLACES = ("*", "runs/*", "*/runs/*", "*/*/runs/*")

Below = Annotated[Path, typer.Option("--runs", metavar="DIR", help="The folder to look below.", show_default="here")]


def command(*, runs: Below = Path(), json_: Json = False) -> None:
    """List the runs below a folder. A run that cannot be read is listed as such."""
    if not runs.is_dir():
        raise UsageError(f"there is no folder {runs}", "--runs names the folder that holds the runs")
    rows = [_row(run) for run in _find(runs)]
    if json_:
        sys.stdout.write(json_text([_as_json(row) for row in rows]) + "\n")
    elif rows:
        sys.stdout.write(harmless(_table([_cells(row) for row in rows])))
    else:
        sys.stderr.write(f"there is no run below {runs.absolute()}\n  start one with `hpotune run study.yaml`\n")


def _find(folder: Path) -> list[RunFolder]:
    journals = {path.resolve() for place in _PLACES for path in folder.glob(f"{place}/{JOURNAL}")}
    return [RunFolder(path.parent) for path in sorted(journals)]


def _row(run: RunFolder) -> Standing | tuple[RunFolder, RunError]:
    try:
        return standing(run)
    except RunError as error:
        return run, error


def _as_json(row: Standing | tuple[RunFolder, RunError]) -> dict[str, Any]:
    if isinstance(row, Standing):
        return row.as_json()
    run, error = row
    return {"run": str(run.path), "state": "unusable", "message": error.message}


def _cells(row: Standing | tuple[RunFolder, RunError]) -> tuple[str, ...]:
    if not isinstance(row, Standing):
        run, error = row
        return (_near(run.path), f"unusable: {error.message}", "", "", "")
    history = row.history
    limit = history.study.limits.trials
    done = progress(history).done
    value = history.value(history.best.loss) if history.best else None
    return (
        _near(row.folder.path),
        row.words,
        f"{done}/{limit}" if limit is not None else str(done),
        str(history.states["failed"]),
        NOTHING if value is None else f"{history.study.metric.name} {value_text(value)}",
    )


def _near(path: Path) -> str:
    """The path as it may be typed here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    table = [("run", "state", "trials", "failed", "best"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(5)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
    return "\n".join(lines) + "\n"
