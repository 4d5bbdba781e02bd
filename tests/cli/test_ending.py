"""How `run` and `resume` end on the screen."""

from __future__ import annotations

import sys

import pytest

from hpotune.cli.ending import conclude


@pytest.mark.parametrize(
    ("mode", "terminal", "shown"),
    [
        ("board", True, False),  # the last board, on the same terminal, has it already
        ("board", False, True),
        ("plain", True, True),
        ("quiet", True, True),
        ("json", True, False),
        ("json", False, False),
    ],
)
def test_the_result_is_printed_once(capsys, monkeypatch, done_run, mode: str, terminal: bool, shown: bool) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert conclude(done_run.folder.history(), done_run.folder, None, mode) == 0
    out, err = capsys.readouterr()
    assert out.startswith("best: loss 0.25") == shown
    assert (out == "") != shown
    assert err.endswith(f"{done_run.folder.path}\n")
