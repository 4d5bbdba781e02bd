"""`Notices`: what was noticed about the way trials report, said once for each kind, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hpotune.events import Event, JobEnded
from hpotune.history import History
from hpotune.summary.text import printable
from hpotune.summary.words import budget_name


class Notices:
    """A fold beside the history's."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def take(self, event: Event, history: History) -> list[str]:
        """The sentences that the event gives rise to; none of a kind that was said before."""
        if type(event) is not JobEnded or not event.notes:
            return []
        unit = printable(budget_name(history)) or "its budget"
        sentences = []
        for kind, value in event.notes.items():
            words = _KINDS.get(kind)
            if words is not None and value and kind not in self._said:
                self._said.add(kind)
                sentences.append(f"trial {event.trial} {words(unit, value)}")
        return sentences


_KINDS: dict[str, Callable[[str, Any], str]] = {
    "zero_based": lambda unit, _: f"counts {unit} from 0: 1 is added (`budget: {{first: 0}}` says so beforehand)",
    "started_over": lambda unit, _: (
        f"was to go on, but began with the first {unit} again: "
        "load the checkpoint in HPOTUNE_CHECKPOINT_DIR, or set `budget: {resume: false}`"
    ),
    "duplicates": lambda _, count: f"reported again at a budget it had reported already ({count}×): the first counts",
    "backwards": lambda _, count: f"reported at a budget below one it had reached ({count}×): these do not count",
    "thinned": lambda *_: "reports very often: the journal keeps a part of it, the logs keep all",
    "stragglers": lambda _, count: f"left processes behind ({count}), which were ended",
}
