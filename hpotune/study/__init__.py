"""The study file: its types, its YAML with the place of every entry, and its checks."""

from hpotune.study.assemble import Check
from hpotune.study.changes import Change, Changes, compare
from hpotune.study.durations import DurationError, format_duration, parse_duration
from hpotune.study.lint import lint
from hpotune.study.load import load_study, load_text
from hpotune.study.model import Study
from hpotune.study.outward import Outward, outward_names
from hpotune.study.parameters import (
    BoolModel,
    CategoricalModel,
    ConstantModel,
    DerivedModel,
    FloatModel,
    IntModel,
    OrdinalModel,
    ParameterModel,
)
from hpotune.study.schema import json_schema
from hpotune.study.sections import Budget, Gpus, Limits, Metric, Strategy
from hpotune.study.source import Source
from hpotune.study.suggest import did_you_mean
from hpotune.study.trial_settings import Retries, TrialSettings

__all__ = [
    "BoolModel",
    "Budget",
    "CategoricalModel",
    "Change",
    "Changes",
    "Check",
    "ConstantModel",
    "DerivedModel",
    "DurationError",
    "FloatModel",
    "Gpus",
    "IntModel",
    "Limits",
    "Metric",
    "OrdinalModel",
    "Outward",
    "ParameterModel",
    "Retries",
    "Source",
    "Strategy",
    "Study",
    "TrialSettings",
    "compare",
    "did_you_mean",
    "format_duration",
    "json_schema",
    "lint",
    "load_study",
    "load_text",
    "outward_names",
    "parse_duration",
]
