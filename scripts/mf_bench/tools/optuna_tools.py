"""Optuna: TPE with its Hyperband pruner, and with its successive-halving pruner. A pruned trial is not taken up again.

The trials report where the pruners judge: at low * 3^k, and at the end.
"""

from __future__ import annotations

import math
import warnings

import optuna
from search_bench.problem import completed
from search_bench.tools.optuna_tools import suggested

from mf_bench.problem import ETA, Problem, rungs_up
from mf_bench.tools import Job, Setting


def make(tool: str, setting: Setting) -> Optuna:
    """The tool."""
    return Optuna(pruner(tool, setting.problem), setting)


def pruner(tool: str, problem: Problem) -> optuna.pruners.BasePruner:
    """A pruner with the problem's budgets."""
    if tool == "optuna_hyperband":
        return optuna.pruners.HyperbandPruner(
            min_resource=problem.low, max_resource=problem.high, reduction_factor=ETA
        )  # fmt: skip
    return optuna.pruners.SuccessiveHalvingPruner(min_resource=problem.low, reduction_factor=ETA)


class Optuna:
    """A study in memory."""

    def __init__(self, judge: optuna.pruners.BasePruner, setting: Setting) -> None:
        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        name = f"bench-{setting.seed}"  # by which Hyperband deals out its brackets
        sampler = optuna.samplers.TPESampler(seed=setting.seed)
        self._study = optuna.create_study(study_name=name, sampler=sampler, pruner=judge)
        self._problem = setting.problem
        self._reports = rungs_up(setting.problem.low, setting.problem.high)[:-1]

    def ask(self) -> Job:
        """A trial, trained to the end unless it is pruned."""
        trial = self._study.ask()
        config = completed(self._problem.space, lambda name, spec: suggested(trial, name, spec))
        return Job(trial, trial.number, config, self._problem.high, None, self._reports)

    def report(self, job: Job, budget: float, loss: float) -> bool:
        """Whether the pruner lets it go on."""
        job.name.report(loss, int(budget))
        return not job.name.should_prune()

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """A value, or the state PRUNED or FAIL."""
        if not math.isfinite(loss):
            self._study.tell(job.name, state=optuna.trial.TrialState.FAIL)
        elif budget < job.to:
            self._study.tell(job.name, state=optuna.trial.TrialState.PRUNED)
        else:
            self._study.tell(job.name, loss)
