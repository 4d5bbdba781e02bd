"""SMAC3's facade for hyperparameter optimisation: Sobol design, random forest, log EI; one evaluation a configuration.

Its default cost of a crashed trial is infinite, which its own log-scaled model refuses ("Input y contains NaN"). So a
failed trial is told with the worst cost so far, and held back until there is one.
"""

from __future__ import annotations

import logging
import math
import tempfile
from pathlib import Path
from typing import Any

from ConfigSpace import (
    AndConjunction,
    CategoricalHyperparameter,
    ConfigurationSpace,
    InCondition,
    OrdinalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)
from smac import HyperparameterOptimizationFacade, Scenario
from smac.runhistory import StatusType, TrialInfo, TrialValue

from search_bench.problem import Config, Space, Spec, completed
from search_bench.tools import Pending, Setting, Tool


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    del tool
    return Smac(setting)


class Smac:
    """The facade's ask and tell."""

    soft_constraints = False

    def __init__(self, setting: Setting) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="smac-")
        self._space = setting.space
        scenario = Scenario(
            configuration_space(setting.space),
            deterministic=True,
            n_trials=setting.evaluations,
            seed=setting.seed,
            output_directory=Path(self._folder.name),
        )
        self._facade = HyperparameterOptimizationFacade(
            scenario, self._never, overwrite=True, logging_level=logging.ERROR
        )
        self._pending = Pending()
        self._worst = -math.inf
        self._crashed: list[TrialInfo] = []

    def _never(self, config: Any, seed: int = 0) -> float:
        """The target function that the facade wants and that ask and tell do without."""
        raise NotImplementedError

    def ask(self) -> Config | None:
        """The next trial."""
        try:
            info: TrialInfo = self._facade.ask()
        except StopIteration:
            return None
        values = dict(info.config)
        config = completed(self._space, lambda name, spec: decoded(spec, values[name]))
        self._pending.put(config, info)
        return config

    def tell(self, config: Config, loss: float) -> None:
        """A cost, or the status CRASHED."""
        info = self._pending.take(config)
        if math.isfinite(loss):
            self._worst = max(self._worst, loss)
            self._facade.tell(info, TrialValue(cost=loss), save=False)
        else:
            self._crashed.append(info)
        while self._crashed and math.isfinite(self._worst):
            value = TrialValue(cost=self._worst, status=StatusType.CRASHED)
            self._facade.tell(self._crashed.pop(), value, save=False)


def configuration_space(space: Space) -> ConfigurationSpace:
    """The space with its conditions."""
    made = ConfigurationSpace(seed=0)
    made.add([hyperparameter(name, spec) for name, spec in space.items()])
    for name, spec in space.items():
        conditions = [
            InCondition(made[name], made[parent], [space[parent]["choices"].index(value) for value in values])
            for parent, values in spec.get("when", ())
        ]
        if conditions:
            made.add(conditions[0] if len(conditions) == 1 else AndConjunction(*conditions))
    return made


def hyperparameter(name: str, spec: Spec) -> Any:
    """A parameter; choices by their numbers, so that any value may be one."""
    log = bool(spec.get("log"))
    match spec["type"]:
        case "float":
            return UniformFloatHyperparameter(name, spec["low"], spec["high"], log=log)
        case "int":
            return UniformIntegerHyperparameter(name, spec["low"], spec["high"], log=log)
        case "ordinal":
            return OrdinalHyperparameter(name, list(range(len(spec["choices"]))))
        case _:
            return CategoricalHyperparameter(name, list(range(len(spec["choices"]))))


def decoded(spec: Spec, value: Any) -> Any:
    """The value of a parameter, in Python's own types."""
    if "choices" in spec:
        return spec["choices"][int(value)]
    return int(value) if spec["type"] == "int" else float(value)
