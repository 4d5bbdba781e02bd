"""A space as ConfigSpace has it, for the tools that are built on it (0.7 and 1.x)."""

from __future__ import annotations

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

from search_bench.problem import Space, Spec


def configuration_space(space: Space, *, ordinals: bool = True) -> ConfigurationSpace:
    """The space with its conditions; without ordinals, they are whole numbers."""
    made = ConfigurationSpace(seed=0)
    add = getattr(made, "add", None) or made.add_hyperparameters  # before 1.0
    add([hyperparameter(name, spec, ordinals=ordinals) for name, spec in space.items()])
    for name, spec in space.items():
        conditions = [
            InCondition(made[name], made[parent], [space[parent]["choices"].index(value) for value in values])
            for parent, values in spec.get("when", ())
        ]
        if conditions:
            add = getattr(made, "add", None) or made.add_condition
            add(conditions[0] if len(conditions) == 1 else AndConjunction(*conditions))
    return made


def hyperparameter(name: str, spec: Spec, *, ordinals: bool = True) -> Any:
    """A parameter; choices by their numbers, so that any value may be one."""
    log = bool(spec.get("log"))
    match spec["type"]:
        case "float":
            return UniformFloatHyperparameter(name, spec["low"], spec["high"], log=log)
        case "int":
            return UniformIntegerHyperparameter(name, spec["low"], spec["high"], log=log)
        case "ordinal" if not ordinals:
            return UniformIntegerHyperparameter(name, 0, len(spec["choices"]) - 1)
        case "ordinal":
            return OrdinalHyperparameter(name, list(range(len(spec["choices"]))))
        case _:
            return CategoricalHyperparameter(name, list(range(len(spec["choices"]))))
