"""Random search: every draw is trained to the end."""

from __future__ import annotations

import itertools

import numpy as np
from search_bench.problem import samples

from mf_bench.tools import Job, Setting, Uninterrupted


def make(tool: str, setting: Setting) -> RandomSearch:
    """The tool."""
    del tool
    return RandomSearch(setting)


class RandomSearch(Uninterrupted):
    """Independent draws."""

    def __init__(self, setting: Setting) -> None:
        self._samples = samples(setting.problem.space, (), np.random.default_rng([1, setting.seed]))
        self._numbers = itertools.count()
        self._high = setting.problem.high

    def ask(self) -> Job:
        """A draw."""
        return Job(None, next(self._numbers), next(self._samples), self._high)

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """Nothing is learnt."""
