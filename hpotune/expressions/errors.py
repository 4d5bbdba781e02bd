"""The two ways an expression can be wrong: it cannot be read, or it has no value."""

from __future__ import annotations

_LONGEST = 60


def short(text: str) -> str:
    """A part of the source as a message shows it: cut if it is long."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class ExpressionSyntaxError(ValueError):
    """The text is no expression. `column` is the offset in the source, from 0; `remedy` may be empty."""

    def __init__(self, message: str, column: int, remedy: str = "") -> None:
        super().__init__(message, column, remedy)
        self.message = message
        self.column = column
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"column {self.column + 1}: {self.message}"
        return f"{place}. {self.remedy}" if self.remedy else place


class ExpressionError(ValueError):
    """The expression has no value here: a division by zero, a text where a number belongs, a number too large."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
