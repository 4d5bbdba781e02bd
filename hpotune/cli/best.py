"""`hpotune best`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

from hpotune.cli.options import RunArgument, Runs
from hpotune.cli.target import the_run
from hpotune.cli.terminal import json_text
from hpotune.errors import OutcomeError
from hpotune.history import History
from hpotune.protocol import CommandTemplate, param_variable, text_of
from hpotune.report.by_hand import shell_quoted
from hpotune.study import outward_names


class BestFormat(StrEnum):
    """How a configuration is printed."""

    args = "args"
    env = "env"
    json = "json"


Format = Annotated[
    BestFormat,
    typer.Option(
        "--format", "-f", help="args: --lr=0.1 …; env: the variables of a trial, quoted for a shell; json: an object."
    ),
]


def command(run: RunArgument = None, *, format_: Format = BestFormat.json, runs: Runs = None) -> None:
    """Print the best configuration, for use elsewhere. The exit code is 1 if no trial has a value yet.

    \b
    python train.py $(hpotune best RUN --format args)
    """
    history = the_run(run, runs).history()
    best = history.best
    if best is None:
        raise OutcomeError("no trial has a value yet", "`hpotune status` tells how the run stands")
    match format_:
        case BestFormat.args:
            text = " ".join(shell_quoted(argument) for argument in _arguments(history, best.config))
        case BestFormat.env:
            text = "\n".join(
                f"{name}={shell_quoted(value)}" for name, value in _variables(history, best.config).items()
            )
        case BestFormat.json:
            text = json_text(best.config)
    sys.stdout.write(text + "\n")


def _arguments(history: History, config: dict[str, object]) -> list[str]:
    return CommandTemplate(["${args}"], outward_names(history.study)).render(config, {})


def _variables(history: History, config: dict[str, object]) -> dict[str, str]:
    """What of a trial's environment is its configuration."""
    names = outward_names(history.study)
    parameters = {param_variable(name.spelling): text_of(config[name.name]) for name in names if name.name in config}
    return {"HPOTUNE_CONFIG": json.dumps(config), **parameters}
