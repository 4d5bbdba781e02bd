"""What a searcher is told of the history."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from hpotune.history.trial import Trial
from hpotune.space import Space


@dataclass(frozen=True, slots=True)
class Observations:
    """What a searcher is told: a snapshot that stays as it is while the history grows.

    `trial` is the number of the trial that is asked for, `cursor` one more than the largest `index` in any proposal's
    record, `tried` the canonical forms of all configurations planned so far (never changed while a proposal is out,
    since there is only one at a time).
    """

    trial: int
    cursor: int
    enqueued: int
    defaulted: bool
    tried: AbstractSet[str]


class Tried:
    """The canonical forms of the configurations planned so far, each computed once, when it is first needed."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._forms: set[str] = set()
        self._count = 0

    def up_to(self, trials: Sequence[Trial]) -> AbstractSet[str]:
        """The forms of all `trials`, which only ever grow."""
        while self._count < len(trials):
            self._forms.add(self._space.canonical(trials[self._count].config))
            self._count += 1
        return self._forms
