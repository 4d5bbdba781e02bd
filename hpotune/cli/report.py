"""`hpotune report`."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from hpotune.cli.options import Json, Require, RunArgument, Runs
from hpotune.cli.require import check_require, parse_require
from hpotune.cli.target import the_run
from hpotune.journal import holder
from hpotune.report import build, collect, render


class ReportFormat(StrEnum):
    """How a report is printed."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


Format = Annotated[
    ReportFormat,
    typer.Option("--format", "-f", help="table, json, csv or markdown; csv has a row for every trial."),
]
Top = Annotated[int, typer.Option("--top", metavar="N", min=0, help="How many of the best trials are shown.")]


def command(
    run: RunArgument = None,
    *,
    format_: Format = ReportFormat.table,
    top: Top = 10,
    require: Require = None,
    json_: Json = False,
    runs: Runs = None,
) -> None:
    """Report what came out: the best configuration and how to run it by hand, the top trials, failures by cause."""
    folder = the_run(run, runs)
    requirement = None if require is None else parse_require(require, folder.study().metric.name)
    history, messages = collect(folder.events())
    report = build(history, messages, folder, top)
    tuner = holder(folder.path)
    if history.finished is None and tuner is not None:
        words = f"still running (process {tuner.pid} on {tuner.host}); so far:"
        report = replace(report, outcome=report.outcome._replace(words=words))
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((100, 24)).columns
    color = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    format_ = ReportFormat.json if json_ else format_
    sys.stdout.write(render(report, format_.value, width, color=color))
    if requirement is not None:
        check_require(requirement, history)
