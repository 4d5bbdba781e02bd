"""hpotune itself: `hpotune:STRATEGY`, with options as JSON, `hpotune:asha{"mode": "stop"}`."""

from __future__ import annotations

import math
from typing import Any

from search_bench import tools
from search_bench.tools.ours import study

import hpotune
from mf_bench.problem import Problem
from mf_bench.tools import Job, Setting


def make(tool: str, setting: Setting) -> Ours:
    """The tool."""
    return Ours(tool.partition(":")[2], setting)


class Ours:
    """A study in memory."""

    def __init__(self, strategy: str, setting: Setting) -> None:
        made = hpotune.Study.from_dict(budgeted(strategy, setting))
        self._tuner = hpotune.Tuner(made, workers=setting.workers)
        self._reports = setting.problem.ladder() if '"stop"' in strategy else []  # a strategy that judges as they run

    def ask(self) -> Job | None:
        """The next job. It begins where the tuner says, which is 0 where a checkpoint is gone."""
        job = self._tuner.ask()
        if job is None:
            return None
        return Job(job, job.trial_id, dict(job.config), _given(job.budget), job.previous_budget, self._reports)

    def report(self, job: Job, budget: float, loss: float) -> bool:
        """Whether the tuner keeps the trial going."""
        return self._tuner.report(job.name, budget, loss)

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """A value, the end of a trial that was stopped (its reports' value stands), or a failure."""
        if not math.isfinite(loss):
            self._tuner.fail(job.name, "nan")
        elif budget < job.to:
            self._tuner.tell(job.name)
        else:
            self._tuner.tell(job.name, loss)


def _given(budget: float | None) -> float:
    if budget is None:
        raise ValueError("a job of a study with a budget has none")
    return budget


def budgeted(strategy: str, setting: Setting) -> dict[str, Any]:
    """The study file, as a mapping. The run ends it: its limit is on what is planned, not on what is trained."""
    problem: Problem = setting.problem
    plain = study(strategy, tools.Setting(problem.space, (), setting.seed, setting.workers, 0))
    return {
        **plain,
        "budget": {"name": "epochs", "min": problem.low, "max": problem.high, "resume": problem.resumes},
        "limits": {"budget": 1000 * setting.total},
    }
