"""Three training scripts with the same options, in argparse, click and Typer, and what there is to know of each."""

import os
import subprocess
import sys

ARGPARSE = """
import argparse

parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
parser.add_argument("data", nargs="?")
parser.add_argument("-l", "--learning-rate", type=float, default=1e-3, help="step size of the optimizer, as it starts")
parser.add_argument("-b", "--batch-size", type=int, default=32, help="examples a step")
parser.add_argument("--dropout", type=float, default=0.1, help="share of units that are switched off in training")
parser.add_argument("--optimizer", choices=["adam", "sgd", "adamw"], default="adam", help="which optimizer to use")
parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True, help="flip and crop")
parser.add_argument("--nesterov", action="store_true", help="look ahead")
parser.add_argument("--epochs", type=int, default=10, help="passes over the data")
parser.add_argument("--seed", type=int, default=0, help="random seed")
parser.parse_args()
"""

BARE_ARGPARSE = ARGPARSE.replace("formatter_class=argparse.ArgumentDefaultsHelpFormatter", "")

CLICK = """
import click

@click.command(context_settings={"show_default": True})
@click.argument("data", required=False)
@click.option("-l", "--learning-rate", type=float, default=1e-3, help="step size of the optimizer, as it starts")
@click.option("-b", "--batch-size", default=32, type=click.IntRange(1), help="examples a step")
@click.option("--dropout", default=0.1, type=click.FloatRange(0, 1, max_open=True), help="share of units")
@click.option("--optimizer", type=click.Choice(["adam", "sgd", "adamw"]), default="adam", help="which optimizer to use")
@click.option("--augment/--no-augment", default=True, help="flip and crop")
@click.option("--nesterov", is_flag=True, help="look ahead")
@click.option("--epochs", type=int, default=10, help="passes over the data")
@click.option("--seed", type=int, default=0, help="random seed")
def main(**options):
    pass

main()
"""

TYPER = """
import enum
from typing import Annotated, Optional

import typer

class Optimizer(str, enum.Enum):
    adam = "adam"
    sgd = "sgd"
    adamw = "adamw"

def main(
    data: Annotated[Optional[str], typer.Argument()] = None,
    learning_rate: Annotated[float, typer.Option("-l", "--learning-rate", help="the step size, as it starts")] = 1e-3,
    batch_size: int = typer.Option(32, "--batch-size", "-b", min=1, help="examples a step"),
    dropout: Annotated[float, typer.Option(min=0, max=1)] = 0.1,
    optimizer: Optimizer = Optimizer.adam,
    augment: bool = True,
    nesterov: Annotated[bool, typer.Option("--nesterov", help="look ahead")] = False,
    epochs: int = 10,
    seed: int = 0,
):
    pass

typer.run(main)
"""

SCRIPTS = {"argparse": ARGPARSE, "click": CLICK, "typer": TYPER}


def call(folder, script, *arguments, width=200, **variables):
    """The finished process of a script that was written to the folder and called with these arguments."""
    path = folder / "train.py"
    path.write_text(script)
    environment = os.environ | {"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, str(path), *arguments],
        env=environment | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def help_of(folder, script, width=200, **variables):
    finished = call(folder, script, "--help", width=width, **variables)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
