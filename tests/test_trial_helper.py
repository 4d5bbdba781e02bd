"""`hpotune.trial` in real processes: what it reads, what it writes, and that it stands alone."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpotune import trial
from hpotune.protocol import MetricReader, Outward, TrialContext, trial_environment

SOURCE = Path(trial.__file__)


def oldest_python() -> str:
    """The oldest interpreter from 3.8 on that is on the PATH or managed by pyenv, else this one."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(8, sys.version_info.minor):
        for python in (shutil.which(f"python3.{minor}"), *versions.glob(f"3.{minor}.*/bin/python3.{minor}")):
            if python and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
                return str(python)
    return sys.executable


@pytest.fixture(params=["this Python", "oldest Python"], scope="module")
def python(request: pytest.FixtureRequest) -> str:
    return sys.executable if request.param == "this Python" else oldest_python()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a copy of the one file, as a user without hpotune would have it."""
    shutil.copy(SOURCE, tmp_path / "trial.py")
    return tmp_path


def context(folder: Path, budget: float | None = 27, previous_budget: float | None = 9) -> TrialContext:
    return TrialContext(
        study="s",
        trial_id=42,
        trial_dir=str(folder),
        config_file=str(folder / "config.json"),
        checkpoint_dir=str(folder / "checkpoint"),
        metrics_file=str(folder / "metrics.jsonl"),
        seed=123,
        budget=budget,
        previous_budget=previous_budget,
        token="t",
    )


def run(python: str, script: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [python, "-S", "-c", script], cwd=folder, env=environment or {}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_inside_a_trial(python: str, folder: Path) -> None:
    config = {"lr": 1e-5, "hidden": 64, "optim.name": "adam"}
    environment = trial_environment(config, context(folder), [Outward(name, name) for name in config])
    script = """
import json, trial
config = trial.defaults({"optim.beta": 0.9}, lr=0.5, momentum=0.8)
assert config is trial.config and config.lr == 1e-5 and config["momentum"] == 0.8 and config["optim.beta"] == 0.9
assert trial.get("hidden", 3) == 64 and trial.get("layers", 3) == 3 and trial.get("layers") is None
try:
    config.layers
except AttributeError as error:
    assert "no parameter 'layers'" in str(error) and "hidden" in str(error)
else:
    raise SystemExit("config.layers must not exist")
print(json.dumps([trial.active, trial.trial_id, trial.seed, trial.budget, trial.previous_budget, str(trial.dir)]))
print(trial.checkpoint_dir)
trial.report(epochs=3, val_accuracy=0.91)
"""
    values, checkpoint = run(python, script, folder, environment).splitlines()
    assert json.loads(values) == [True, 42, 123, 27, 9, str(folder)]
    assert checkpoint == str(folder / "checkpoint")
    assert (folder / "metrics.jsonl").read_text() == '{"epochs": 3, "val_accuracy": 0.91}\n'


def test_by_hand(python: str, folder: Path) -> None:
    script = """
import trial
config = trial.defaults(lr=0.1, hidden=64)
assert (config.lr, config.hidden) == (0.1, 64)
assert (trial.active, trial.trial_id, trial.seed, trial.budget, trial.previous_budget) == (False, None, 0, None, 0)
trial.report(epochs=3, val_accuracy=0.91)
trial.report({"val/acc": float("nan")}, epochs=4)
"""
    assert run(python, script, folder) == "epochs=3 val_accuracy=0.91\nval/acc=nan epochs=4\n"
    assert {path.name for path in folder.iterdir()} <= {"trial.py", "__pycache__"}


def test_a_configuration_too_large_for_a_variable_is_read_from_its_file(python: str, folder: Path) -> None:
    (folder / "config.json").write_text('{"lr": 0.5}')
    script = "import trial; print(trial.config.lr)"
    assert run(python, script, folder, {"HPOTUNE_CONFIG_FILE": str(folder / "config.json")}) == "0.5\n"


def test_every_report_is_read_back_by_the_tuner(python: str, folder: Path) -> None:
    script = """
import decimal, fractions, trial
class Scalar:  # as the scalars of NumPy and PyTorch
    def __float__(self):
        return 0.1
class Whole(Scalar):
    def __index__(self):
        return 7
values = [0.1, -1e-300, 3, float("nan"), float("inf"), float("-inf"), Scalar(), Whole(), decimal.Decimal("0.5"),
          fractions.Fraction(1, 4), True]
for epoch, value in enumerate(values):
    trial.report(epoch=epoch, val_accuracy=value)
"""
    run(python, script, folder, trial_environment({}, context(folder), ()))
    reader = MetricReader("val_accuracy", ("epoch",))
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    found = [reader.read(line) for line in lines]
    values = [each.value for each in found if each]
    assert [each.budget for each in found if each] == list(range(len(lines)))
    assert math.isnan(values.pop(3))
    assert values == [0.1, -1e-300, 3, math.inf, -math.inf, 0.1, 7, 0.5, 0.25, 1]
    assert all(json.loads(line, parse_constant=pytest.fail) for line in lines)


@pytest.mark.parametrize("call", ["trial.report()", "trial.report(acc='good')", "trial.report(acc=None)"])
def test_what_is_no_number_is_refused_in_words(folder: Path, call: str) -> None:
    script = f"import trial\ntry:\n    {call}\nexcept TypeError as error:\n    print(error)"
    assert "number" in run(sys.executable, script, folder)


def test_reports_of_several_processes_do_not_mix(folder: Path) -> None:
    script = """
import os, trial
children = [os.fork() for _ in range(3)]
for epoch in range(300):
    trial.report(epoch=epoch, val_accuracy=0.123456789, padding=10**200)
"""
    run(sys.executable, script, folder, trial_environment({}, context(folder), ()))
    # `run` waits for the end of the output, which all eight processes hold
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 8 * 300
    assert all(json.loads(line)["val_accuracy"] == 0.123456789 for line in lines)


def test_a_checkpoint_is_whole_or_the_one_before(python: str, folder: Path) -> None:
    script = """
import trial
with trial.saving("model.json") as path:
    assert path.suffix == ".json"
    path.write_text("first")
try:
    with trial.saving("model.json") as path:
        path.write_text("half")
        raise KeyboardInterrupt
except KeyboardInterrupt:
    pass
print((trial.checkpoint_dir / "model.json").read_text())
"""
    assert run(python, script, folder) == "first\n"
    assert run(python, script, folder, {"HPOTUNE_CHECKPOINT_DIR": str(folder / "kept")}) == "first\n"
    assert (folder / "kept" / "model.json").exists()


def test_it_imports_nothing_of_the_package_and_nothing_heavy() -> None:
    script = "import sys; from hpotune import trial; print(*sorted(sys.modules))"
    root = str(SOURCE.parent.parent)
    modules = run(sys.executable, script, SOURCE.parent, {"PYTHONPATH": root}).split()
    assert {name for name in modules if name.split(".")[0] == "hpotune"} == {"hpotune", "hpotune.trial"}
    assert not {"numpy", "scipy", "pydantic"} & set(modules)
