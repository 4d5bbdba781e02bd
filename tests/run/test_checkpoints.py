"""Checkpoint folders: what is dropped is gone at once for whoever comes next, and from the disk in the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hpotune import events as ev
from hpotune.errors import RunError
from hpotune.history import Trial
from hpotune.journal.folder import RunFolder
from hpotune.run.checkpoints import Checkpoints
from hpotune.run.launch import Launcher
from hpotune.tuner import Job
from studies import study


def trial(number: int, *, dropped: bool = False) -> Trial:
    made = Trial(number, ev.TrialPlanned(number, {}, "search", 0))
    made.dropped = dropped
    return made


def saved(folder: Path, number: int) -> Path:
    """A checkpoint with something in it."""
    checkpoint = folder / f"{number:05d}" / "checkpoint"
    checkpoint.mkdir(parents=True)
    (checkpoint / "weights").write_text("1 2 3")
    return checkpoint


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("checkpoint*"))


def test_what_is_dropped_is_gone_at_once(tmp_path: Path) -> None:
    checkpoints = Checkpoints(str(tmp_path))
    one, other = saved(tmp_path, 1), saved(tmp_path, 2)
    assert checkpoints.folder(1) == str(one)
    checkpoints.drop(1)
    assert not one.exists()
    assert (other / "weights").exists()
    checkpoints.close()
    assert left(tmp_path) == ["00002/checkpoint"]


def test_to_drop_what_is_not_there_does_nothing(tmp_path: Path) -> None:
    checkpoints = Checkpoints(str(tmp_path))
    checkpoints.drop(7)
    (tmp_path / "00007").mkdir()
    checkpoints.drop(7)
    checkpoints.close()
    assert left(tmp_path) == []


def test_a_checkpoint_may_be_dropped_while_an_earlier_one_is_still_deleted(tmp_path: Path) -> None:
    """As a tuner finds it that was killed in between."""
    (tmp_path / "00001" / "checkpoint.dropped" / "old").mkdir(parents=True)
    one = saved(tmp_path, 1)
    checkpoints = Checkpoints(str(tmp_path))
    checkpoints.drop(1)
    assert not one.exists()
    checkpoints.sweep([trial(1, dropped=True)])
    checkpoints.close()
    assert left(tmp_path) == []


def test_a_new_session_finishes_what_the_last_had_begun(tmp_path: Path) -> None:
    saved(tmp_path, 0)
    saved(tmp_path, 1)
    saved(tmp_path, 2).rename(tmp_path / "00002" / "checkpoint.dropped")
    checkpoints = Checkpoints(str(tmp_path))
    checkpoints.sweep([trial(0), trial(1, dropped=True), trial(2, dropped=True), trial(3)])
    checkpoints.close()
    assert left(tmp_path) == ["00000/checkpoint"]


def job(*, fresh: bool) -> Job:
    return Job(0, 1, 0, {"lr": 0.1, "batch": 16}, 0 if fresh else 3, 9, 7, fresh=fresh)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_job_finds_its_checkpoint_or_an_empty_folder(tmp_path: Path, *, fresh: bool) -> None:
    launcher = Launcher(study(budget={"name": "epochs", "max": 9}), RunFolder(tmp_path), "token", {})
    checkpoint = saved(tmp_path / "trials", 0)
    spec = launcher.prepare(job(fresh=fresh))
    assert spec.env["HPOTUNE_CHECKPOINT_DIR"] == str(checkpoint)
    assert spec.env["HPOTUNE_PREVIOUS_BUDGET"] == ("0" if fresh else "3")
    assert [path.name for path in checkpoint.iterdir()] == ([] if fresh else ["weights"])
    launcher.checkpoints.close()
    assert left(tmp_path / "trials") == ["00000/checkpoint"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_changed_ends_the_run(tmp_path: Path) -> None:
    launcher = Launcher(study(), RunFolder(tmp_path), "token", {})
    checkpoint = saved(tmp_path / "trials", 0)
    checkpoint.parent.chmod(0o500)
    with pytest.raises(RunError, match="Permission"):
        launcher.drop(0)
    checkpoint.parent.chmod(0o700)
