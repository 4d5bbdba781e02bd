"""The command line. `main` is its entry; the commands are one module each, listed in `registry`."""

from __future__ import annotations

import signal
import sys

from hpotune.cli.boundary import guard
from hpotune.cli.dispatch import dispatch
from hpotune.cli.streams import prepare

__all__ = ["main"]


def main() -> None:
    """Run the command that `sys.argv` names and exit with its code (see `hpotune.errors`)."""
    prepare()
    code = guard(lambda: dispatch(sys.argv[1:]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left is the interpreter's end; the code stands
    sys.exit(code)
