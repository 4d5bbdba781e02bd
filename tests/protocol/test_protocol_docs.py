"""The page for users says what is so: its tables are checked and its examples run."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hpotune.protocol import (
    CommandTemplate,
    MetricReader,
    Outward,
    TrialContext,
    budget_keys,
    template_context,
    trial_environment,
)
from hpotune.protocol.argv import CONTEXT_NAMES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "trial-protocol.md").read_text(encoding="utf-8")
TRIAL = "/runs/digits/trials/00042"
READER = MetricReader("val_accuracy", budget_keys("epochs", None))


def context(folder: str, metrics_file: str) -> TrialContext:
    return TrialContext(
        study="digits",
        trial_id=42,
        trial_dir=folder,
        config_file=f"{folder}/config.json",
        checkpoint_dir=f"{folder}/checkpoint",
        metrics_file=metrics_file,
        seed=123,
        budget=27,
        previous_budget=9,
        token="5f2c…",
    )


def table(header: str) -> list[list[str]]:
    """The cells of the rows below a header."""
    _, _, below = PAGE.partition(f"{header}\n")
    rows = below.split("\n\n", 1)[0].splitlines()[1:]
    assert rows, f"no table {header}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("line", "value", "budget"), table("| line | val_accuracy | epochs |"))
def test_lines(line: str, value: str, budget: str) -> None:
    found = READER.read(line.strip("`"))
    if value == "not read":
        assert found is None
        return
    assert found is not None
    assert found.value == float(value) or (value == "nan" and math.isnan(found.value))
    assert found.budget == (float(budget) if budget else None)


@pytest.mark.parametrize(("command", "argv"), table("| command | what the script is given |"))
def test_commands(command: str, argv: str) -> None:
    parameters = [Outward(name, name) for name in ("lr", "momentum", "nesterov")]
    template = CommandTemplate(json.loads(command.strip("`")), parameters)
    assert template.problems() == []
    told = template_context(context(TRIAL, "m"))
    assert template.render({"lr": 0.1, "nesterov": True}, told) == json.loads(argv.strip("`"))


def test_variables() -> None:
    shown = {name.strip("`"): example.strip("`") for name, example, _ in table("| variable | example | meaning |")}
    config = {"lr": 0.001, "optim.name": "adam"}
    outward = [Outward(name, name) for name in config]
    assert shown == trial_environment(config, context(TRIAL, f"{TRIAL}/jobs/1-0/metrics.jsonl"), outward)


def test_every_value_of_the_command_is_named() -> None:
    assert {name for name in CONTEXT_NAMES if f"`{name}`" not in PAGE} == set()


CHECKPOINTED = [script for script in blocks("python") if "setstate" in script or "load_state_dict" in script]


@pytest.mark.parametrize(
    ("interpreter", "script"),
    [([sys.executable, "-c"], script) for script in blocks("python") if script not in CHECKPOINTED]
    + [(["sh", "-c"], script) for script in blocks("sh")],
)
@pytest.mark.parametrize("tuned", [True, False], ids=["tuned", "by hand"])
def test_examples(tmp_path: Path, interpreter: list[str], script: str, tuned: bool) -> None:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    metrics = tmp_path / "metrics.jsonl"
    if tuned:
        (tmp_path / "checkpoint").mkdir()
        environment |= trial_environment({"lr": 0.5}, context(str(tmp_path), str(metrics)), [Outward("lr", "lr")])
    done = subprocess.run(
        [*interpreter, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    output = metrics.read_text() if metrics.exists() else done.stdout
    assert metrics.exists() == (tuned and "trial.report" in script)
    found = [READER.read(line) for line in output.splitlines()]
    assert found
    assert all(found)
    if "budget" in script:
        assert [each.budget for each in found if each] == list(range(10, 28) if tuned else range(1, 11))


def curve(script: str, folder: Path, start: int, end: int) -> dict[float | None, float]:
    """What a script reports in a job from one budget to another."""
    metrics = folder / "metrics.jsonl"
    metrics.unlink(missing_ok=True)
    job = replace(context(str(folder), str(metrics)), budget=end, previous_budget=start)
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **trial_environment({}, job, [])}
    (folder / "checkpoint").mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    output = metrics.read_text() if metrics.exists() else done.stdout
    return {found.budget: found.value for line in output.splitlines() if (found := READER.read(line))}


@pytest.mark.parametrize("script", CHECKPOINTED, ids=["plain", "torch"])
def test_the_examples_of_checkpoints_go_on_as_if_they_had_not_stopped(tmp_path: Path, script: str) -> None:
    if "torch" in script:
        pytest.importorskip("torch")
    whole = curve(script, tmp_path, 0, 6)
    assert list(whole) == [1, 2, 3, 4, 5, 6]
    assert len(set(whole.values())) == 6
    (tmp_path / "checkpoint").rename(tmp_path / "of the whole")
    parts = [curve(script, tmp_path, start, end) for start, end in [(0, 1), (1, 3), (3, 6)]]
    assert [list(part) for part in parts] == [[1], [2, 3], [4, 5, 6]]
    assert {budget: value for part in parts for budget, value in part.items()} == whole
