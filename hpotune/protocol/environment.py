"""What a trial finds in its environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hpotune.protocol.outward import can_be_given, text_of
from hpotune.study import Outward

PREFIX = "HPOTUNE_"
_OTHER = re.compile(r"[^A-Z0-9_]")


@dataclass(frozen=True, slots=True)
class TrialContext:
    """Everything but the configuration that an attempt is told. Paths are absolute.

    `budget` and `previous_budget` are None in a study without a budget. `token` marks every process of the run.
    """

    study: str
    trial_id: int
    trial_dir: str
    config_file: str
    checkpoint_dir: str
    metrics_file: str
    seed: int
    budget: float | None
    previous_budget: float | None
    token: str


@lru_cache(4096)
def param_variable(name: str) -> str:
    """The variable of a parameter: `HPOTUNE_PARAM_` and its spelling in upper case, other characters being `_`."""
    return f"{PREFIX}PARAM_{_OTHER.sub('_', name.upper())}"


def clashes(names: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of names (as spelled outside) that would share one variable; each later one with the first."""
    first: dict[str, str] = {}
    found = []
    for name in names:
        variable = param_variable(name)
        if variable in first:
            found.append((first[variable], name))
        else:
            first[variable] = name
    return found


def inheritable(environ: Mapping[str, str]) -> dict[str, str]:
    """The tuner's own environment without the variables of a trial, which it has if it was itself started by one."""
    return {name: value for name, value in environ.items() if not name.startswith(PREFIX)}


def trial_environment(
    config: Mapping[str, object], context: TrialContext, parameters: Sequence[Outward]
) -> dict[str, str]:
    """All variables of an attempt. HPOTUNE_BUDGET and HPOTUNE_PREVIOUS_BUDGET are there only if there is a budget.

    Raises:
        ValueError: a parameter's value cannot be in an environment: it holds a NUL byte, or half a surrogate pair.
    """
    variables = {
        "PYTHONUNBUFFERED": "1",
        "HPOTUNE_CONFIG": json.dumps(config),
        "HPOTUNE_CONFIG_FILE": context.config_file,
        "HPOTUNE_STUDY": context.study,
        "HPOTUNE_TRIAL_ID": str(context.trial_id),
        "HPOTUNE_TRIAL_DIR": context.trial_dir,
        "HPOTUNE_CHECKPOINT_DIR": context.checkpoint_dir,
        "HPOTUNE_METRICS_FILE": context.metrics_file,
        "HPOTUNE_SEED": str(context.seed),
        "HPOTUNE_RUN_TOKEN": context.token,
    }
    if context.budget is not None:
        variables["HPOTUNE_BUDGET"] = budget_text(context.budget)
    if context.previous_budget is not None:
        variables["HPOTUNE_PREVIOUS_BUDGET"] = budget_text(context.previous_budget)
    for parameter in parameters:
        if parameter.name in config:
            text = text_of(config[parameter.name])
            if not can_be_given(text):
                raise ValueError(f"the value {text!r} of {parameter.name} cannot be put in an environment variable")
            variables[param_variable(parameter.spelling)] = text
    return variables


def template_context(context: TrialContext) -> dict[str, str]:
    """What `${...}` in the command may name beside the parameters; the budgets only if there are any."""
    values = {
        "args_json_file": context.config_file,
        "checkpoint_dir": context.checkpoint_dir,
        "config_file": context.config_file,
        "metrics_file": context.metrics_file,
        "seed": str(context.seed),
        "study": context.study,
        "trial_dir": context.trial_dir,
        "trial_id": str(context.trial_id),
    }
    if context.budget is not None:
        values["budget"] = budget_text(context.budget)
    if context.previous_budget is not None:
        values["previous_budget"] = budget_text(context.previous_budget)
    return values


def budget_text(budget: float) -> str:
    """A budget as a text; a whole one without a point, so that `int` reads it in any language."""
    return str(int(budget)) if isinstance(budget, int) or budget.is_integer() else repr(budget)
