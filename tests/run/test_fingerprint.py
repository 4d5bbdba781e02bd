"""Hashes of what a run is made of, and what is said to have changed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from hpotune.run import fingerprint as module
from hpotune.run.fingerprint import changed_files, fingerprint
from hpotune.study import Study
from studies import study as small_study


def study(folder: Path, **changes: Any) -> Study:
    return Study.from_dict(small_study(**changes).to_dict(), folder=folder)


def test_each_file_that_the_command_names_is_hashed(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print(1)")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "base.yaml").write_text("a: 1")
    command = ["python", "train.py", "conf/base.yaml", "--lr", "${lr}", "conf", "missing.py", "x" * 5000]
    found = fingerprint(study(tmp_path, command=command))
    assert found["files"] == {
        "train.py": hashlib.sha256(b"print(1)").hexdigest(),
        "conf/base.yaml": hashlib.sha256(b"a: 1").hexdigest(),
    }


def test_files_are_those_of_the_folder_where_trials_run(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("inside")
    (tmp_path / "train.py").write_text("outside")
    inside, outside = (hashlib.sha256(text).hexdigest() for text in (b"inside", b"outside"))
    command = ["python", "train.py"]
    assert fingerprint(study(tmp_path, command=command))["files"] == {"train.py": outside}
    assert fingerprint(study(tmp_path, command=command, trial={"cwd": "src"}))["files"] == {"train.py": inside}


def test_data_is_not_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST", 4)
    (tmp_path / "small").write_bytes(b"1234")
    (tmp_path / "large").write_bytes(b"12345")
    assert set(fingerprint(study(tmp_path, command=["cat", "small", "large"]))["files"]) == {"small"}


def test_a_file_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a\nb").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    found = fingerprint(study(tmp_path, command=["cat", "loop", "a\nb"]))
    assert set(found["files"]) == {"a\nb"}


def test_the_study_is_hashed_whole(tmp_path: Path) -> None:
    one = fingerprint(study(tmp_path))["study"]
    assert one == fingerprint(study(tmp_path / ".."))["study"], "where it stands does not matter"
    assert one != fingerprint(study(tmp_path, seed=8))["study"]
    assert one != fingerprint(study(tmp_path, trial={"env": {"A": "ü"}}))["study"]
    assert len(one) == 64


def test_what_has_changed() -> None:
    old = {"study": "a", "files": {"train.py": "1", "conf.yaml": "2", "gone.py": "3"}}
    new = {"study": "b", "files": {"train.py": "9", "conf.yaml": "2", "new.py": "4"}}
    assert changed_files(old, new) == ["train.py"]
    assert changed_files(new, new) == []
    assert changed_files({}, new) == []
    assert changed_files(old, {}) == []
