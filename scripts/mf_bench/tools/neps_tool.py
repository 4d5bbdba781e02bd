"""NePS by ask and tell, with the optimizer that it chooses for a space with a fidelity and without priors: Hyperband.

(Its freeze-thaw optimizer, ifBO, has to be named, and downloads a trained model.) Conditional parameters are always
drawn, and left out where they are inactive. A promoted configuration goes on from its checkpoint, as NePS offers.
"""

from __future__ import annotations

import logging
import math
from typing import Any

import neps
import numpy as np
import torch
from neps.optimizers import algorithms
from neps.space.neps_spaces.neps_space import convert_neps_to_classic_search_space
from search_bench.problem import Spec, completed
from search_bench.tools import decoded

from mf_bench.problem import Problem
from mf_bench.tools import Job, Setting, Uninterrupted

BUDGET = "budget"


def make(tool: str, setting: Setting) -> Neps:
    """The tool."""
    del tool
    return Neps(setting)


class Neps(Uninterrupted):
    """The optimizer that `neps.run` would take, without its folder of trials."""

    def __init__(self, setting: Setting) -> None:
        logging.getLogger("neps").setLevel(logging.ERROR)
        torch.manual_seed(setting.seed)
        np.random.seed(setting.seed)  # noqa: NPY002 - it draws from the global generators
        self._space = setting.problem.space
        space = convert_neps_to_classic_search_space(pipeline(setting.problem))
        chosen = algorithms.determine_optimizer_automatically(space)
        self._neps = neps.AskAndTell(getattr(algorithms, chosen)(space))

    def ask(self) -> Job:
        """The next trial; `12_1` is configuration 12 at its second budget."""
        trial = self._neps.ask()
        values = trial.config
        config = completed(self._space, lambda name, spec: decoded(spec, values[name]))
        return Job(trial.id, trial.id.rpartition("_")[0], config, math.floor(values[BUDGET] + 1e-9))

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """A result, or the exception that ended it."""
        del budget
        self._neps.tell(job.name, loss if math.isfinite(loss) else FloatingPointError("diverged"))


def pipeline(problem: Problem) -> neps.PipelineSpace:
    """The space with its fidelity."""
    attributes: dict[str, Any] = {name: parameter(spec) for name, spec in problem.space.items()}
    attributes[BUDGET] = neps.IntegerFidelity(problem.low, problem.high)
    return neps.PipelineSpace().from_attrs(attributes)


def parameter(spec: Spec) -> Any:
    """A parameter; choices by their numbers."""
    log = bool(spec.get("log"))
    match spec["type"]:
        case "float":
            return neps.Float(spec["low"], spec["high"], log=log)
        case "int":
            return neps.Integer(spec["low"], spec["high"], log=log)
        case "ordinal":
            return neps.Integer(0, len(spec["choices"]) - 1)
        case _:
            return neps.Categorical(list(range(len(spec["choices"]))))
