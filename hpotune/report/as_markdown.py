"""The report for a wiki, an issue or a pull request: GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from hpotune.report.model import Report
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

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_TICKS = re.compile(r"`+")


def as_markdown(report: Report) -> str:
    """The report as Markdown."""
    name, *about = title_parts(report)
    lines = [f"# {_plain(name)}", "", _plain(", ".join(about)), ""]
    lines += [
        f"- Outcome: {_plain(report.outcome.words)}",
        f"- Trials: {_plain(trials_sentence(report))}",
        f"- Time: {time_sentence(report)}",
        f"- Run: {_code(printable(report.run))}",
        f"- Journal: {_plain(journal_sentence(report))}",
    ]
    lines += _best(report)
    lines += _top(report)
    lines += _schedule(report)
    lines += _failures(report)
    return "\n".join(lines) + "\n"


def _best(report: Report) -> list[str]:
    best = report.best
    if best is None:
        return ["", "## Best", "", "No trial has a value."]
    metric = f"{_code(printable(report.history.study.metric.name))} {value_text(best.value)}"
    budget = "" if best.budget is None else f" at {_plain(budget_text(best.budget, budget_name(report.history)))}"
    settings = [[_code(printable(name)), _code(setting_text(value, exact=True))] for name, value in best.config.items()]
    lines = ["", "## Best", "", f"{metric}{budget}, trial {best.trial}, {duration_text(best.seconds)}"]
    if settings:
        lines += ["", *_table(["parameter", "value"], settings)]
    if report.by_hand is not None:
        folder = _code(printable(report.by_hand.folder))
        line = report.by_hand.line
        fence = "`" * max(3, _longest_ticks(line) + 1)
        lines += ["", f"By hand, in {folder}:", "", f"{fence}sh", line, fence]
    return lines


def _top(report: Report) -> list[str]:
    if not report.top:
        return []
    budget = budget_column(report)
    heads = ["#", "trial", _plain(printable(report.history.study.metric.name))]
    heads += [_plain(budget)] if budget is not None else []
    rows = []
    for row in report.top:
        cells = [str(row.rank), str(row.trial), value_text(row.value)]
        if budget is not None:
            cells.append("" if row.budget is None else budget_text(row.budget))
        rows.append([*cells, duration_text(row.seconds), row.state, _code(config_text(row.config))])
    return ["", "## Top trials", "", *_table([*heads, "time", "state", "configuration"], rows)]


def _schedule(report: Report) -> list[str]:
    found = report.schedule
    if found is None or not found.rows:
        return []
    columns = schedule_columns(found, report.history)
    rows = zip(*([_plain(cell) for cell in column.cells] for column in columns), strict=True)
    table = _table([_plain(column.head) for column in columns], rows)
    notes = [f"- {_plain(line)}" for line in (*schedule_notes(found), *schedule_sentences(report))]
    return ["", "## Schedule", "", *table, "", *notes]


def _failures(report: Report) -> list[str]:
    if not report.failures:
        return []
    rows = [
        [
            f"{row.count:,}",
            _plain(row.words),
            "" if row.trial is None else str(row.trial),
            _plain(message_words(row.cause, row.message)),
        ]
        for row in report.failures
    ]
    return ["", "## Failures", "", *_table(["trials", "cause", "example", "message"], rows)]


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    lines = [_line(heads), _line(["---"] * len(heads))]
    return lines + [_line(row) for row in rows]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Text with no effect on the layout."""
    return _SPECIAL.sub(r"\\\1", text)


def _code(text: str) -> str:
    """A code span, safe in a table's cell."""
    ticks = "`" * (_longest_ticks(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    escaped = text.replace("|", "\\|")
    return f"{ticks}{pad}{escaped}{pad}{ticks}"


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
