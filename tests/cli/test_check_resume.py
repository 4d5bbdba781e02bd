"""`hpotune check-resume`: a script whose checkpoints are right, and the ways to get them wrong, told apart."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import pytest

from hpotune.cli.check_resume import ends
from hpotune.errors import UsageError
from hpotune.study.sections import Budget

# Gradient descent with momentum on noise: everything that a checkpoint must hold, in a few lines.
SCRIPT = """
import json, os, random, pathlib
done, last = int(os.environ["HPOTUNE_PREVIOUS_BUDGET"]), int(os.environ["HPOTUNE_BUDGET"])
file = pathlib.Path(os.environ["HPOTUNE_CHECKPOINT_DIR"]) / "state.json"
seed = os.environ["HPOTUNE_SEED"]
state = {"epoch": 0, "w": 4.0, "speed": 0.0}
draws = random.Random(seed)
def load():
    global state
    state = json.loads(file.read_text())
    kind, internal, gauss = state.pop("draws")
    draws.setstate((kind, tuple(internal), gauss))
def save():
    file.write_text(json.dumps({**state, "draws": draws.getstate()}))
def step(rate=0.1):
    state["speed"] = 0.9 * state["speed"] - rate * (state["w"] + draws.gauss(0, 0.1))
    state["w"] += state["speed"]
    state["epoch"] += 1
def report():
    print(f"epoch={state['epoch']} loss={state['w'] ** 2}")
"""
RIGHT = "if done: load()\nwhile state['epoch'] < last:\n    step()\n    report()\nsave()\n"
ELSEWHERE = "checkpoint, file = file, pathlib.Path('state.json')\n"
CHECK = ("check-resume", "study.yaml")


@pytest.fixture
def checked(cli, tmp_path: Path):
    """Runs the beginning above with an end of its own under `check-resume`."""

    def run(end: str, *options: str, **changes: object):
        (tmp_path / "train.py").write_text(SCRIPT + textwrap.dedent(end))
        study = {
            "name": "toy",
            "command": [sys.executable, "-S", "train.py"],
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"lr": {"type": "float", "low": 0.001, "high": 0.1, "default": 0.01}},
            "budget": {"name": "epochs", "min": 2, "max": 18},
            "limits": {"trials": 3},
            "seed": 1,
            **changes,
        }
        (tmp_path / "study.yaml").write_text(json.dumps({name: value for name, value in study.items() if value}))
        return cli(*CHECK, *options)

    return run


def test_a_script_that_saves_all_it_needs_is_right(checked, tmp_path: Path) -> None:
    shown = checked(RIGHT)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("the checkpoints are right")
    assert "the same to the last digit" in shown.stdout
    lines = shown.stderr.splitlines()
    assert lines[2].strip() == "to 2 and on to 6 epochs; twice to 6 in one go"
    assert "18 epochs in all" in lines[3]
    assert [line.split()[0] for line in lines[4:8]] == ["first", "straight", "resumed", "straight"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.yaml", "train.py"]


def test_the_budgets_may_be_chosen_and_a_script_may_count_from_0(checked) -> None:
    shown = checked(RIGHT.replace("    step()\n    report()", "    report()\n    step()"), "--from", "3", "--to", "5")
    assert shown.returncode == 0, shown.stderr
    assert "first       0 → 3 epochs" in shown.stderr
    assert "resumed     3 → 5 epochs" in shown.stderr


@pytest.mark.parametrize(
    ("end", "finding", "words"),
    [
        # nothing of the kind
        ("while state['epoch'] < last: step(); report()", "empty", "HPOTUNE_CHECKPOINT_DIR is empty"),
        ("while state['epoch'] < last: step(); report()\nsave()", "started_over", "began again from the start"),
        ("state['epoch'] = done\nwhile state['epoch'] < last: step(); report()\nsave()", "anew", "counts on"),
        # half of it
        (RIGHT.replace("load()", "load(); state['speed'] = 0.0"), "different", "optimiser's state"),
        (RIGHT.replace("load()", "load(); draws.seed(seed)"), "different", "data order"),
        (RIGHT.replace("step()", "step(0.1 * (1 - state['epoch'] / last))"), "schedule", "learning-rate schedule"),
        # the wrong length
        ("if done: load()\nfor _ in range(4): step(); report()\nsave()", "past", "went on to 4 epochs"),
        ("if done: load()\nfor _ in range(last): step(); report()\nsave()", "past", "from the very start"),
        ("if done: load()\nfor _ in range(2): step(); report()\nsave()", "short", "whatever HPOTUNE_BUDGET says"),
        ("step(); report(); save()", "short", "short of 2"),
        # nothing to compare
        (RIGHT.replace("report()", "print('loss=1')"), "no_budget", "print it on the line"),
        (RIGHT.replace("report()", "pass"), "silent", "gave no loss"),
        (RIGHT.replace("report()", "print(f'epoch={state[\"epoch\"]} loss=nan')"), "failed", "finite number"),
        (RIGHT.replace("report()", "print(f'epoch={state[\"epoch\"]} loss=1')"), "unclear", "same at every report"),
        # trouble
        ("raise SystemExit('no data')", "failed", "exit code 1: no data"),
        (RIGHT.replace("load()", "raise OSError('torn')"), "failed", "look at what loads the checkpoint"),
        # state that other trials would find
        (ELSEWHERE + RIGHT, "empty", "HPOTUNE_CHECKPOINT_DIR is empty"),
        (ELSEWHERE + RIGHT + "checkpoint.touch()", "silent", "another training has found"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_apart(checked, end: str, finding: str, words: str) -> None:
    shown = checked(end, "--json")
    assert shown.returncode == 1, shown.stderr
    told = json.loads(shown.stdout)
    assert told["finding"]["kind"] == finding, told["words"]
    assert told["right"] is False
    assert words in "\n".join(told["words"])


NOISY = "noise = random.SystemRandom()\n" + RIGHT.replace("report()", "state['w'] += noise.gauss(0, {sigma}); report()")


def test_a_training_that_is_not_deterministic_is_measured_by_itself(checked) -> None:
    told = json.loads(checked(NOISY.format(sigma=1e-3), "--json").stdout)
    finding = told["finding"]
    assert finding["spread"] > 0
    assert finding["tolerance"] >= finding["spread"]
    assert finding["kind"] in {"right", "different", "schedule"}  # chance: two runs are a small sample
    begun_anew = NOISY.format(sigma=1e-6).replace("load()", "state['epoch'] = done")
    assert json.loads(checked(begun_anew, "--json").stdout)["finding"]["kind"] in {"anew", "different"}


def test_more_noise_than_progress_tells_nothing(checked) -> None:
    drowned = RIGHT.replace("report()", "print(f\"epoch={state['epoch']} loss={random.SystemRandom().random()}\")")
    shown = checked(drowned)
    assert shown.returncode == 1
    assert shown.stdout


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": None}, "the study has no budget"),
        ({"budget": {"name": "epochs", "max": 9, "resume": False}}, "always trains from the start"),
        ({"budget": {"name": "epochs", "max": 1}}, "nothing to resume"),
    ],
)
def test_a_study_in_which_nothing_is_resumed_is_refused(checked, changes: dict[str, object], words: str) -> None:
    shown = checked(RIGHT, **changes)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert words in shown.stderr


@pytest.mark.parametrize(
    ("budget", "eta", "chosen"),
    [
        ({"max": 27}, 3, (1, 3)),
        ({"max": 27}, None, (1, 3)),
        ({"max": 16}, 2, (1, 3)),  # the rung above is only one epoch further
        ({"max": 2}, 3, (1, 2)),
        ({"min": 5, "max": 6}, 3, (3, 6)),
        ({"min": 0.5, "max": 8}, 4, (0.5, 2.5)),
        ({"min": 100, "max": 1000}, 3, (111, 333)),
    ],
)
def test_two_rungs_are_chosen_not_too_close(
    budget: dict[str, float], eta: int | None, chosen: tuple[float, ...]
) -> None:
    assert ends(Budget(name="epochs", **budget), eta, None, None) == chosen


@pytest.mark.parametrize(("start", "end"), [(27, None), (0, None), (-1, 3), (3, 3), (None, 1), (float("nan"), 3)])
def test_ends_that_leave_nothing_to_resume_are_refused(start: float | None, end: float | None) -> None:
    with pytest.raises(UsageError, match="nothing to resume"):
        ends(Budget(name="epochs", max=27), 3, start, end)
