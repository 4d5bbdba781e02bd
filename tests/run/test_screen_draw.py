from __future__ import annotations

import io
from pathlib import Path

import pytest
from histories import Tale
from history_strategies import tales
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from hpotune import events as ev
from hpotune.journal.folder import RunFolder
from hpotune.run.screen.draw import draw
from hpotune.run.screen.view import make_view
from hpotune.run.screen.watch import Watch


def watched(tale: Tale, folder: Path = Path("/somewhere/runs/digits"), now: float | None = None) -> Watch:
    """A watch that has seen all of it."""
    watch = Watch(tale.history, RunFolder(folder))
    for event in tale.events:
        watch.take(event)
    watch.now = tale.at if now is None else now
    return watch


def drawn(watch: Watch, width: int = 100, height: int = 40, *, closing: bool = False, ascii_only: bool = False) -> str:
    return draw(make_view(watch, closing=closing), width, height, ascii_only=ascii_only).plain


@given(tales(), st.integers(10, 160), st.integers(3, 60), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_board_of_any_history_fits_and_prints(
    tale: Tale, width: int, height: int, closing: bool, ascii_only: bool
) -> None:
    text = drawn(watched(tale), width, height, closing=closing, ascii_only=ascii_only)
    lines = text.split("\n")
    assert len(lines) <= height
    assert all(line.isprintable() and cell_len(line) <= width for line in lines)
    assert text.isascii() or not ascii_only


@given(tales(), st.integers(10, 160))
@settings(max_examples=30, deadline=None)
def test_the_console_neither_wraps_nor_styles_what_users_wrote(tale: Tale, width: int) -> None:
    board = draw(make_view(watched(tale)), width, 60)
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=False).print(board)
    assert [line.rstrip() for line in file.getvalue().rstrip("\n").split("\n")] == [
        line.rstrip() for line in board.plain.rstrip("\n").split("\n")
    ]


def test_the_board_shows_what_runs_what_is_best_and_what_failed() -> None:
    tale = Tale(workers=2, budget={"name": "epochs", "min": 1, "max": 81})
    for value in (0.7, 0.93125):
        number = tale.plan({"lr": 0.0031, "hidden": 256}, budget=81)
        tale.launch(number, to=81)
        tale.report(number, value, 81)
        tale.at += 10
        tale.end(number)
    tale.failed(message="ModuleNotFoundError: No module named 'foo'", config={})
    running = tale.plan({"lr": 0.05}, budget=81)
    tale.launch(running, to=81)
    tale.report(running, 0.5, 27)
    text = drawn(watched(tale, now=tale.at + 4.2))
    for words in (
        "digits · maximize val_accuracy",
        "3 of 10 trials",
        "2 completed · 1 failed · 1 running",
        "best     val_accuracy 0.93125 at 81 epochs (trial 1)",
        "lr=0.0031 hidden=256",
        "running  3  0.5  27/81 epochs  4.2s  lr=0.05",
        "failed   1× exit code 1 (trial 2) — ModuleNotFoundError: No module named 'foo'",
        "Ctrl-C: let running trials finish, twice: stop now",
    ):
        assert words in text


def test_running_trials_make_room_for_the_rest() -> None:
    tale = Tale(workers=40)
    for _ in range(40):
        tale.launch(tale.plan())
    lines = drawn(watched(tale), 100, 20).split("\n")
    shown = [line for line in lines if "lr=" in line]
    assert len(lines) <= 20
    assert 5 < len(shown) < 40
    assert any(f"… and {40 - len(shown)} more" in line for line in lines)
    assert lines[-1].startswith("Ctrl-C")


@pytest.mark.parametrize(
    ("mode", "words"), [("drain", "letting 1 running trial finish"), ("stop", "stopping 1 running trial")]
)
def test_the_hint_says_what_ctrl_c_did(mode: ev.SignalMode, words: str) -> None:
    tale = Tale()
    tale.launch(tale.plan())
    tale.tell(ev.SignalReceived("SIGINT", mode))
    if mode == "stop":
        assert tale.history.halting == "interrupted"
    assert words in drawn(watched(tale))


def test_the_last_board_has_neither_running_trials_nor_a_hint() -> None:
    tale = Tale()
    tale.completed(0.5)
    tale.launch(tale.plan())
    assert "running  1" in drawn(watched(tale))
    text = drawn(watched(tale), closing=True)
    assert "running  1" not in text
    assert "Ctrl-C" not in text
    assert text.endswith("optimizer=adam")


def test_running_time_goes_on_where_the_last_session_ended() -> None:
    tale = Tale()
    tale.completed(0.5, seconds=100)
    tale.at = 0.0
    tale.tell(ev.StudyResumed([], measured={"at": 0.0}))
    tale.launch(tale.plan())
    watch = watched(tale, now=7.0)
    assert watch.elapsed() == 107.0
    assert watch.ran() == {1: 7.0}
