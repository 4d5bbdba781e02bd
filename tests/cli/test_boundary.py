"""The error boundary: each kind of error has its code and its words, and only a bug leaves a crash file."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpotune.cli import crash
from hpotune.cli.boundary import guard
from hpotune.errors import (
    DamagedError,
    HpotuneError,
    LockedError,
    OutcomeError,
    Problem,
    RunError,
    StudyError,
    UsageError,
)


def _raise(error: BaseException) -> int:
    raise error


def _everything_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@pytest.fixture(autouse=True)
def _crash_files_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "gettempdir", lambda: str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UsageError, 2), (OutcomeError, 1), (RunError, 4), (LockedError, 4), (DamagedError, 4), (HpotuneError, 3)],
)
def test_an_error_for_the_user_is_told_with_its_remedy(kind, code: int, capfd, tmp_path: Path) -> None:
    assert guard(lambda: _raise(kind("what is wrong", "what to do"))) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "error: what is wrong\n  what to do\n"
    assert _everything_in(tmp_path) == []


def test_all_problems_of_a_study_are_told(capfd) -> None:
    problems = [Problem("bad low", "say 0", ("parameters", "lr"), "s.yaml", 3, 5, "a: bcd"), Problem("bad name")]
    assert guard(lambda: _raise(StudyError(problems))) == 2
    err = capfd.readouterr().err
    assert err.startswith("s.yaml:3:5: parameters.lr: bad low\n    a: bcd\n        ^\n  say 0\nbad name\n")
    assert "2 problems" in err


def test_interruption() -> None:
    assert guard(lambda: _raise(KeyboardInterrupt())) == 130


@pytest.mark.parametrize(("stop", "code"), [(0, 0), (None, 0), (2, 2), ("words", 1)])
def test_an_exit_that_was_asked_for(stop: object, code: int) -> None:
    assert guard(lambda: _raise(SystemExit(stop))) == code


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.EDQUOT, errno.EMFILE, errno.EIO]
)
def test_what_the_system_refuses_is_no_bug(number: int, capfd, tmp_path: Path) -> None:
    assert guard(lambda: _raise(OSError(number, os.strerror(number), "/some/file"))) == 4
    err = capfd.readouterr().err
    assert err.startswith(f"error: /some/file: {os.strerror(number)}\n  ")
    assert _everything_in(tmp_path) == []


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("division"), OSError(errno.ENOENT, "No such file", "x"), KeyError("k")]
)
def test_a_bug_leaves_a_crash_file(error: Exception, capfd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPOTUNE_SECRET", "do-not-tell")
    assert guard(lambda: _raise(error)) == 3
    out, err = capfd.readouterr()
    (file,) = _everything_in(tmp_path)
    assert out == ""
    assert len(err.splitlines()) == 1
    assert str(file) in err
    text = file.read_text()
    assert type(error).__name__ in text
    assert "in _raise" in text
    assert repr(sys.argv) in text
    assert "HPOTUNE_SECRET" in text
    assert "do-not-tell" not in text
    assert "numpy" in text


def test_the_crash_file_goes_into_the_run(tmp_path: Path, capfd) -> None:
    run = tmp_path / "run"
    run.mkdir()
    token = crash.run_folder.set(run)
    try:
        assert guard(lambda: _raise(ValueError("x"))) == 3
    finally:
        crash.run_folder.reset(token)
    (file,) = _everything_in(run)
    assert str(file) in capfd.readouterr().err


def test_a_crash_without_a_place_for_its_file(tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "gettempdir", lambda: str(tmp_path / "gone"))
    assert guard(lambda: _raise(ValueError("x"))) == 3
    assert "ValueError" in capfd.readouterr().err


def test_a_reader_that_goes_away_is_met_quietly(tmp_path: Path) -> None:
    program = "import sys; from hpotune.cli.boundary import guard\n"
    program += "sys.exit(guard(lambda: [print('x' * 999) for _ in range(99999)] and 0))"
    command = f'{sys.executable} -c "{program}" 2>err | head -n 1 >out; echo ${{PIPESTATUS[0]}}'
    shown = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout == "141\n"
    assert (tmp_path / "err").read_text() == ""


def test_output_that_cannot_be_written_is_told(cli) -> None:
    command = [sys.executable, "-m", "hpotune", "strategies"]
    with Path("/dev/full").open("w") as full:
        shown = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert shown.returncode == 4
    assert os.strerror(errno.ENOSPC) in shown.stderr
    assert "Traceback" not in shown.stderr
    assert "Exception ignored" not in shown.stderr


@pytest.mark.parametrize(
    ("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_that_want_it(env, coloured: bool, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    guard(lambda: _raise(UsageError("x")))
    assert ("\033[" in capsys.readouterr().err) is coloured
