"""Which part of a command is the script, and how it is asked for its help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

HELP_ENVIRONMENT = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
"""To be set when the user's command is asked for its help: wide, so that nothing is cut, and without colours."""

_PYTHON = re.compile(r"python(w|\d+(\.\d+)*t?)?$|pypy\d*$")


def help_command(command: Sequence[str]) -> list[str]:
    """The command that prints the script's help: elements that hold `${…}` are left out, `--help` is added."""
    return [element for element in command if "${" not in element] + ["--help"]


def source_candidates(command: Sequence[str]) -> tuple[str, ...]:
    """Paths, relative to the folder of the command, where the script's Python source may be; () for anything else.

    `python -m pkg.train` may be `pkg/train.py` or `pkg/train/__main__.py`; `./train.py --x` and
    `torchrun --nproc 2 train.py` name their file.
    """
    for position, element in enumerate(command):
        if element.endswith(".py"):
            return (element,)
        if element == "-m" and position > 0 and _PYTHON.search(PurePosixPath(command[position - 1]).name):
            module = "/".join(command[position + 1].split(".")) if position + 1 < len(command) else ""
            return (f"{module}.py", f"{module}/__main__.py") if module else ()
    return ()


def study_name(command: Sequence[str]) -> str:
    """A name for the study after the script: `python train_mlp.py` gives `train_mlp`."""
    named = source_candidates(command) or tuple(element for element in command[:1])
    stem = PurePosixPath(named[0]).stem if named else ""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-.") or "study"
