"""`outcome`: whether what came out of a study is acceptable, as an exit code and in words."""

from __future__ import annotations

from typing import NamedTuple

from hpotune.history import History
from hpotune.summary.words import finish_words

OK = 0
NOT_ACCEPTABLE = 1
INTERRUPTED = 130


class Outcome(NamedTuple):
    """The exit code (0, 1 or 130) and the sentence that goes with it."""

    exit_code: int
    words: str


def outcome(history: History) -> Outcome:
    """The verdict on a study as it stands.

    0: it ended with at least one value to show. 1: it has none, too many trials failed, or none that was paused got to
    the end since others failed on the way. 130: it was interrupted;
    a study that has not ended counts as interrupted.
    """
    words = finish_words(history)
    match history.finished:
        case None:
            return Outcome(INTERRUPTED, "not finished: `hpotune resume` goes on")
        case "interrupted":
            return Outcome(INTERRUPTED, f"{words}: `hpotune resume` goes on")
        case "failures":
            return Outcome(NOT_ACCEPTABLE, words)
        case "same_failures":
            remedy = "once that is mended, `hpotune resume --retry-failed all`; `limits.same_failures: 0` goes on"
            return Outcome(NOT_ACCEPTABLE, f"{words}; {remedy}")
    if not history.trials:
        return Outcome(NOT_ACCEPTABLE, f"{words}: there was nothing to try")
    if history.best is None:
        return Outcome(NOT_ACCEPTABLE, f"{words}, but no trial completed with a value")
    if not history.states["completed"] and history.states["paused"] and history.failures:
        remedy = "no trial came to the end of its schedule; `hpotune check-resume` tells whether it can be promoted"
        return Outcome(NOT_ACCEPTABLE, f"{words}, but {remedy}")
    return Outcome(OK, words)
