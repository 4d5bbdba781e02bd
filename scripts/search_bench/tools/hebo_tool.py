"""HEBO. It knows neither conditions nor constraints: every parameter is always there, if without effect."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO

from search_bench.problem import Config, Spec, completed
from search_bench.tools import Pending, Setting, Tool


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    del tool
    return Hebo(setting)


class Hebo:
    """One suggestion at a time. A loss that is not finite it leaves out by itself."""

    soft_constraints = False

    def __init__(self, setting: Setting) -> None:
        warnings.simplefilter("ignore")
        torch.manual_seed(setting.seed)
        np.random.seed(setting.seed)  # noqa: NPY002 - HEBO and pymoo draw from the global generator
        self._space = setting.space
        parameters = [parameter(f"p{i}", spec) for i, spec in enumerate(setting.space.values())]
        self._optimizer = HEBO(DesignSpace().parse(parameters), scramble_seed=setting.seed)
        self._pending = Pending()

    def ask(self) -> Config:
        """A row of its table of suggestions."""
        row: pd.DataFrame = self._optimizer.suggest(n_suggestions=1)
        first = row.iloc[0]  # its columns are in an order of their own
        values = {name: first[f"p{i}"] for i, name in enumerate(self._space)}
        config = completed(self._space, lambda name, spec: decoded(spec, values[name]))
        self._pending.put(config, row)
        return config

    def tell(self, config: Config, loss: float) -> None:
        """Observe."""
        self._optimizer.observe(self._pending.take(config), np.array([[loss]]))


def parameter(name: str, spec: Spec) -> dict[str, Any]:
    """A parameter as HEBO writes it."""
    match spec["type"], bool(spec.get("log")):
        case "ordinal", _:
            return {"name": name, "type": "int", "lb": 0, "ub": len(spec["choices"]) - 1}
        case "categorical", _:
            return {"name": name, "type": "cat", "categories": list(range(len(spec["choices"])))}
        case type_name, log:
            kind = {("float", False): "num", ("float", True): "pow", ("int", False): "int", ("int", True): "pow_int"}
            return {"name": name, "type": kind[type_name, log], "lb": spec["low"], "ub": spec["high"]}


def decoded(spec: Spec, value: Any) -> Any:
    """The value of a parameter, in Python's own types and within its bounds."""
    if "choices" in spec:
        return spec["choices"][int(value)]
    bounded = min(max(value, spec["low"]), spec["high"])
    return round(bounded) if spec["type"] == "int" else float(bounded)
