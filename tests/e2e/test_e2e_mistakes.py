"""What a user can get wrong before the first trial: the place and a remedy are said, and nothing is left behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from e2e_program import PYTHON, Done, Program

GOOD = """\
name: toy
command: [{python}, train.py]
metric: {{name: loss, goal: minimize}}
parameters:
  x: {{type: float, low: 0, high: 1}}
limits: {{trials: 2}}
seed: 3
"""
# The line that is changed, what it is changed to, and words of the message.
STUDIES: dict[str, tuple[str, str, list[str]]] = {
    "a tab": ("  x:", "\tx:", ["study.yaml:5", "tab"]),
    "a key twice": ("seed: 3", "seed: 3\nseed: 4", ["study.yaml:8", "seed", "a second time"]),
    "a list for a mapping": ("metric: {name: loss, goal: minimize}", "metric: [loss]", ["study.yaml:3", "mapping"]),
    "low above high": ("low: 0, high: 1", "low: 2, high: 1", ["study.yaml:5", "low", "high"]),
    "log from 0": ("low: 0, high: 1", "low: 0, high: 1, log: true", ["study.yaml:5", "log"]),
    "no choices": ("{type: float, low: 0, high: 1}", "{type: categorical, choices: []}", ["study.yaml:5", "choices"]),
    "a cycle": (
        "limits:",
        "  y: {type: derived, expression: z + 1}\n  z: {type: derived, expression: y + 1}\nlimits:",
        ["study.yaml:6", "y", "z"],
    ),
    "an unknown key": ("seed: 3", "sead: 3", ["study.yaml:7", "seed"]),
    "no end": ("limits: {trials: 2}", "limits: {}", ["limits"]),
    "no such parameter in the command": ("train.py]", "train.py, '${lr}']", ["study.yaml:2", "lr"]),
    "no program": (None, "command: [no-such-program-here, 1]", ["study.yaml:2", "no-such-program-here", "PATH"]),
    "no script": (None, "command: [python3, trian.py]", ["study.yaml:2", "trian.py"]),
    "a program that is no program": (None, "command: [./train.py]", ["study.yaml:2", "chmod +x"]),
    "no folder to work in": ("seed: 3", "seed: 3\ntrial: {cwd: nowhere}", ["study.yaml:8", "nowhere"]),
}


def nothing_was_left(program: Program) -> None:
    assert not (program.folder / "runs").exists()


def refused(program: Program, *arguments: str) -> Done:
    done = program.call("run", *arguments, code=2)
    assert done.out == ""
    nothing_was_left(program)
    return done


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_that_is_wrong(program: Program, study: str) -> None:
    old, new, words = STUDIES[study]
    program.script("print('loss=1')")
    good = GOOD.format(python=PYTHON[0])
    old = good.splitlines()[1] if old is None else old
    assert old in good
    program.study_file.write_text(good.replace(old, new, 1))
    done = refused(program, "study.yaml")
    for word in words:
        assert word in done.err, done.err
    assert len(done.err) < 3000


def test_all_problems_of_a_file_at_once(program: Program) -> None:
    good = GOOD.format(python=PYTHON[0])
    program.study_file.write_text(good.replace("low: 0", "low: 7").replace("seed: 3", "seed: -3\ncolour: red"))
    done = refused(program, "study.yaml")
    assert "3 problems" in done.err
    assert all(f"study.yaml:{line}:" in done.err for line in (5, 7, 8))


def test_files_that_are_no_studies(program: Program) -> None:
    (program.folder / "binary.yaml").write_bytes(b"\x7fELF\x00\x01\xff" * 100)
    (program.folder / "empty.yaml").write_text("")
    (program.folder / "list.yaml").write_text("- 1\n- 2\n")
    (program.folder / "folder.yaml").mkdir()
    for name in ("missing.yaml", "folder.yaml", "binary.yaml", "empty.yaml", "list.yaml"):
        assert name in refused(program, name).err


def test_a_bomb_of_anchors_is_refused(program: Program) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    program.study_file.write_text("\n".join(lines) + "\n")
    assert "study.yaml" in refused(program, "study.yaml").err


def test_options_that_are_wrong(program: Program) -> None:
    program.study()
    for arguments in (
        ["--set", "limits.trails=3"],
        ["--set", "limits.trials=-1"],
        ["--workers", "0"],
        ["--seed", "x"],
        ["--no-such-option"],
        ["--name", "a/b"],
    ):
        refused(program, "study.yaml", *arguments)
    assert "did you mean" in program.call("rum", "study.yaml", code=2).err


def test_places_where_no_run_can_be(program: Program) -> None:
    """Permission bits do not bind root, so a file stands where a folder belongs."""
    program.study()
    (program.folder / "file").write_text("precious")
    (program.folder / "runs").mkdir()
    (program.folder / "runs" / "toy").write_text("precious")
    for arguments in (["--runs", "file"], ["--runs", "file/below"], []):
        done = program.call("run", "study.yaml", *arguments, code=4)
        assert "--runs" in done.err
    assert (program.folder / "file").read_text() == "precious"
    assert (program.folder / "runs" / "toy").read_text() == "precious"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written(program: Program) -> None:
    program.study()
    locked = program.folder / "locked"
    locked.mkdir(mode=0o500)
    assert "locked" in program.call("run", "study.yaml", "--runs", "locked", code=4).err


@pytest.mark.parametrize("name", ["lock", "trials", "tuner.log", "study.yaml", "journal.jsonl"])
def test_something_else_stands_where_a_file_of_the_run_belongs(program: Program, name: str) -> None:
    program.study()
    place = program.run().path / name
    place.mkdir(parents=True)
    if name == "trials":
        place.rmdir()
        place.write_text("")
    done = program.call("run", "study.yaml", code=None)
    assert done.code in (2, 4)
    assert name in done.err or "holds a run already" in done.err
    assert not program.trial_processes()


def test_a_run_that_cannot_be_written_any_more(program: Program) -> None:
    """The folder of a trial cannot be made: the run ends, says why, and goes on when that is mended."""
    spoiler = "import os\nif os.environ['HPOTUNE_TRIAL_ID'] == '1': open('runs/toy/trials/00002', 'w').close()\n"
    program.study(spoiler + "print('loss=1')")
    done = program.call("run", "study.yaml", code=4)
    assert "00002" in done.err
    assert "hpotune resume" in done.err
    (program.run().path / "trials" / "00002").unlink()
    program.call("resume")
    assert program.history().states["completed"] == 4


def test_odd_but_good_names_work(program: Program, tmp_path: Path) -> None:
    odd = tmp_path / "a folder with spaces, 'quotes' and ünïcode"
    odd.mkdir()
    inner = Program(odd)
    inner.study(name="ein-läuf")
    inner.call("run", "study.yaml")
    assert inner.history("ein-läuf").states["completed"] == 4
    inner.call("report")
