"""The tools: one small class each that is driven in the tool's documented way, at its documented defaults.

A tool answers `ask` with a job: train this trial up to there. While the job runs, the tool is told its loss at the
budgets where it reports, and may end it; when the job is over, the tool is told so. A loss of nan: the training has
diverged, and its job is over.
"""

from __future__ import annotations

import importlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from search_bench.problem import Config
from search_bench.tools import ToolKind

from mf_bench.problem import Problem


class Job(NamedTuple):
    """What a tool wants trained."""

    name: Any  # what the tool calls it
    trial: Hashable  # jobs of one trial are one training that goes on
    config: Config
    to: float
    start: float | None = None  # where the training begins; None: where the trial's training has got to
    reports: Sequence[float] = ()  # where the tool needs reports below `to`; none: the problem's ladder will do


class Setting(NamedTuple):
    """What a tool is told at the start. It is to spend `total` budget."""

    problem: Problem
    seed: int
    workers: int
    total: float


class Tool(Protocol):
    """A tool at work. `ask` may come several times before a `tell`; it answers None when there is nothing to do now."""

    def ask(self) -> Job | None:
        """The next job."""
        ...

    def report(self, job: Job, budget: float, loss: float) -> bool:
        """A finite loss below the job's end; whether the job goes on. If not, it is told with this loss."""
        ...

    def tell(self, job: Job, budget: float, loss: float) -> None:
        """The job is over: at its end, where it was stopped, or (nan) where it diverged."""
        ...


KINDS: Mapping[str, ToolKind] = {
    "random": ToolKind("random_search", "", ""),
    "hpotune": ToolKind("ours", "", "hpotune"),
    "hpbandster_bohb": ToolKind("hpbandster_tool", "hpbandster", "hpbandster"),
    "optuna_hyperband": ToolKind("optuna_tools", "peers", "optuna"),
    "optuna_halving": ToolKind("optuna_tools", "peers", "optuna"),
    "smac": ToolKind("smac_tool", "peers", "smac"),
    "dehb": ToolKind("dehb_tool", "budgets", "dehb"),
    "syne_asha": ToolKind("syne_tune_tools", "budgets", "syne-tune"),
    "neps": ToolKind("neps_tool", "neps", "neural-pipeline-search"),
}


def kind_of(tool: str) -> ToolKind:
    """The kind of a tool: `smac`, `hpotune:asha`, `hpotune:asha{"mode": "stop"}`.

    Raises:
        KeyError: there is no such tool.
    """
    return KINDS[tool.partition(":")[0]]


def make(tool: str, setting: Setting) -> Tool:
    """Start a tool."""
    made: Tool = importlib.import_module(f"mf_bench.tools.{kind_of(tool).module}").make(tool, setting)
    return made


class Uninterrupted:
    """What the tools share that are told results only, and never end a job."""

    def report(self, job: Job, budget: float, loss: float) -> bool:
        """Go on."""
        del job, budget, loss
        return True
