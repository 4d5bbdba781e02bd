"""A folder and the program for each test; whatever a test leaves running is ended, and nothing may outlive that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_program import Program


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    it = Program(tmp_path)
    yield it
    it.close()
