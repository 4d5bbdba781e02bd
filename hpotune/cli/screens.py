"""The screens of `run` and `resume`: the one that the user sees, and the run's log beside it."""

from __future__ import annotations

from collections.abc import Callable

from hpotune.history import History
from hpotune.journal.folder import RunFolder
from hpotune.run.screen import LogScreen, Screen, Together, make_screen, pick_mode


def screens(*, json_: bool, quiet: bool) -> Callable[[History, RunFolder], Screen]:
    """What makes the screens of a session, once its run is known."""
    mode = "json" if json_ else "quiet" if quiet else pick_mode()

    def make(history: History, folder: RunFolder) -> Screen:
        return Together(make_screen(mode, history, folder), LogScreen(history, folder.log.open("a", encoding="utf-8")))

    return make
