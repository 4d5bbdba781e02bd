"""Syne Tune's ASHA: the scheduler itself, told every result in virtual time. Its default: running trials are stopped.

Conditional parameters are always drawn, and left out where they are inactive. A training that diverged is an error.
"""

from __future__ import annotations

import datetime as dt
import logging
import math

import numpy as np
from search_bench.problem import Spec, completed
from search_bench.tools import decoded
from syne_tune import config_space
from syne_tune.backend.trial_status import Trial
from syne_tune.optimizer.baselines import ASHA
from syne_tune.optimizer.scheduler import SchedulerDecision

from mf_bench.problem import ETA, rungs_up
from mf_bench.tools import Job, Setting

NEVER = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def make(tool: str, setting: Setting) -> SyneTune:
    """The tool."""
    del tool
    return SyneTune(setting)


class SyneTune:
    """The scheduler, as its tuner drives it."""

    def __init__(self, setting: Setting) -> None:
        logging.disable(logging.WARNING)
        np.random.seed(setting.seed)  # noqa: NPY002 - brackets are drawn from there
        problem = setting.problem
        self._problem = problem
        self._reports = rungs_up(problem.low, problem.high)[:-1]
        self._scheduler = ASHA(
            {name: domain(spec) for name, spec in problem.space.items()},
            metric="loss",
            time_attr="budget",
            max_t=problem.high,
            grace_period=problem.low,
            reduction_factor=ETA,
            random_seed=setting.seed,
        )
        self._number = 0

    def ask(self) -> Job | None:
        """A trial."""
        suggestion = self._scheduler.suggest()
        if suggestion is None:
            return None
        trial = Trial(self._number, suggestion.config, NEVER)
        self._number += 1
        self._scheduler.on_trial_add(trial)
        values = suggestion.config
        config = completed(self._problem.space, lambda name, spec: decoded(spec, values[name]))
        return Job(trial, trial.trial_id, config, self._problem.high, None, self._reports)

    def report(self, job: Job, budget: float, loss: float) -> bool:
        """Whether it goes on."""
        decision = self._scheduler.on_trial_result(job.name, {"loss": loss, "budget": int(budget)})
        return bool(decision == SchedulerDecision.CONTINUE)

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """The end: completed, in error, or stopped before."""
        if not math.isfinite(loss):
            self._scheduler.on_trial_error(job.name)
        elif budget < job.to:
            self._scheduler.on_trial_remove(job.name)
        else:
            self._scheduler.on_trial_complete(job.name, {"loss": loss, "budget": int(budget)})


def domain(spec: Spec) -> config_space.Domain:
    """A parameter; choices by their numbers."""
    log = bool(spec.get("log"))
    match spec["type"]:
        case "float":
            return (config_space.loguniform if log else config_space.uniform)(spec["low"], spec["high"])
        case "int":
            return (config_space.lograndint if log else config_space.randint)(spec["low"], spec["high"])
        case "ordinal":
            return config_space.randint(0, len(spec["choices"]) - 1)
        case _:
            return config_space.choice(list(range(len(spec["choices"]))))
