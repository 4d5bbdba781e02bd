"""The tools: one small class each that asks and tells in the tool's documented way, at its documented defaults.

`tell` is given nan or inf for a trial that failed. Where a tool knows no constraints and proposes what is forbidden,
the trial is not run and counts as failed; a tool whose class has `soft_constraints` learns what it would have been.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from search_bench.problem import Config, Constraint, Space, Spec


@dataclass(frozen=True, slots=True)
class Setting:
    """What a tool is told at the start."""

    space: Space
    constraints: tuple[Constraint, ...]
    seed: int
    workers: int
    evaluations: int
    options: Mapping[str, Any] = field(default_factory=dict)


class Tool(Protocol):
    """A tool at work. `ask` may come several times before a `tell`; it answers None when nothing is left to try."""

    soft_constraints: bool

    def ask(self) -> Config | None:
        """The next configuration."""
        ...

    def tell(self, config: Config, loss: float) -> None:
        """What became of a configuration that was asked for."""
        ...


class ToolKind(NamedTuple):
    """Where a tool's class is, the environment below `.bench` it runs in, and the package whose version names it."""

    module: str
    environment: str  # empty: the one of the caller
    package: str  # empty: the benchmark's own, version 1


KINDS: Mapping[str, ToolKind] = {
    "random": ToolKind("random_search", "", ""),
    "naive_gp": ToolKind("naive_gp", "", ""),
    "hpotune": ToolKind("ours", "", "hpotune"),
    "optuna_tpe": ToolKind("optuna_tools", "peers", "optuna"),
    "optuna_gp": ToolKind("optuna_tools", "peers", "optuna"),
    "smac": ToolKind("smac_tool", "peers", "smac"),
    "botorch": ToolKind("botorch_tool", "peers", "botorch"),
    "hyperopt": ToolKind("hyperopt_tool", "peers", "hyperopt"),
    "hebo": ToolKind("hebo_tool", "hebo", "hebo"),
}


def kind_of(tool: str) -> ToolKind:
    """The kind of a tool: `optuna_gp`, `hpotune:bo`, `hpotune:bo{"acquisition": "ucb"}`.

    Raises:
        KeyError: there is no such tool.
    """
    return KINDS[tool.partition(":")[0]]


def make(tool: str, setting: Setting) -> Tool:
    """Start a tool."""
    made: Tool = importlib.import_module(f"search_bench.tools.{kind_of(tool).module}").make(tool, setting)
    return made


class Pending:
    """What was asked for and not yet told, with what the tool calls it. A configuration may be out several times."""

    def __init__(self) -> None:
        self._names: dict[str, list[Any]] = {}

    def put(self, config: Config, name: Any) -> None:
        """It is out."""
        self._names.setdefault(spelt(config), []).append(name)

    def take(self, config: Config) -> Any:
        """It is back: the name it was first given."""
        return self._names[spelt(config)].pop(0)


def spelt(config: Config) -> str:
    """A configuration as a text, equal for equal ones."""
    return json.dumps(config, sort_keys=True)


def decoded(spec: Spec, value: Any) -> Any:
    """What a tool says of a parameter whose choices it knows by their numbers, in Python's own types."""
    if "choices" in spec:
        return spec["choices"][int(value)]
    return int(value) if spec["type"] == "int" else float(value)
