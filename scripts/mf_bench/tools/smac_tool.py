"""SMAC3's multi-fidelity facade: random design, random forest over the highest budget with enough trials, Hyperband.

A promoted configuration goes on from its checkpoint here, which SMAC leaves to its user. Trials that crashed are told
as in `search_bench`. Its scenario wants a number of trials: as many as Hyperband starts with the total cost.
"""

from __future__ import annotations

import logging
import math
import tempfile
from pathlib import Path

from search_bench.problem import completed
from search_bench.tools import decoded, spelt
from search_bench.tools.config_space import configuration_space
from search_bench.tools.smac_tool import Teller, never
from smac import MultiFidelityFacade, Scenario

from mf_bench.problem import ETA, Problem
from mf_bench.tools import Job, Setting, Uninterrupted


def make(tool: str, setting: Setting) -> Smac:
    """The tool."""
    del tool
    return Smac(setting)


class Smac(Uninterrupted):
    """The facade's ask and tell."""

    def __init__(self, setting: Setting) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="smac-")
        problem = setting.problem
        self._space = problem.space
        scenario = Scenario(
            configuration_space(problem.space),
            deterministic=True,
            n_trials=trials(problem, setting.total),
            min_budget=problem.low,
            max_budget=problem.high,
            seed=setting.seed,
            output_directory=Path(self._folder.name),
        )
        intensifier = MultiFidelityFacade.get_intensifier(scenario, eta=ETA)
        self._facade = MultiFidelityFacade(
            scenario, never, intensifier=intensifier, overwrite=True, logging_level=logging.ERROR
        )  # fmt: skip
        self._teller = Teller(self._facade)

    def ask(self) -> Job | None:
        """The next trial."""
        try:
            info = self._facade.ask()
        except StopIteration:
            return None
        values = dict(info.config)
        config = completed(self._space, lambda name, spec: decoded(spec, values[name]))
        return Job(info, spelt(config), config, math.floor(info.budget + 1e-9))

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """A cost, or that it crashed."""
        del budget
        self._teller.tell(job.name, loss)


def trials(problem: Problem, total: float) -> int:
    """How many trials the brackets of Hyperband, one after the other, have for a total cost."""
    ladder = problem.ladder()
    jobs, cost = 0, 0.0
    for s in range(len(ladder)):
        first = math.ceil(len(ladder) * ETA**s / (s + 1))
        sizes = [first // ETA**i for i in range(s + 1)]
        jobs += sum(sizes)
        cost += sum(size * budget for size, budget in zip(sizes, ladder[-s - 1 :], strict=True))
    return math.ceil(jobs * total / cost)
