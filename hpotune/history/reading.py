"""The border to journals that others may have written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hpotune.errors import DamagedError
from hpotune.history.fold import History


@contextmanager
def reading(history: History) -> Iterator[None]:
    """While events of a journal are folded into `history`: what cannot follow what was before is damage.

    A checksum says that a line is what was written, not that it makes sense. In a run of our own the same is a bug, so
    there it is not caught.

    Raises:
        DamagedError: with the line, such as that of a report of a trial that was never planned.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise DamagedError(
            f"journal.jsonl:{history.n + 1}: the line cannot follow those before it: {error!r}",
            "it was written by another program, or by a bug of hpotune; the lines before it still count",
        ) from error
