"""The search space: parameters, conditions, constraints, and the one encoding to and from the unit cube."""

from hpotune.space.mistakes import SpaceError, SpaceProblem
from hpotune.space.order import remedy_for
from hpotune.space.parameters import (
    UNSET,
    Bool,
    Categorical,
    Config,
    Constant,
    Derived,
    Float,
    Int,
    JsonValue,
    Ordinal,
    Parameter,
    PartialConfig,
    Searchable,
    Unset,
)
from hpotune.space.space import Space
from hpotune.space.values import canonical_json

__all__ = [
    "UNSET",
    "Bool",
    "Categorical",
    "Config",
    "Constant",
    "Derived",
    "Float",
    "Int",
    "JsonValue",
    "Ordinal",
    "Parameter",
    "PartialConfig",
    "Searchable",
    "Space",
    "SpaceError",
    "SpaceProblem",
    "Unset",
    "canonical_json",
    "remedy_for",
]
