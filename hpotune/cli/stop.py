"""`hpotune stop`: a signal to the tuner that holds a run, which is found through the run's lock."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from typing import Annotated

import typer

from hpotune.cli.options import RequiredRun, Runs
from hpotune.cli.target import the_run
from hpotune.errors import RunError, UsageError
from hpotune.journal import Holder, holder
from hpotune.journal.folder import RunFolder

_POLL = 0.2

Now = Annotated[bool, typer.Option("--now", help="End the running trials as well; `resume` runs them again.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the tuner has gone.")]


def command(run: RequiredRun, *, now: Now = False, wait: Wait = True, runs: Runs = None) -> None:
    """End a living run. Running trials are finished first, or ended with --now; `hpotune resume` goes on later."""
    folder = the_run(run, runs)
    tuner = holder(folder.path)
    if tuner is None:
        raise UsageError(f"{folder.path} is not running", "nothing had to be stopped")
    if tuner.alive is None:
        raise UsageError(
            f"{folder.path} is run on another machine: {tuner}", f"stop it there: ssh {tuner.host} hpotune stop …"
        )
    if tuner.alive:
        _signal(tuner, signal.SIGTERM if now else signal.SIGUSR1)
        what = "ending its running trials" if now else "letting its running trials finish"
        when = "once it goes on (it is suspended) it will be " if tuner.suspended else "it is "
        sys.stderr.write(f"told process {tuner.pid}: {when}{what}\n")
    else:
        sys.stderr.write(f"its tuner (process {tuner.pid}) has died; its last trials are being ended\n")
    if wait:
        if tuner.suspended:
            raise RunError(
                f"process {tuner.pid} is suspended (Ctrl-Z), so it cannot stop",
                f"let it go on: `kill -CONT {tuner.pid}`; it will stop at once",
            )
        _wait(folder, tuner)
        sys.stdout.write(f"{folder.path} has stopped\n")


def _signal(tuner: Holder, number: signal.Signals) -> None:
    try:
        os.kill(tuner.pid, number)
    except ProcessLookupError:
        return  # it has just ended by itself
    except PermissionError:
        raise RunError(
            f"process {tuner.pid} belongs to another user", f"stop it as that user on {socket.gethostname()}"
        ) from None


def _wait(folder: RunFolder, tuner: Holder) -> None:
    """Wait until the run is held no more, or by a later tuner."""
    while (present := holder(folder.path)) is not None and (present.pid, present.started) == (tuner.pid, tuner.started):
        time.sleep(_POLL)
