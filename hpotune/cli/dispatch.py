"""From the words of the command line to a call. Typer parses the options of one command; it is imported only then."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from hpotune import __version__
from hpotune.cli.registry import COMMANDS
from hpotune.errors import UsageError

_INTRODUCTION = """\
Usage: hpotune COMMAND [ARGUMENTS]

Tune any training command from a YAML study file.
"""
_CLOSING = """
  hpotune COMMAND --help    the options of a command
  hpotune --version         the version

Exit codes: 0 done · 1 the outcome is not acceptable · 2 bad usage or bad study · 3 a bug of hpotune
            4 the run cannot be used · 130 interrupted
"""


def dispatch(arguments: Sequence[str]) -> int:
    """Call a command and return its exit code.

    Raises:
        UsageError: there is no such command.
    """
    if sys.platform == "win32":
        raise UsageError("hpotune does not run on Windows itself: use it inside WSL (`wsl --install`)")
    match arguments:
        case []:
            sys.stderr.write(overview())
            return 2
        case ["--help" | "-h"] | ["help"]:
            sys.stdout.write(overview())
            return 0
        case ["--version" | "-V", *_]:
            sys.stdout.write(f"hpotune {__version__}\n")
            return 0
        case [("help" | "--help" | "-h"), name, *_]:
            return _call(name, ["--help"])
        case [name, *rest]:
            return _call(name, rest)
    return 2


def overview() -> str:
    """What `hpotune --help` prints: all commands, from the registry alone."""
    width = max(map(len, COMMANDS))
    panels = dict.fromkeys(entry.panel for entry in COMMANDS.values())
    lines = [_INTRODUCTION]
    for panel in panels:
        lines.append(f"{panel}")
        lines += [f"  {name:<{width}}  {entry.summary}" for name, entry in COMMANDS.items() if entry.panel == panel]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n" + _CLOSING


def _call(name: str, arguments: Sequence[str]) -> int:
    """Parse, then run. Typer is through when the command runs, so that errors and Ctrl-C have one boundary: ours."""
    call = parse(name, arguments)
    return call() or 0


def parse(name: str, arguments: Sequence[str]) -> Callable[[], int | None]:
    """A command and its arguments, bound and ready to be called.

    Raises:
        UsageError: there is no such command.
        SystemExit: the arguments are wrong (2), or only the help was wanted (0); Typer has printed it.
    """
    entry = COMMANDS.get(name)
    if entry is None:
        raise _unknown(name)
    command: Callable[..., int | None] = import_module(entry.module).command
    return _bind(name, command, arguments)


def _bind(name: str, command: Callable[..., int | None], arguments: Sequence[str]) -> Callable[[], int | None]:
    typer = import_module("typer")
    calls: list[Callable[[], int | None]] = []

    @functools.wraps(command)
    def bind(**values: Any) -> None:
        calls.append(functools.partial(command, **values))

    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(context_settings={"help_option_names": ["-h", "--help"]})(bind)
    try:
        app(list(arguments), prog_name=f"hpotune {name}")
    except SystemExit:
        if not calls:
            raise
    return calls[0]


def _unknown(name: str) -> UsageError:
    what = "option" if name.startswith("-") else "command"
    near = get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
    remedy = f"did you mean `hpotune {near[0]}`?" if near else "`hpotune --help` lists the commands"
    if what == "command" and name.endswith((".yaml", ".yml")):
        remedy = f"a study is run by `hpotune run {name}`"
    return UsageError(f"there is no {what} {name}", remedy)
