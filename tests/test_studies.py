"""The studies of the repository: each loads without a problem, and its script does what the study expects of it.

The scripts are run as a trial would be, by command and environment, so that this needs no tuner.
"""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from hpotune.study import lint, load_study

STUDIES = Path(__file__).parent.parent / "studies"
NAMES = sorted(path.parent.name for path in STUDIES.glob("*/study.yaml"))


def run(name, command, config=None, **variables):
    """The standard output of a script of a study, run in its folder with a trial's environment."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HPOTUNE_")}
    environment |= {f"HPOTUNE_{key}": str(value) for key, value in variables.items()}
    if config is not None:
        environment["HPOTUNE_CONFIG"] = json.dumps(config)
        environment |= {f"HPOTUNE_PARAM_{key.upper()}": str(value) for key, value in config.items()}
    command = [sys.executable if command[0] == "python" else command[0], *command[1:]]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    finished = subprocess.run(
        command, cwd=STUDIES / name, env=environment | threads, capture_output=True, text=True, timeout=120, check=True
    )
    assert finished.stderr == ""
    return finished.stdout


def test_the_six_studies_are_there():
    assert set(NAMES) >= {"argparse", "digits", "digits-multifidelity", "shell", "smoke", "torch-cnn"}


@pytest.mark.parametrize("name", NAMES)
def test_a_study_loads_and_nothing_about_it_is_doubtful(name):
    assert lint(load_study(STUDIES / name / "study.yaml")) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_study_names_its_own_run_command_in_its_readme(name):
    assert f"hpotune run studies/{name}/study.yaml" in (STUDIES / name / "README.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_default_configuration_of_a_study_is_complete(name):
    study = load_study(STUDIES / name / "study.yaml")
    assert study.strategy.name == "grid" or study.space.default() is not None


SGD = {"lr": 0.05, "hidden": 32, "alpha": 1e-4, "batch": 64, "activation": "tanh", "optimizer": "sgd", "momentum": 0.9}


class TestDigits:
    command = ("python", "train.py")

    def test_by_hand_it_trains_with_its_defaults_and_learns(self):
        lines = [json.loads(line) for line in run("digits", self.command).splitlines()]
        assert [line["epoch"] for line in lines] == list(range(1, 13))
        assert lines[-1]["val_accuracy"] > max(0.9, lines[0]["val_accuracy"])

    def test_the_defaults_of_the_script_are_those_of_the_study(self):
        config = load_study(STUDIES / "digits" / "study.yaml").space.default()
        assert run("digits", self.command, config, BUDGET=2) == run("digits", self.command, BUDGET=2)

    def test_configuration_and_seed_change_the_outcome_and_nothing_else_does(self):
        outcome = run("digits", self.command, SGD, SEED=1, BUDGET=2)
        assert outcome == run("digits", self.command, SGD, SEED=1, BUDGET=2)
        assert outcome != run("digits", self.command, SGD, SEED=2, BUDGET=2)
        assert outcome != run("digits", self.command, SGD | {"momentum": 0.5}, SEED=1, BUDGET=2)

    @pytest.mark.parametrize("optimizer", ["adam", "sgd"])
    def test_training_in_two_jobs_ends_as_training_in_one(self, tmp_path, optimizer):
        config = SGD | {"optimizer": optimizer}
        whole = run("digits", self.command, config, BUDGET=5).splitlines()
        first = run("digits", self.command, config, BUDGET=2, CHECKPOINT_DIR=tmp_path).splitlines()
        second = run("digits", self.command, config, BUDGET=5, PREVIOUS_BUDGET=2, CHECKPOINT_DIR=tmp_path).splitlines()
        assert first + second == whole

    def test_a_lost_checkpoint_means_starting_over(self, tmp_path):
        whole = run("digits", self.command, SGD, BUDGET=3)
        assert run("digits", self.command, SGD, BUDGET=3, PREVIOUS_BUDGET=2, CHECKPOINT_DIR=tmp_path) == whole


def check_resume(name, *options):
    """What `hpotune check-resume` says of a study, with the studies' own Python."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "hpotune", "check-resume", STUDIES / name / "study.yaml", "--json", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


NOISY = {"lr": 0.01, "hidden": 16, "alpha": 1e-4, "batch": 128, "activation": "tanh", "noise": 0.5}


class TestDigitsMultifidelity:
    name, command = "digits-multifidelity", ("python", "train.py")

    def test_the_defaults_of_the_script_are_those_of_the_study(self):
        config = load_study(STUDIES / self.name / "study.yaml").space.default()
        assert run(self.name, self.command, config, BUDGET=1) == run(self.name, self.command, BUDGET=1)

    def test_training_in_three_jobs_ends_as_training_in_one(self, tmp_path):
        whole = run(self.name, self.command, NOISY, BUDGET=4, SEED=5)
        parts = [
            run(self.name, self.command, NOISY, BUDGET=to, PREVIOUS_BUDGET=start, CHECKPOINT_DIR=tmp_path, SEED=5)
            for start, to in [(0, 1), (1, 2), (2, 4)]
        ]
        assert "".join(parts) == whole
        assert [path.name for path in tmp_path.iterdir()] == ["training.joblib"]

    def test_a_lost_checkpoint_means_starting_over(self, tmp_path):
        whole = run(self.name, self.command, NOISY, BUDGET=2)
        assert run(self.name, self.command, NOISY, BUDGET=2, PREVIOUS_BUDGET=1, CHECKPOINT_DIR=tmp_path) == whole

    def test_its_checkpoints_are_found_right(self):
        told = check_resume(self.name)
        assert told["right"], told["words"]
        assert (told["from"], told["to"], told["finding"]["spread"]) == (1, 3, 0)


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed: pip install -e '.[examples-torch]'")
class TestTorchCnn:
    name = "torch-cnn"

    def test_by_hand_it_trains_with_its_defaults_and_learns_and_saves_nothing(self, tmp_path):
        script = STUDIES / self.name / "train.py"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HPOTUNE_")}
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        accuracies = [float(value) for value in re.findall(r"val_accuracy=(\S+)", done.stdout)]
        assert len(accuracies) == 9
        assert accuracies[-1] > max(0.8, accuracies[0])
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("optimizer", ["adam", "sgd"])
    def test_its_checkpoints_are_found_right_whatever_the_optimiser(self, optimizer):
        default = f"parameters.optimizer.default={optimizer}"
        told = check_resume(
            self.name, "--set", default, "--set", "metric={name: val_loss, goal: minimize}", "--to", "2"
        )
        assert told["right"], told["words"]
        assert told["finding"]["spread"] == 0


class TestArgparse:
    def test_every_parameter_is_a_flag_of_the_script(self):
        shown = run("argparse", ("python", "train.py", "--help"))
        parameters = load_study(STUDIES / "argparse" / "study.yaml").parameters
        assert all(f"--{parameter.as_ or name} " in shown for name, parameter in parameters.items())

    def test_the_pattern_finds_the_test_accuracy_and_not_the_train_accuracy(self):
        study = load_study(STUDIES / "argparse" / "study.yaml")
        output = run("argparse", ("python", "train.py", "--n-estimators=20"))
        found = re.findall(study.metric.pattern, output)
        assert len(found) == 1
        assert 0.8 < float(found[0]) < 1

    def test_nothing_in_the_script_knows_of_the_tuner(self):
        assert "hpotune" not in (STUDIES / "argparse" / "train.py").read_text().lower()


class TestShell:
    command = ("sh", "forecast.sh")

    def loss(self, **config):
        return float(re.search(r"loss=(\S+)", run("shell", self.command, config))[1])

    def test_both_parameters_matter(self):
        assert len({self.loss(), self.loss(level=0.2), self.loss(trend=0.5), self.loss(level=0.2, trend=0.5)}) == 4

    def test_without_smoothing_the_forecast_is_the_last_value_plus_the_last_step(self):
        sales = [float(line.split()[1]) for line in (STUDIES / "shell" / "sales.txt").read_text().splitlines()[1:]]
        errors = [z - (2 * y - x) for x, y, z in zip(sales, sales[1:], sales[2:], strict=False)]
        assert self.loss(level=1, trend=1) == pytest.approx(sum(error**2 for error in errors) / len(errors), abs=1e-6)

    def test_numbers_in_scientific_notation_are_understood(self):
        assert self.loss(level=0.5, trend="1e-1") == self.loss(level=0.5, trend=0.1)


class TestSmoke:
    def test_the_best_point_of_the_grid_is_the_one_the_readme_names(self):
        grid = load_study(STUDIES / "smoke" / "study.yaml").space.grid()
        outputs = [(config, run("smoke", ("python", "train.py"), config)) for config in grid]
        losses = sorted(
            (float(output.split("loss=")[-1]), config["depth"], config["mode"]) for config, output in outputs
        )
        assert len(losses) == 18
        assert losses[0] == (0.0, 3, "b")
        assert losses[1][0] > 0


@pytest.mark.parametrize("name", ["digits-multifidelity", "torch-cnn"])
def test_a_study_with_rungs_runs_in_its_smoke_form(name, tmp_path):
    if name == "torch-cnn" and find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    command = [sys.executable, "-m", "hpotune", "run", str(STUDIES / name / "study.yaml"), "--smoke", "--json"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1", "PATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
