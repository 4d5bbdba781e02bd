"""The commands before a run: validate, schema, strategies, init."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from pathlib import Path

import jsonschema
import pytest

from hpotune.cli import init
from hpotune.strategies import STRATEGIES, load_study

GOOD = """\
name: toy
command: [python, train.py, "${args}"]
metric: {name: loss, goal: minimize}
parameters:
  lr: {type: float, low: 1.0e-5, high: 0.1, log: true}
limits: {trials: 3}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(GOOD)
    (tmp_path / "train.py").write_text("print('loss=1')\n")
    return path


def test_a_good_study_is_valid(call, study: Path) -> None:
    shown = call("validate", "study.yaml")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("study.yaml: valid")
    assert json.loads(call("validate", "study.yaml", "--json").stdout) == {"valid": True, "errors": [], "warnings": []}


def test_every_mistake_is_told_with_its_line(call, study: Path) -> None:
    study.write_text(GOOD.replace("low: 1.0e-5", "low: 1").replace("limits", "limit"))
    shown = call("validate", "study.yaml")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "study.yaml:5:" in shown.stderr
    assert "study.yaml:6:1" in shown.stderr
    row = json.loads(call("validate", "study.yaml", "--json").stdout)
    assert not row["valid"]
    assert {problem["line"] for problem in row["errors"]} == {5, 6}
    assert all(problem["message"] and problem["source_line"] for problem in row["errors"])


def test_a_doubt_is_a_warning_and_no_error(call, study: Path) -> None:
    study.write_text(GOOD.replace(", log: true", ""))
    shown = call("validate", "study.yaml")
    assert shown.returncode == 0
    assert shown.stderr.startswith("warning: study.yaml:5:")
    assert "1 warning" in shown.stdout
    assert len(json.loads(call("validate", "study.yaml", "--json").stdout)["warnings"]) == 1


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ('[python, trian.py, "${args}"]', "there is no file"),
        ("[pyhton, train.py]", "no program 'pyhton'"),
        ('[./train.py, "${args}"]', "is not executable"),
        ("[python, train.py]", "hands no parameter over"),
    ],
)
def test_a_command_that_would_not_do_is_a_warning_here(call, study: Path, command: str, words: str) -> None:
    study.write_text(GOOD.replace('[python, train.py, "${args}"]', command))
    shown = call("validate", "study.yaml")
    assert shown.returncode == 0
    assert words in shown.stderr
    assert "study.yaml:2:10" in shown.stderr


def test_a_script_that_reads_the_environment_needs_no_flags(call, study: Path) -> None:
    study.write_text(GOOD.replace(', "${args}"', ""))
    (study.parent / "train.py").write_text("import os\nos.environ['HPOTUNE_PARAM_LR']\n")
    assert call("validate", "study.yaml").stderr == ""


def test_set_is_part_of_what_is_checked(call, study: Path) -> None:
    assert call("validate", "study.yaml", "--set", "limits.trials=5").returncode == 0
    shown = call("validate", "study.yaml", "--set", "limits.trials=none")
    assert shown.returncode == 2
    assert "limits.trials" in shown.stderr


@pytest.mark.parametrize("file", ["gone.yaml", "."])
def test_a_study_that_cannot_be_read(call, file: str) -> None:
    shown = call("validate", file)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "Traceback" not in shown.stderr


def test_the_schema_accepts_a_study(call) -> None:
    schema = json.loads(call("schema").stdout)
    jsonschema.validate(
        {
            "command": "python train.py",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"lr": {"type": "float", "low": 0, "high": 1}},
        },
        schema,
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"command": "x"}, schema)


def test_strategies_are_those_of_the_table(call) -> None:
    rows = json.loads(call("strategies", "--json").stdout)
    assert {name: (row["searcher"], row["scheduler"], row["options"]) for name, row in rows["strategies"].items()} == {
        name: (made.searcher, made.scheduler, dict(made.options)) for name, made in STRATEGIES.items()
    }
    text = call("strategies").stdout
    assert all(name in text for name in (*rows["strategies"], *rows["searchers"], *rows["schedulers"]))


SCRIPT = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01, help="learning rate")
parser.add_argument("--hidden", type=int, default=64)
arguments = parser.parse_args()
print("val_loss=1")
"""


def test_init_writes_a_study_that_is_valid(call, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    shown = call("init", "--command", f"{sys.executable} train.py", "--metric", "val_loss")
    assert shown.returncode == 0, shown.stderr
    assert "study.yaml" in shown.stdout
    study = load_study(tmp_path / "study.yaml")
    assert {"lr", "hidden"} <= set(study.parameters)
    assert study.metric.goal == "minimize"
    assert call("validate", "study.yaml").returncode == 0


def test_init_overwrites_nothing_unless_it_is_told_to(call, study: Path) -> None:
    arguments = ("init", "-c", "true", "-m", "loss")
    shown = call(*arguments)
    assert shown.returncode == 2
    assert "--force" in shown.stderr
    assert study.read_text() == GOOD
    assert call(*arguments, "--force").returncode == 0
    assert study.read_text() != GOOD


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-c", "", "-m", "loss"], "--command"),
        (["-c", "python 'x", "-m", "loss"], "--command"),
        (["-c", "true", "-m", ""], "metric"),
        (["-c", "true", "-m", "loss", "--goal", "up"], "minimize or maximize"),
        (["-c", "true", "-m", "xyzzy"], "--goal"),
        (["-c", "true", "-m", "loss", "-o", "gone/study.yaml"], "no folder"),
    ],
)
def test_init_refuses_what_it_cannot_use(call, tmp_path: Path, arguments: list[str], words: str) -> None:
    shown = call("init", *arguments)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert words in shown.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [
        "import time; time.sleep(60)",  # does not know --help and begins to train
        "while True: print('x' * 1000)",  # prints without end
        "import sys; sys.exit(3)",  # fails
        "import os, time\nif os.fork() == 0: time.sleep(60)",  # leaves a child that holds the pipe
        "print(repr(input()))",  # waits for an answer
    ],
)
def test_init_survives_any_script(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.setattr(init, "HELP_SECONDS", 0.5)
    (tmp_path / "train.py").write_text(textwrap.dedent(body))
    began = time.monotonic()
    shown = call("init", "-c", f"{sys.executable} train.py", "-m", "loss")
    assert shown.returncode == 0, shown.stderr
    assert load_study(tmp_path / "study.yaml")
    assert time.monotonic() - began < 30  # far below the scripts' own minute, far above what a busy machine needs


def test_init_with_a_command_that_is_not_there(call, tmp_path: Path) -> None:
    shown = call("init", "-c", "./no-such-program --x", "-m", "loss")
    assert shown.returncode == 0
    assert "cannot be started" in shown.stderr
    assert (tmp_path / "study.yaml").exists()


def test_init_starts_nothing_if_it_may_not(call, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT + "open('started', 'w')\n")
    assert call("init", "-c", f"{sys.executable} train.py", "-m", "loss", "--no-help").returncode == 0
    assert not (tmp_path / "started").exists()
    assert "lr" in load_study(tmp_path / "study.yaml").parameters  # from the source alone
