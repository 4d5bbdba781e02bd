"""HpBandSter's BOHB: its model, its iterations and its rule of opening the next one, without its network of workers.

Ordinals are whole numbers, as its documentation has it. A promoted configuration goes on from its checkpoint here,
which HpBandSter leaves to its user.
"""

from __future__ import annotations

import logging
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from hpbandster.core.base_iteration import BaseIteration
from hpbandster.optimizers.bohb import BOHB
from hpbandster.optimizers.config_generators import bohb as model
from search_bench.problem import completed
from search_bench.tools import decoded
from search_bench.tools.config_space import configuration_space

from mf_bench.problem import ETA
from mf_bench.tools import Job, Setting, Uninterrupted


def make(tool: str, setting: Setting) -> HpBandSter:
    """The tool."""
    del tool
    return HpBandSter(setting)


class HpBandSter(Uninterrupted):
    """The loop of its master: a run of an open iteration, else a new iteration."""

    def __init__(self, setting: Setting) -> None:
        logging.getLogger("hpbandster").setLevel(logging.CRITICAL)
        np.random.seed(setting.seed)  # noqa: NPY002 - the generator that it draws from
        low, high = setting.problem.low, setting.problem.high
        self._space = setting.problem.space
        configurations = configuration_space(self._space, ordinals=False)
        configurations.seed(setting.seed)
        halvings = -int(np.log(low / high) / np.log(ETA)) + 1
        self._bohb = SimpleNamespace(  # what BOHB's constructor makes of its arguments, less the network
            eta=ETA,
            max_SH_iter=halvings,
            budgets=high * np.power(float(ETA), -np.linspace(halvings - 1, 0, halvings)),
            config_generator=model.BOHB(configurations),
        )
        self._iterations: list[BaseIteration] = []

    def ask(self) -> Job:
        """The next run. Nothing waits for the end of a stage while another iteration can be opened."""
        for iteration in self._iterations:
            if not iteration.is_finished and (run := iteration.get_next_run()) is not None:
                return self._job(*run)
        number = len(self._iterations)
        self._iterations.append(BOHB.get_next_iteration(self._bohb, number, {}))
        return self._job(*self._iterations[-1].get_next_run())

    def _job(self, number: tuple[int, int, int], values: dict[str, Any], budget: float) -> Job:
        config = completed(self._space, lambda name, spec: decoded(spec, values[name]))
        name = SimpleNamespace(id=number, kwargs={"config": values, "budget": budget}, timestamps={}, exception=None)
        return Job(name, number, config, math.floor(budget + 1e-9))

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """A result, or none: the run has crashed."""
        del budget
        job.name.result = {"loss": loss} if math.isfinite(loss) else None
        self._iterations[job.name.id[0]].register_result(job.name)
        self._bohb.config_generator.new_result(job.name)
