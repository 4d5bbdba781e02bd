"""`--require "best >= 0.9"`: what the outcome of a run must be, for CI.

best        the value of the best trial, in the metric's own sign; the metric's own name says the same
trials      trials planned, failed ones included
completed   trials that came to their end
failed      trials that failed
"""

from __future__ import annotations

from difflib import get_close_matches

from hpotune.errors import OutcomeError, UsageError
from hpotune.expressions import Expression, ExpressionError, ExpressionSyntaxError, parse
from hpotune.history import History

NAMES = ("best", "trials", "completed", "failed")


def parse_require(text: str, metric: str | None = None) -> Expression:
    """Read a requirement, before anything is started.

    Args:
        text: the expression.
        metric: the metric's name, which may stand for `best`. None: names are not checked.

    Raises:
        UsageError: it is no expression, or names something else.
    """
    try:
        expression = parse(text)
    except ExpressionSyntaxError as error:
        pointer = f"    {text}\n    {' ' * error.column}^"
        raise UsageError(f"--require: {error.message}\n{pointer}", error.remedy or 'such as "best >= 0.9"') from None
    known = NAMES if metric is None else (*NAMES, metric)
    for name in sorted(expression.names - set(known)) if metric is not None else ():
        near = get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"names: {', '.join(known)}"
        raise UsageError(f"--require: there is no {name}", remedy)
    return expression


def check_require(expression: Expression, history: History) -> None:
    """Judge the outcome of a run.

    Raises:
        OutcomeError: the requirement is not met, or no trial has a value yet.
        UsageError: the expression has no truth value.
    """
    numbers = outcome(history)
    if numbers["best"] is None and expression.names & {"best", history.study.metric.name}:
        raise OutcomeError(f"--require {expression.source}: no trial has a value yet", _words(numbers))
    try:
        value = expression.evaluate({**numbers, history.study.metric.name: numbers["best"]})
    except ExpressionError as error:
        raise UsageError(f"--require {expression.source}: {error.message}", _words(numbers)) from None
    if not isinstance(value, bool):
        raise UsageError(
            f"--require {expression.source}: this is {value!r}, neither true nor false", 'compare it: "best >= 0.9"'
        )
    if not value:
        raise OutcomeError(f"not met: --require {expression.source}", _words(numbers))


def outcome(history: History) -> dict[str, float | None]:
    """The numbers that a requirement may name."""
    best = history.best
    return {
        "best": history.value(best.loss) if best else None,
        "trials": len(history.trials),
        "completed": history.states["completed"],
        "failed": history.states["failed"],
    }


def _words(numbers: dict[str, float | None]) -> str:
    return ", ".join(f"{name} is {'none' if value is None else f'{value:.6g}'}" for name, value in numbers.items())
