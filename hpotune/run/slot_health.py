"""Which slots spoil whatever runs on them: a GPU that has fallen off the bus fails every trial, and fast, so that it
would eat up the study while the others work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from hpotune.events import Outcome

MOST: Final = 3  # trials that fail on a slot before it is set aside


class SlotHealth:
    """What this session has seen of each slot that attempts were given.

    A slot is bad if nothing has ever ended well on it, so many different trials have failed on it, and on another slot
    one has ended well: else it is the script that fails.
    """

    def __init__(self) -> None:
        self._failed: defaultdict[str, set[int]] = defaultdict(set)
        self._good: set[str] = set()
        self._aside: set[str] = set()

    def ended(self, slots: Sequence[str], trial: int, outcome: Outcome) -> list[str]:
        """An attempt on these slots has ended. Returns those that are to be set aside now, whosesoever they are."""
        if outcome in ("completed", "stopped"):
            self._good.update(slots)
        elif outcome == "failed":
            for slot in slots:
                self._failed[slot].add(trial)
        if not self._good - self._aside:
            return []
        bad = [slot for slot, trials in self._failed.items() if len(trials) >= MOST and slot not in self._good]
        new = [slot for slot in bad if slot not in self._aside]
        self._aside.update(new)
        return new
