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

from smac import HyperparameterOptimizationFacade, Scenario
from smac.facade import AbstractFacade
from smac.runhistory import StatusType, TrialInfo, TrialValue

from search_bench.problem import Config, completed
from search_bench.tools import Pending, Setting, Tool, decoded
from search_bench.tools.config_space import configuration_space


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    del tool
    return Smac(setting)


class Teller:
    """Tells a facade the costs, and of trials that crashed."""

    def __init__(self, facade: AbstractFacade) -> None:
        self._facade = facade
        self._worst = -math.inf
        self._crashed: list[TrialInfo] = []

    def tell(self, info: TrialInfo, loss: float) -> None:
        """A cost, or the status CRASHED."""
        if math.isfinite(loss):
            self._worst = max(self._worst, loss)
            self._facade.tell(info, TrialValue(cost=loss), save=False)
        else:
            self._crashed.append(info)
        while self._crashed and math.isfinite(self._worst):
            value = TrialValue(cost=self._worst, status=StatusType.CRASHED)
            self._facade.tell(self._crashed.pop(), value, save=False)


def never(config: Any, seed: int = 0, budget: float = 0) -> float:
    """The target function that the facades want and that ask and tell do without."""
    raise NotImplementedError


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
        self._facade = HyperparameterOptimizationFacade(scenario, never, overwrite=True, logging_level=logging.ERROR)
        self._teller = Teller(self._facade)
        self._pending = Pending()

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
        """A cost, or that it crashed."""
        self._teller.tell(self._pending.take(config), loss)
