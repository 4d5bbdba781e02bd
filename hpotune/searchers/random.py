"""Random search: independent draws from the space (Bergstra & Bengio 2012, "Random search for hyper-parameter
optimization").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.searchers.base import MAX_DRAWS, Answer, Proposal, first_new
from hpotune.space import Space


@dataclass(frozen=True, slots=True)
class RandomSearcher:
    """Draws each parameter from its own distribution, uniform or log-uniform, until the draw is feasible and new."""

    def propose(self, space: Space, observations: Observations, key: Key, budget: float | None) -> Answer:
        """See `Searcher`. The record is empty."""
        del budget
        return first_new(_draws(space, key), space, observations, key)


def _draws(space: Space, key: Key) -> Iterator[Proposal]:
    attempt = 0
    while (config := space.draw(key.child(attempt), MAX_DRAWS)) is not None:
        yield Proposal(config, {})
        attempt += 1
