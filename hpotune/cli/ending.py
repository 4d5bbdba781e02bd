"""How `run` and `resume` end: the result on stdout, the verdict on stderr, the exit code."""

from __future__ import annotations

import sys
from contextlib import suppress

from hpotune.cli.require import check_require
from hpotune.expressions import Expression
from hpotune.history import History
from hpotune.journal.folder import RunFolder
from hpotune.run.screen import Mode
from hpotune.summary import budget_text, config_parts, outcome, printable, value_text


def conclude(history: History, folder: RunFolder, requirement: Expression | None, mode: Mode) -> int:
    """Print how it ended and return the exit code.

    Args:
        history: the run as it is now.
        folder: where it is.
        requirement: what must hold.
        mode: the screen that was shown. The last board already holds the result: on one terminal it is not repeated.

    Raises:
        OutcomeError: the requirement is not met.
    """
    verdict = outcome(history)
    with suppress(BrokenPipeError):  # who read along has gone; the outcome is what it is
        _show(history, folder, verdict.words, mode)
    if requirement is not None and verdict.exit_code == 0:
        check_require(requirement, history)
    return verdict.exit_code


def _show(history: History, folder: RunFolder, words: str, mode: Mode) -> None:
    if mode != "json" and not (mode == "board" and sys.stdout.isatty()):
        sys.stdout.write(_result(history))
    sys.stderr.write(f"{words}\n{printable(str(folder.path))}\n")


def _result(history: History) -> str:
    best = history.best
    if best is None:
        return ""
    metric = printable(history.study.metric.name)
    unit = history.study.budget.name if history.study.budget else ""
    at = f" at {budget_text(best.budget, unit)}" if best.budget is not None else ""
    lines = [f"best: {metric} {value_text(history.value(best.loss))}{at} (trial {best.number})"]
    lines += [f"  {part}" for part in config_parts(best.config)]
    return "\n".join(lines) + "\n"
