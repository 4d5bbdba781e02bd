"""Acquisition functions made by hand, and the maximiser asked about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gp_studies import declared

from hpotune.keys import Key
from hpotune.searchers.gp.maximise import Ranked, maximise
from hpotune.space import Categorical, Config, Space


def space_of(parameters: dict[str, Any], *constraints: str) -> Space:
    return declared(1, parameters, constraints=list(constraints)).space


class ByHand:
    """An acquisition function of points of the cube, given by its values; slopes by differences."""

    def __init__(self, space: Space, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.numbers = [not isinstance(parameter, Categorical) for parameter in space.searchable]
        self.asked: list[Any] = []

    def scores(self, points):
        self.asked.append(points)
        return self.function(points)

    def slopes(self, points):
        slopes = np.zeros_like(points)
        for j in np.flatnonzero(self.numbers):
            aside = np.zeros(points.shape[1])
            aside[j] = 1e-6
            slopes[:, j] = (self.function(points + aside) - self.function(points - aside)) / 2e-6
        return self.function(points), np.where(np.isnan(points), 0.0, slopes)


def ranked_by(space: Space, function: Callable[[Any], Any], seed: int = 1, incumbents: Any = ()) -> Ranked:
    incumbents = np.reshape(np.asarray(incumbents, np.float64), (-1, space.dimension))
    return maximise(space, ByHand(space, function), incumbents, Key.of(seed))  # type: ignore[arg-type]


def valley(optimum, weights: Any = 1.0) -> Callable[[Any], Any]:
    """-sum w (x - o)^2, of what is active."""
    return lambda points: -np.nansum(weights * (points - np.asarray(optimum)) ** 2, axis=1)


def config(space: Space, point) -> Config:
    return space.decode(np.where(np.isnan(point), 0.5, point))
