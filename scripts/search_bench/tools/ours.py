"""hpotune itself: `hpotune:STRATEGY`, with options as JSON, `hpotune:bo{"acquisition": "ucb"}`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import hpotune
from hpotune import events as ev
from search_bench.problem import Config, Spec
from search_bench.tools import Pending, Setting, Tool

TYPES = {"float": ("low", "high", "log"), "int": ("low", "high", "log"), "ordinal": ("choices",)}


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    return Ours(tool.partition(":")[2], setting)


class Ours:
    """A study in memory."""

    soft_constraints = False

    def __init__(self, strategy: str, setting: Setting) -> None:
        self._tuner = hpotune.Tuner(hpotune.Study.from_dict(study(strategy, setting)), workers=setting.workers)
        self._pending = Pending()

    def ask(self) -> Config | None:
        """The next job's configuration."""
        job = self._tuner.ask()
        if job is None:
            return None
        config = dict(job.config)
        self._pending.put(config, job)
        return config

    def tell(self, config: Config, loss: float) -> None:
        """A value, or the end of a job that failed."""
        job = self._pending.take(config)
        if math.isfinite(loss):
            self._tuner.tell(job, loss)
        else:
            self._tuner.fail(job)

    def prefill(self, configs: list[Config], losses: list[float]) -> None:
        """Take in trials as if they had been tried: the events that a journal of them would have."""
        trials = enumerate(zip(configs, losses, strict=True))
        ledger = self._tuner._ledger  # noqa: SLF001 - a user has the journal of a run for this
        ledger.replay(event for number, (config, loss) in trials for event in events(number, config, loss))


def events(number: int, config: Config, loss: float) -> Iterator[ev.Event]:
    """The events of one trial, from its plan to its end."""
    attempt = (number, 0, 0)
    yield ev.TrialPlanned(number, config, "search", 0)
    yield ev.JobPlanned(*attempt, None, None, "first", 0)
    yield ev.JobStarted(*attempt, "ask")
    yield ev.Reported(*attempt, None, loss)
    yield ev.JobEnded(*attempt, "completed")


def study(strategy: str, setting: Setting) -> dict[str, Any]:
    """The study file, as a mapping."""
    name, brace, options = strategy.partition("{")
    return {
        "name": "bench",
        "command": ["true"],
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {name: parameter(spec) for name, spec in setting.space.items()},
        "constraints": [constraint.expression for constraint in setting.constraints],
        "strategy": {**({"name": name} if name else {}), **json.loads(brace + options or "{}")},
        "limits": {"trials": setting.evaluations},
        "workers": setting.workers,
        "seed": setting.seed,
    }


def parameter(spec: Spec) -> Mapping[str, Any]:
    """A parameter of the study."""
    keys = TYPES.get(spec["type"], ("choices",))
    told = {"type": spec["type"], **{key: spec[key] for key in keys if key in spec}}
    if when := spec.get("when"):
        told["when"] = " and ".join(f"{parent} in {literal(values)}" for parent, values in when)
    return told


def literal(values: list[Any]) -> str:
    """A list in the language of expressions, which knows true and false, numbers and quoted texts."""
    return "[" + ", ".join(json.dumps(value) for value in values) + "]"
