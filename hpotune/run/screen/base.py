"""The contract of a screen, and how one is chosen. All screens read the run's living history, and summary's words."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TextIO, get_args

from hpotune.errors import UsageError
from hpotune.events import Event
from hpotune.history import History
from hpotune.journal.folder import RunFolder
from hpotune.run.screen.json_lines import JsonLines
from hpotune.run.screen.plain import Plain
from hpotune.run.screen.quiet import Quiet
from hpotune.run.screen.watch import Watch
from hpotune.summary import Failures

Mode = Literal["board", "plain", "json", "quiet"]


class Screen(Protocol):
    """Shows a run to its user. `event` only remembers; whatever takes time waits for `tick`.

    A worked trace:

        screen.event(7, job_ended)   the event is folded already; some microseconds
        screen.tick(12.5)            drawn, if the last drawing is not too recent
        screen.close(60.0)           the last drawing; then the terminal is as it was
    """

    def event(self, n: int, event: Event) -> None:
        """Event number `n` was appended and folded."""
        ...

    def say(self, text: str, *, level: str = "info") -> None:
        """Show a message of the tuner at once. `level`: info, warning or error."""
        ...

    def tick(self, now: float) -> None:
        """Time has passed: `now` is in seconds since the session began."""
        ...

    def close(self, now: float) -> None:
        """The session is over."""
        ...


def pick_mode(stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> Mode:
    """`board` on a terminal that can move its cursor, else `plain`. `stream` is the standard error if left out."""
    stream = sys.stderr if stream is None else stream
    environ = os.environ if environ is None else environ
    if environ.get("TERM", "").lower() in {"", "dumb", "unknown"} or environ.get("CI", "").lower() in {"1", "true"}:
        return "plain"
    try:
        return "board" if stream.isatty() else "plain"
    except ValueError:  # it is closed
        return "plain"


def make_screen(
    mode: str,
    history: History,
    folder: RunFolder,
    *,
    failures: Failures | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> Screen:
    """The screen of a session.

    Args:
        mode: board, plain, json or quiet.
        history: the run's history, which goes on living.
        folder: where the trials' logs are.
        failures: how trials failed in earlier sessions, where that was collected.
        stdout: where `json` writes the events (default: the standard output).
        stderr: where everything else goes (default: the standard error).

    Raises:
        UsageError: there is no such mode.
    """
    if mode not in _SCREENS:
        raise UsageError(f"unknown screen {mode!r}", f"one of {', '.join(get_args(Mode))}")
    watch = Watch(history, folder, failures)
    return _SCREENS[mode](watch, stdout or sys.stdout, stderr or sys.stderr)


def _board(watch: Watch, stdout: TextIO, stderr: TextIO) -> Screen:
    from hpotune.run.screen.board import Board  # noqa: PLC0415 - rich is not for those who need no board

    del stdout
    return Board(watch, stderr)


def _plain(watch: Watch, stdout: TextIO, stderr: TextIO) -> Screen:
    del stdout
    return Plain(watch, stderr)


def _json(watch: Watch, stdout: TextIO, stderr: TextIO) -> Screen:
    del watch
    return JsonLines(stdout, stderr)


def _quiet(watch: Watch, stdout: TextIO, stderr: TextIO) -> Screen:
    del watch, stdout
    return Quiet(stderr)


_SCREENS: dict[str, Callable[[Watch, TextIO, TextIO], Screen]] = {
    "board": _board,
    "plain": _plain,
    "json": _json,
    "quiet": _quiet,
}
