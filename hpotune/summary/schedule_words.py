"""The words of a schedule that has run: the columns of its table, and what it came to in all."""

from __future__ import annotations

from typing import NamedTuple

from hpotune.history import History
from hpotune.summary.schedule import RungRow, Schedule, merged
from hpotune.summary.text import budget_text, count_text, printable, value_text
from hpotune.summary.words import budget_name

MOST_BRACKETS = 12  # beyond that, brackets of one kind are shown as one
_MOST_CHECKS = 12


class Column(NamedTuple):
    """A heading and the cells below it; a `spare` one may be left out where space is short."""

    head: str
    cells: list[str]
    spare: bool = False


def schedule_columns(found: Schedule, history: History) -> list[Column]:
    """The rungs as columns of text; columns that would be empty are left out."""
    rows, unit = _shown(found), printable(budget_name(history))
    metric = printable(history.study.metric.name)
    columns = [
        Column("bracket", _bracket_cells(rows)),
        Column(unit, [amount_text(row.at) for row in rows]),
        Column("trials", [of_text(row.arrived, row.size) for row in rows]),
        Column("went on" if found.pauses else "stopped", [_count(_moved(row, found)) for row in rows]),
        Column("failed", [_count(row.failed) for row in rows]),
        Column("on the way", [_count(row.running) for row in rows], spare=True),
        Column(f"best {metric}", ["" if row.best is None else value_text(row.best) for row in rows]),
        Column("of trial", ["" if row.best_trial is None else str(row.best_trial) for row in rows], spare=True),
        Column("cut-off", ["" if row.cutoff is None else value_text(row.cutoff) for row in rows], spare=True),
        Column(f"{unit} in all", [amount_text(row.spent) for row in rows], spare=True),
    ]
    return [column for column in columns if any(column.cells)]


def schedule_notes(found: Schedule) -> list[str]:
    """What the table does not show as it is."""
    notes = []
    count = _brackets(found)
    if count > MOST_BRACKETS:
        notes.append(f"{count_text(count, 'bracket')}: those of one kind are taken together")
    hidden = len(found.rows) - len(_shown(found)) if count <= MOST_BRACKETS else 0
    if hidden:
        notes.append(f"{count_text(hidden, 'check')} at which no trial was stopped are left out")
    return notes


def spent_words(found: Schedule, history: History) -> str:
    """`1,581 epochs in 206 jobs, 14 % of what 143 trials in full take`."""
    spent = amount_text(found.spent, budget_name(history))
    words = f"{spent} in {count_text(found.jobs, 'job')}"
    if found.share is None:
        return words
    return f"{words}, {100 * found.share:.0f} % of what {count_text(len(history.trials), 'trial')} in full take"


def of_text(count: int, size: int | None) -> str:
    """`20 of 81`; `81` where that is all."""
    return f"{count:,}" if size is None or size == count else f"{count:,} of {size:,}"


def amount_text(budget: float, name: str = "") -> str:
    """A budget that may be large, with its unit: `1,581 epochs`, `1 epoch`, `0.5 epochs`."""
    if abs(budget) < 1_000:
        return budget_text(budget, name)
    return f"{round(budget):,} {printable(name)}" if name else f"{round(budget):,}"


def bytes_text(size: int) -> str:
    """`1.4 GB`."""
    amount, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" or amount >= 99.5 else f"{amount:.2g} {units[0]}"


def _shown(found: Schedule) -> tuple[RungRow, ...]:
    if _brackets(found) > MOST_BRACKETS:
        return merged(found)
    if found.pauses or len(found.rows) <= _MOST_CHECKS:
        return found.rows
    return tuple(row for row in found.rows if row.stopped or row is found.rows[-1])


def _brackets(found: Schedule) -> int:
    return 0 if not found.rows or found.rows[-1].bracket is None else found.rows[-1].bracket + 1


def _bracket_cells(rows: tuple[RungRow, ...]) -> list[str]:
    cells, before = [], None
    for row in rows:
        times = f" (×{row.brackets:,})" if row.brackets > 1 else ""
        cells.append("" if row.bracket in {None, before} else f"{row.bracket}{times}")
        before = row.bracket
    return cells


def _moved(row: RungRow, found: Schedule) -> int:
    return row.promoted if found.pauses else row.stopped


def _count(count: int) -> str:
    return f"{count:,}" if count else ""
