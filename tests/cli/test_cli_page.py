"""docs/cli.md is what the commands' own help says."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_docs"


def test_the_page_of_the_command_line_is_up_to_date() -> None:
    checked = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_check_sees_words_but_not_layout() -> None:
    is_current = runpy.run_path(str(SCRIPT))["is_current"]
    assert is_current("Usage: run {STUDY}\n  STUDY <str>  The\n  file.", "Usage: run STUDY\n  STUDY  The file.")
    assert not is_current("  --set  Change a value.", "  --set  Change one value.")
