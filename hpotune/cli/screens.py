"""The screens of `run` and `resume`: the one that the user sees, and the run's log beside it."""

from __future__ import annotations

from collections.abc import Callable

from hpotune.history import History
from hpotune.journal.folder import RunFolder
from hpotune.run.screen import LogScreen, Mode, Screen, Together, make_screen, pick_mode


def mode_of(*, json_: bool, quiet: bool) -> Mode:
    """The screen that the options ask for, else the one that fits the terminal."""
    return "json" if json_ else "quiet" if quiet else pick_mode()


def screens(mode: Mode) -> Callable[[History, RunFolder], Screen]:
    """What makes the screens of a session, once its run is known."""

    def make(history: History, folder: RunFolder) -> Screen:
        return Together(make_screen(mode, history, folder), LogScreen(history, folder.log.open("a", encoding="utf-8")))

    return make
