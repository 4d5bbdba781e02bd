"""`hpotune init`: ask the user's script what options it has, and write a first study."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from hpotune.cli.scaffold import HELP_ENVIRONMENT, InitRequest, help_command, source_candidates, write_study
from hpotune.errors import UsageError

HELP_SECONDS = 20.0  # a script that imports a large framework takes its time to say what its options are
_LIMIT = 1 << 20  # bytes of help, or characters of source, that are read
_POLL = 0.1

Command = Annotated[
    str, typer.Option("--command", "-c", metavar="COMMAND", help='Your training command: "python train.py".')
]
Metric = Annotated[str, typer.Option("--metric", "-m", metavar="NAME", help="The metric, as the script prints it.")]
Goal = Annotated[
    str | None,
    typer.Option("--goal", metavar="GOAL", help="minimize or maximize; else the name tells.", show_default=False),
]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The study file to write.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")]
NoHelp = Annotated[bool, typer.Option("--no-help", help="Do not start the script to ask for its --help.")]


def command(
    *,
    command: Command,
    metric: Metric,
    goal: Goal = None,
    output: Output = Path("study.yaml"),
    force: Force = False,
    no_help: NoHelp = False,
) -> None:
    """Write a first study file for your script.

    The script is asked for its --help, and its source is read, to propose parameters from its numeric options. Paths in
    the command are relative to the study file.
    """
    if output.exists() and not force:
        raise UsageError(f"{output} exists already", "--force overwrites it, --output names another file")
    argv = tuple(_split(command))
    folder = output.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "make it first")
    candidates = source_candidates(argv)
    is_missing = len(candidates) == 1 and not (folder / candidates[0]).exists()
    if is_missing:
        sys.stderr.write(f"warning: there is no file {folder / candidates[0]}\n")
    help_text = None if no_help or is_missing else _help_text(argv, folder)
    request = InitRequest(argv, metric, goal=goal, help_text=help_text, source=_source(argv, folder))
    text = write_study(request, file=str(output))
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}", "--output names another file") from error
    sys.stdout.write(f"wrote {output}\n")
    sys.stderr.write(f"  read it, correct the ranges, then: hpotune try {output}\n")


def _split(command: str) -> list[str]:
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--command {command!r}: {error}", "quote it as for a shell") from None
    if not argv:
        raise UsageError("--command is empty", 'give it: --command "python train.py"')
    return argv


def _help_text(argv: Sequence[str], folder: Path) -> str | None:
    """What the script says about its options; None if it cannot be asked or says nothing."""
    asked = help_command(argv)
    sys.stderr.write(f"asking for help (up to {HELP_SECONDS:.0f} s): {shlex.join(asked)}\n")
    try:
        answer = _answer(asked, folder)
    except OSError as error:
        sys.stderr.write(f"warning: {argv[0]} cannot be started: {error.strerror}\n")
        return None
    if answer is None:
        sys.stderr.write("warning: it did not answer with a help text; check the parameters with care\n")
    return answer


def _answer(argv: Sequence[str], folder: Path) -> str | None:
    """What a command prints before it exits 0; None if it fails, or its time is up. Nothing of it is left running."""
    process = subprocess.Popen(
        argv,
        cwd=folder,
        env={**os.environ, **HELP_ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + HELP_SECONDS
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that nothing stays behind
    try:
        output = _read(process, deadline)
        code = process.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    finally:
        signal.signal(signal.SIGTERM, before)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return output.decode(errors="replace") if code == 0 else None


def _read(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """The output up to its end, a limit, the deadline, or the exit of a process whose child holds the pipe open."""
    output = b""
    while process.stdout is not None and len(output) < _LIMIT and time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], _POLL)
        if ready:
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                break
            output += piece
        elif process.poll() is not None:
            break
    return output


def _source(argv: Sequence[str], folder: Path) -> str | None:
    for candidate in source_candidates(argv):
        with suppress(OSError), (folder / candidate).open(encoding="utf-8", errors="replace") as file:
            return file.read(_LIMIT)
    return None
