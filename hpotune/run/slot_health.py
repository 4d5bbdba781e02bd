"""Which slots spoil whatever runs on them: a GPU that has fallen off the bus fails every trial, and fast, so that it
would eat up the study while the others work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from hpotune.events import Outcome

LEAST: Final = 3  # trials that fail on a slot before it can be bad
CHANCE: Final = 1e-3  # a row of failures that is at least as likely on a good slot proves nothing


class SlotHealth:
    """What this session has seen of each slot that attempts were given.

    A slot is bad if trials have failed on it and nothing has ever ended well, on another slot something has (else it is
    the script that fails), and so many failures are more than bad luck: with p the share of attempts that fail
    elsewhere, by Laplace's rule (failed + 1) / (ended + 2), and k the trials that failed here, p^k < CHANCE. It is
    judged when an attempt on it has just failed, so that none is left on it.
    """

    def __init__(self) -> None:
        self._failed: dict[str, set[int]] = {}
        self._on: Counter[tuple[str, bool]] = Counter()  # attempts that ended on a slot, by whether they failed
        self._all: Counter[bool] = Counter()  # the same, wherever they were
        self._good: set[str] = set()
        self._aside: set[str] = set()

    def ended(self, slots: Sequence[str], trial: int, outcome: Outcome) -> list[str]:
        """An attempt on these slots has ended. Returns those of them that are to be set aside now."""
        if not slots or outcome not in ("completed", "stopped", "failed"):
            return []
        failed = outcome == "failed"
        self._all[failed] += 1
        self._on.update((slot, failed) for slot in slots)
        if not failed:
            self._good.update(slots)
            return []
        for slot in slots:
            self._failed.setdefault(slot, set()).add(trial)
        bad = [slot for slot in slots if self._is_bad(slot)]
        self._aside.update(bad)
        return bad

    def _is_bad(self, slot: str) -> bool:
        count = len(self._failed[slot])
        if slot in self._good or slot in self._aside or count < LEAST or not self._good - self._aside:
            return False
        failed, well = (self._all[kind] - self._on[slot, kind] for kind in (True, False))
        return ((failed + 1) / (failed + well + 2)) ** count < CHANCE
