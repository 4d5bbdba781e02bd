"""hyperopt's TPE. Children hang below the choice they depend on; ordinals are whole numbers."""

from __future__ import annotations

import logging
import math
from typing import Any

import hyperopt
import numpy as np
from hyperopt import hp, tpe
from hyperopt.base import JOB_STATE_DONE, JOB_STATE_RUNNING, Domain

from search_bench.problem import Config, Space, Spec, completed, order
from search_bench.tools import Pending, Setting, Tool


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    del tool
    return Hyperopt(setting)


class Hyperopt:
    """Trials in memory, driven as `fmin` drives them."""

    soft_constraints = False

    def __init__(self, setting: Setting) -> None:
        logging.getLogger("hyperopt").setLevel(logging.ERROR)
        self._space = setting.space
        self._domain = Domain(lambda config: config, tree(setting.space))
        self._trials = hyperopt.Trials()
        self._rng = np.random.default_rng(setting.seed)
        self._pending = Pending()

    def ask(self) -> Config:
        """What `tpe.suggest` says."""
        self._trials.refresh()
        numbers = self._trials.new_trial_ids(1)
        documents = tpe.suggest(numbers, self._domain, self._trials, int(self._rng.integers(2**31 - 1)), verbose=False)
        documents[0]["state"] = JOB_STATE_RUNNING
        self._trials.insert_trial_docs(documents)
        self._trials.refresh()
        values = documents[0]["misc"]["vals"]
        config = completed(self._space, lambda name, spec: decoded(spec, values[name][0]))
        self._pending.put(config, numbers[0])
        return config

    def tell(self, config: Config, loss: float) -> None:
        """A loss, or the status `fail`."""
        number = self._pending.take(config)
        document = next(each for each in self._trials._dynamic_trials if each["tid"] == number)  # noqa: SLF001
        document["state"] = JOB_STATE_DONE
        if math.isfinite(loss):
            document["result"] = {"status": hyperopt.STATUS_OK, "loss": loss}
        else:
            document["result"] = {"status": hyperopt.STATUS_FAIL}
        self._trials.refresh()


def tree(space: Space) -> dict[str, Any]:
    """The space as hyperopt wants it: children inside the options of the last of their parents."""
    names = order(space)
    children: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        if when := space[name].get("when"):
            children[max((parent for parent, _ in when), key=names.index)].append(name)
    nodes: dict[str, Any] = {}
    for name in reversed(names):
        options = [
            (index, {child: nodes[child] for child in children[name] if value in _values(space[child], name)})
            for index, value in enumerate(space[name].get("choices", ()))
        ]
        nodes[name] = node(name, space[name], options)
    return {name: nodes[name] for name in names if not space[name].get("when")}


def _values(spec: Spec, parent: str) -> list[Any]:
    return dict(spec["when"])[parent]  # type: ignore[no-any-return]


def node(name: str, spec: Spec, options: list[Any]) -> Any:
    """A parameter as hyperopt writes it."""
    match spec["type"], bool(spec.get("log")):
        case "float", False:
            return hp.uniform(name, spec["low"], spec["high"])
        case "float", True:
            return hp.loguniform(name, math.log(spec["low"]), math.log(spec["high"]))
        case "int", False:
            return hp.uniformint(name, spec["low"], spec["high"])
        case "int", True:
            return hp.qloguniform(name, math.log(spec["low"] - 0.5), math.log(spec["high"] + 0.5), 1)
        case "ordinal", _:
            return hp.uniformint(name, 0, len(spec["choices"]) - 1)
        case _:
            return hp.choice(name, options)


def decoded(spec: Spec, value: Any) -> Any:
    """The value of a parameter, from what hyperopt keeps of it."""
    if "choices" in spec:
        return spec["choices"][int(value)]
    bounded = min(max(float(value), spec["low"]), spec["high"])
    return int(bounded) if spec["type"] == "int" else bounded
