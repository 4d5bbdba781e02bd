"""Grid search: every point of the grid in turn, the first parameter slowest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.searchers.base import Answer, Exhausted, Proposal
from hpotune.space import Config, Space


class GridSearcher:
    """Walks through the space's grid; points that were tried already (an `enqueue`) are passed over."""

    __slots__ = ()

    def propose(self, space: Space, observations: Observations, key: Key, budget: float | None) -> Answer:
        """See `Searcher`. The record holds the `index` of the point in the grid."""
        del key, budget
        grid = _grid(space)
        index = observations.cursor
        while (config := grid.point(index)) is not None:
            if space.canonical(config) not in observations.tried:
                return Proposal(config, {"index": index})
            index += 1
        if index == 0:
            return Exhausted("the grid has no feasible point")
        return Exhausted(f"all {index:,} points of the grid have been tried")


class _Grid:
    """The points of a grid by their index, as far as they were asked for."""

    def __init__(self, points: Iterator[Config]) -> None:
        self._points = points
        self._known: list[Config] = []

    def point(self, index: int) -> Config | None:
        """A copy of point `index`, None past the end."""
        while len(self._known) <= index:
            config = next(self._points, None)
            if config is None:
                return None
            self._known.append(config)
        return dict(self._known[index])


@lru_cache(maxsize=2)
def _grid(space: Space) -> _Grid:
    """One walk over a space's grid serves all proposals; a grid is a function of its space."""
    return _Grid(space.grid())
