"""The report for spreadsheets and data frames: every trial a row, every parameter a column `config.NAME`.

Columns: trial, state, cause, origin, replicate, value, budget, seconds, jobs, `bracket` if the schedule has brackets,
then the parameters in the study's order.
A parameter that is inactive leaves its cell empty; strings stand as they are, true, false, null, lists and objects as
JSON. A text that a spreadsheet would take for a formula has an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from hpotune.history import Trial
from hpotune.report.model import Report
from hpotune.summary import printable

_FIXED = ("trial", "state", "cause", "origin", "replicate", "value", "budget", "seconds", "jobs")


def as_csv(report: Report) -> str:
    """All trials as CSV (RFC 4180 quoting, lines end in a single newline)."""
    history = report.history
    names = list(history.study.parameters)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    brackets = report.schedule.brackets if report.schedule is not None else {}
    more = ["bracket"] if brackets else []
    writer.writerow([*_FIXED, *more, *(_text(f"config.{name}") for name in names)])
    for trial in history.trials:
        value = history.value(trial.loss)
        own = [*_fixed(trial, value), *(brackets.get(trial.number, "") for _ in more)]
        writer.writerow([*own, *(_cell(trial.config[n]) if n in trial.config else "" for n in names)])
    return buffer.getvalue()


def _fixed(trial: Trial, value: float | None) -> list[Any]:
    return [
        trial.number,
        trial.state,
        _text(trial.cause or ""),
        trial.origin,
        "" if trial.replicate is None else trial.replicate,
        "" if value is None else repr(value),
        "" if trial.budget is None else trial.budget,
        round(trial.seconds, 3),
        len(trial.jobs),
    ]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return _text(json.dumps(value)) if not isinstance(value, int) or isinstance(value, bool) else str(value)


def _text(text: str) -> str:
    text = printable(text)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
