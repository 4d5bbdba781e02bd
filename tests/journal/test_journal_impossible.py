"""Journals with right checksums that hold what no tuner writes: damage with its line, and nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hpotune.errors import DamagedError
from hpotune.events import StudyStarted, encode
from hpotune.journal.folder import RunFolder
from hpotune.journal.format import seal
from studies import study

REPORT = {"n": 1, "event": "reported", "trial": 0, "job": 0, "attempt": 0, "budget": None, "value": 0.5}
PLANNED = {"n": 1, "event": "trial_planned", "trial": 0, "config": {}, "origin": "search", "saw": 0}
IMPOSSIBLE: list[str | dict[str, Any]] = [
    '{"n":1,"event":' + "[" * 100_000 + "]" * 100_000 + "}",
    REPORT | {"value": 10**400},
    REPORT | {"also": {"x": 10**400}, "value": "x"},
    REPORT | {"trial": []},
    {
        "n": 1,
        "event": "job_planned",
        "trial": 7,
        "job": 0,
        "attempt": 0,
        "from": None,
        "to": None,
        "cause": "first",
        "saw": 0,
    },
    {"n": 1, "event": "trial_paused", "trial": 0, "reason": {}, "saw": 0},
    {"n": 1, "event": "study_resumed", "changes": [], "study": []},
    PLANNED | {"record": []},
    PLANNED | {"measured": 5},
]


@pytest.mark.parametrize("line", IMPOSSIBLE, ids=range(len(IMPOSSIBLE)))
def test_what_cannot_be_is_damage_with_its_line(line: str | dict[str, Any], tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    first, crc = seal(json.dumps(encode(0, StudyStarted(1, study().to_dict(), 7)), separators=(",", ":")).encode(), 0)
    text = line if isinstance(line, str) else json.dumps(line, separators=(",", ":"))
    content = first + seal(text.encode(), crc)[0]
    folder.journal.write_bytes(content)
    with pytest.raises(DamagedError, match=r"journal\.jsonl:2: "):
        folder.history()
    assert folder.journal.read_bytes() == content
