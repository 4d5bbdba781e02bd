"""Independent random draws; what a constraint forbids is drawn again."""

from __future__ import annotations

import numpy as np

from search_bench.problem import Config, samples
from search_bench.tools import Setting, Tool


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    del tool
    return RandomSearch(setting)


class RandomSearch:
    """Random search."""

    soft_constraints = False

    def __init__(self, setting: Setting) -> None:
        self._samples = samples(setting.space, setting.constraints, np.random.default_rng([1, setting.seed]))

    def ask(self) -> Config:
        """A draw."""
        return next(self._samples)

    def tell(self, config: Config, loss: float) -> None:
        """Nothing is learnt."""
