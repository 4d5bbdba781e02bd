"""The contract of a searcher, and the one way in which all of them avoid a configuration tried before.

A searcher is a pure function of what it is told. A worked trace, for a space of two points and a searcher `s`:

    s.propose(space, nothing_tried, key(trial 0), None)      -> Proposal({"a": 1}, record={})
    s.propose(space, tried={'{"a":1}'}, key(trial 1), None)  -> Proposal({"a": 2}, record={})
    s.propose(space, tried=both, key(trial 2), None)         -> Exhausted("all 2 configurations have been tried")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeAlias

from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.space import Config, Space

# Draws that may turn out infeasible before a space counts as having no feasible point.
MAX_DRAWS = 10_000
# Candidates that may turn out to have been tried before the rest of the space is looked at as a whole.
_MAX_REPEATS = 100


class Proposal(NamedTuple):
    """A configuration never tried before, and what the searcher wants to remember of how it came about.

    The record is JSON with finite numbers. An `index` in it is counted: the next `Observations.cursor` is past it.
    """

    config: Config
    record: Mapping[str, Any]


class Exhausted(NamedTuple):
    """There is nothing further to propose, and why."""

    reason: str


Answer: TypeAlias = Proposal | Exhausted


class Searcher(Protocol):
    """Says which configuration a trial gets."""

    def propose(self, space: Space, observations: Observations, key: Key, budget: float | None) -> Answer:
        """The configuration of trial `observations.trial`, which will first be trained to `budget`.

        Pure: equal arguments give an equal answer, in any process and after any other call. All randomness comes from
        `key`, which is the trial's own.
        """
        ...


def first_new(candidates: Iterable[Proposal], space: Space, observations: Observations, key: Key) -> Answer:
    """The first of the candidates that was not tried; of a finite space, else one of those that are left."""
    seen = False
    for candidate in islice(candidates, _MAX_REPEATS):
        seen = True
        if space.canonical(candidate.config) not in observations.tried:
            return candidate
    valid = space.enumerate()
    if valid is None:
        if not seen:
            return Exhausted(f"no feasible configuration in {MAX_DRAWS:,} draws")
        return _persist(candidates, space, observations)
    if not valid:
        return Exhausted("the space has no feasible configuration")
    left = [config for config, form in zip(valid, forms(space), strict=True) if form not in observations.tried]
    if not left:
        return Exhausted(f"all {len(valid):,} configurations have been tried")
    return Proposal(dict(left[int(key.child("left").uniforms(1)[0] * len(left))]), {})


@lru_cache(maxsize=2)
def forms(space: Space) -> tuple[str, ...]:
    """The canonical forms of a space that can be listed; a pure function, so the cache cannot be seen."""
    return tuple(space.canonical(config) for config in space.enumerate() or ())


def _persist(candidates: Iterable[Proposal], space: Space, observations: Observations) -> Answer:
    """The search goes on in a space that is too large to list."""
    for candidate in islice(candidates, MAX_DRAWS):
        if space.canonical(candidate.config) not in observations.tried:
            return candidate
    return Exhausted(f"no configuration that is new in {MAX_DRAWS:,} draws")
