"""DEHB by ask and tell. Ordinals are numbered levels.

A vector that comes again at a higher budget goes on here from where it was trained. DEHB knows no failures: a training
that diverged has an infinite fitness.
"""

from __future__ import annotations

import math
import tempfile

import numpy as np
from dehb import DEHB
from search_bench.problem import completed
from search_bench.tools import decoded, spelt
from search_bench.tools.config_space import configuration_space

from mf_bench.problem import ETA
from mf_bench.tools import Job, Setting, Uninterrupted


def make(tool: str, setting: Setting) -> Dehb:
    """The tool."""
    del tool
    return Dehb(setting)


class Dehb(Uninterrupted):
    """Its ask and tell; `n_workers` is of its own pool, which stands idle."""

    def __init__(self, setting: Setting) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dehb-")
        np.random.seed(setting.seed)  # noqa: NPY002 - parts of it draw from there
        problem = setting.problem
        self._space = problem.space
        self._dehb = DEHB(
            cs=configuration_space(problem.space, ordinals=False),
            f=None,
            min_fidelity=problem.low,
            max_fidelity=problem.high,
            eta=ETA,
            seed=setting.seed,
            n_workers=1,
            save_freq="end",
            output_path=self._folder.name,
            log_level="ERROR",
        )

    def ask(self) -> Job:
        """The next job; DEHB opens brackets without end."""
        name = self._dehb.ask()
        values = dict(name["config"])
        config = completed(self._space, lambda key, spec: decoded(spec, values[key]))
        return Job(name, spelt(config), config, math.floor(name["fidelity"] + 1e-9))

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """A fitness."""
        self._dehb.tell(job.name, {"fitness": loss if math.isfinite(loss) else math.inf, "cost": budget})
