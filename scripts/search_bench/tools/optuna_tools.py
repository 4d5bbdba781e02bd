"""Optuna: its TPE and its Gaussian process, as a user has them who changes nothing.

Ordinals are whole numbers, so that their order is known. A constraint is set on each trial, as its documentation has
it: the sampler is then also told the value of what is forbidden, which no other tool is.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import optuna

from search_bench.problem import Config, Spec, completed
from search_bench.tools import Pending, Setting, Tool


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    samplers = {"optuna_tpe": optuna.samplers.TPESampler, "optuna_gp": optuna.samplers.GPSampler}
    return Optuna(samplers[tool](seed=setting.seed), setting)


class Optuna:
    """A study in memory."""

    soft_constraints = True

    def __init__(self, sampler: optuna.samplers.BaseSampler, setting: Setting) -> None:
        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._study = optuna.create_study(sampler=sampler)
        self._setting = setting
        self._pending = Pending()

    def ask(self) -> Config:
        """A trial, its parameters suggested parents first."""
        trial = self._study.ask()
        config = completed(self._setting.space, lambda name, spec: suggested(trial, name, spec))
        self._pending.put(config, trial)
        return config

    def tell(self, config: Config, loss: float) -> None:
        """A value with its constraints, or the state FAIL."""
        trial = self._pending.take(config)
        for number, constraint in enumerate(self._setting.constraints):
            trial.set_constraint(f"constraint{number}", constraint.violation(config))
        if math.isfinite(loss):
            self._study.tell(trial, loss)
        else:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def prefill(self, configs: list[Config], losses: list[float]) -> None:
        """Take in trials as if they had been tried."""
        spread = {name: distribution(spec) for name, spec in self._setting.space.items()}
        for config, loss in zip(configs, losses, strict=True):
            self._study.add_trial(optuna.trial.create_trial(params=config, distributions=spread, value=loss))


def distribution(spec: Spec) -> optuna.distributions.BaseDistribution:
    """A real parameter as Optuna keeps it."""
    return optuna.distributions.FloatDistribution(spec["low"], spec["high"], log=bool(spec.get("log")))


def suggested(trial: optuna.Trial, name: str, spec: Spec) -> Any:
    """The value that a trial suggests for a parameter."""
    log = bool(spec.get("log"))
    match spec["type"]:
        case "float":
            return trial.suggest_float(name, spec["low"], spec["high"], log=log)
        case "int":
            return trial.suggest_int(name, spec["low"], spec["high"], log=log)
        case "ordinal":
            return spec["choices"][trial.suggest_int(name, 0, len(spec["choices"]) - 1)]
        case _:
            return trial.suggest_categorical(name, spec["choices"])
