from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path

import pytest
from histories import Tale
from history_strategies import tales
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune import events as ev
from hpotune.errors import UsageError
from hpotune.history import History
from hpotune.journal.folder import RunFolder
from hpotune.run.screen import LogScreen, Screen, Together, make_screen, pick_mode
from hpotune.run.screen.log_tail import log_tail


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A pipe whose reader went away."""

    def write(self, text: str) -> int:
        raise OSError(errno.EPIPE, "gone")

    def flush(self) -> None:
        raise OSError(errno.EPIPE, "gone")


class Show:
    """Plays a tale to a screen, event by event, ticking after each."""

    def __init__(self, mode: str, folder: Path = Path("/somewhere/digits"), err: io.StringIO | None = None) -> None:
        self.history = History()
        self.out, self.err = io.StringIO(), err or io.StringIO()
        self.screen: Screen = make_screen(mode, self.history, RunFolder(folder), stdout=self.out, stderr=self.err)

    def play(self, tale: Tale, *, ticks: bool = True) -> str:
        for n, event in enumerate(tale.events):
            self.history.fold(event)
            self.screen.event(n, event)
            if ticks:
                self.screen.tick(event.measured.get("at", 0.0))
        self.screen.close(tale.at)
        return self.err.getvalue()


@given(tales(), st.sampled_from(["board", "plain", "json", "quiet"]))
@settings(max_examples=60, deadline=None)
def test_every_screen_takes_every_history_and_lets_no_escape_code_of_a_user_through(tale: Tale, mode: str) -> None:
    show = Show(mode)
    text = show.play(tale)
    assert all(line.isprintable() for line in (text + show.out.getvalue()).replace("\r", "\n").split("\n"))


@given(tales())
@settings(max_examples=30, deadline=None)
def test_json_lines_are_the_events_and_nothing_else(tale: Tale) -> None:
    show = Show("json")
    show.screen.say("to the standard error")
    show.play(tale)
    lines = [json.loads(line) for line in show.out.getvalue().splitlines()]
    assert lines == json.loads(json.dumps([ev.encode(n, event) for n, event in enumerate(tale.events)]))
    assert [ev.decode(line) for line in lines] or not tale.events


@pytest.mark.parametrize("mode", ["board", "plain", "json", "quiet"])
def test_a_reader_that_goes_away_does_not_end_the_run(mode: str) -> None:
    tale = Tale()
    tale.completed(0.5)
    tale.failed(message="boom")
    history = History()
    screen = make_screen(mode, history, RunFolder(Path("/x")), stdout=Gone(), stderr=Gone())
    for n, event in enumerate(tale.events):
        history.fold(event)
        screen.event(n, event)
        screen.tick(float(n))
    screen.say("hello", level="error")
    screen.close(10.0)


def test_plain_lines_of_a_short_run() -> None:
    tale = Tale()
    tale.completed(0.5, {"lr": 0.5})
    tale.completed(0.75, {"lr": 0.25})
    lines = Show("plain").play(tale.finish("trials")).splitlines()
    assert lines[0] == "study digits  maximize val_accuracy  random  10 trials  seed 7  2 workers"
    assert lines[1].startswith("run folder ")
    assert lines[2:4] == [
        "trial 0  completed  val_accuracy 0.5  (best)  lr=0.5  10.0s",
        "trial 1  completed  val_accuracy 0.75  (best)  lr=0.25  10.0s",
    ]
    assert lines[4:] == ["2 of 10 trials · 20.0s · 2 completed · best val_accuracy 0.75 (trial 1)"]


@pytest.mark.parametrize("mode", ["plain", "json"])
def test_an_event_is_shown_at_the_next_tick_and_not_before_it_is_in_the_journal(mode: str) -> None:
    show, tale = Show(mode), Tale()
    tale.completed(0.5)
    for n, event in enumerate(tale.events):
        show.history.fold(event)
        show.screen.event(n, event)
    assert show.err.getvalue() + show.out.getvalue() == ""
    show.screen.tick(1.0)
    assert show.err.getvalue() + show.out.getvalue() != ""


def test_a_flood_is_thinned_counted_and_still_names_the_best() -> None:
    tale = Tale(limits={"trials": 5_000})
    for i in range(2_000):
        tale.completed(0.9 if i == 1_500 else 0.1 - i * 1e-6, seconds=0.001)
    text = Show("plain").play(tale)
    lines = text.splitlines()
    assert len(lines) < 60
    assert any(line.startswith("trial 1500  completed  val_accuracy 0.9  (best)") for line in lines)
    shown = sum(line.startswith("trial ") for line in lines)
    counted = sum(int(line.split()[2].replace(",", "")) for line in lines if line.startswith("… and"))
    assert shown + counted == 2_000


def test_long_silence_is_broken_by_progress_more_and_more_seldom() -> None:
    tale = Tale()
    tale.launch(tale.plan())
    show = Show("plain")
    for n, event in enumerate(tale.events):
        show.history.fold(event)
        show.screen.event(n, event)
    for second in range(3_600):
        show.screen.tick(float(second))
    lines = [line for line in show.err.getvalue().splitlines() if "0 of 10 trials" in line]
    assert 5 <= len(lines) <= 12


def _failing(folder: Path, times: int, message: str = "ValueError: bad") -> Tale:
    tale = Tale()
    log = RunFolder(folder).attempt(0, 0, 0) / "stderr.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"".join(b"line %d\n" % i for i in range(100)) + b"\x1b[31mValueError\x1b[0m: bad\x07\n\n")
    for _ in range(times):
        tale.failed(message=message)
    return tale


@pytest.mark.parametrize("mode", ["plain", "board"])
def test_the_end_of_the_log_is_shown_once_for_failures_that_are_alike(mode: str, tmp_path: Path) -> None:
    text = Show(mode, tmp_path).play(_failing(tmp_path, 3))
    assert text.count("line 99") == 1
    assert "line 88" not in text
    assert "ValueError: bad\\x07" in text
    assert text.count("stderr.log") == 1


@pytest.mark.parametrize("mode", ["plain", "board"])
def test_a_metric_never_printed_is_shown_with_the_lines_that_come_nearest(mode: str) -> None:
    tale = Tale()
    tale.failed("no_metric", "val_acc=0.9\nepoch 3", code=0)
    text = Show(mode).play(tale)
    assert "the lines of" in text
    assert "val_acc=0.9" in text
    assert "epoch 3" in text


def test_the_board_restores_the_terminal_and_keeps_the_last_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    tale = Tale()
    tale.completed(0.5)
    text = Show("board", err=Terminal()).play(tale.finish("trials"))
    assert text.index("\x1b[?25l\x1b[?25h") == text.rindex("\x1b[?25l"), "the cursor stays, should it be stopped"
    assert text.rindex("1 completed") > text.rindex("\x1b[2K")


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    tale = Tale()
    tale.completed(0.5)
    text = Show("board", err=Terminal()).play(tale)
    assert "\x1b[32m" not in text
    assert "\x1b[36m" not in text


def test_a_terminal_that_becomes_narrower_is_drawn_on_a_clean_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    size = os.terminal_size((100, 30))
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: size)
    pages = []
    for second in (100, 60):
        size = os.terminal_size((100, 30))
        show = Show("board", err=Terminal())
        tale = Tale()
        for n, event in enumerate(tale.events):
            show.history.fold(event)
            show.screen.event(n, event)
        show.screen.tick(1.0)
        size = os.terminal_size((second, 30))
        show.screen.tick(2.0)
        show.screen.close(3.0)
        pages.append("\x1b[2J" in show.err.getvalue())
    assert pages == [False, True]


def test_messages_go_to_the_standard_error_with_their_level() -> None:
    for mode in ("board", "plain", "json", "quiet"):
        show = Show(mode)
        show.screen.say("first\x1b[2J")
        show.screen.say("second", level="warning")
        text = show.err.getvalue()
        assert ("first\\x1b[2J" in text) == (mode != "quiet")
        assert "warning: second" in text
        assert show.out.getvalue() == ""


@pytest.mark.parametrize(
    ("tty", "environ", "mode"),
    [(True, {"TERM": "xterm"}, "board"), (False, {"TERM": "xterm"}, "plain"), (True, {"TERM": "dumb"}, "plain"),
     (True, {}, "plain"), (True, {"TERM": "xterm", "CI": "true"}, "plain")],
)  # fmt: skip
def test_the_mode_that_fits_the_terminal(tty: bool, environ: dict[str, str], mode: str) -> None:
    assert pick_mode(Terminal() if tty else io.StringIO(), environ) == mode


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(UsageError, match="fancy"):
        make_screen("fancy", History(), RunFolder(Path("/x")))


def test_the_log_has_the_time_and_every_trial(tmp_path: Path) -> None:
    tale = Tale()
    tale.completed(0.5, {"lr": 0.5})
    tale.finish("trials")
    log, history, clock = tmp_path / "tuner.log", History(), iter(range(1_000_000_000, 1_000_000_100))
    screen = Together(LogScreen(history, log.open("w"), lambda: float(next(clock))))
    for n, event in enumerate(tale.events):
        history.fold(event)
        screen.event(n, event)
    screen.say("a message", level="warning")
    screen.close(1.0)
    lines = [line.split("  ", 1) for line in log.read_text().splitlines()]
    assert all(stamp[:3] == "200" and len(stamp) == 19 for stamp, _ in lines)
    assert [text for _, text in lines] == [
        "study digits  maximize val_accuracy  random  10 trials  seed 7",
        "2 workers",
        "trial 0  started  lr=0.5",
        "trial 0  completed  val_accuracy 0.5  (best)  lr=0.5  10.0s",
        "finished: all 10 trials are done",
        "warning: a message",
    ]


def test_a_log_of_progress_bars_bytes_and_one_endless_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert log_tail(log) == []
    log.write_bytes(b"")
    assert log_tail(log) == []
    log.write_bytes(b"10%\r50%\r100%\n\xff\xfe\tbad\n\x1b]0;title\x07plain\n\n\n")
    assert log_tail(log) == ["100%", "\ufffd\ufffd  bad", "plain"]
    log.write_bytes(b"x" * 1_000_000)
    assert [len(line) for line in log_tail(log)] == [240]
