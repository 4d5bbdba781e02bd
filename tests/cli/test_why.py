"""`hpotune why`, and the line of it that `show` prints: on journals written without a searcher."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from histories import Tale
from whys import FIT, GP, plan

from hpotune import events as ev
from hpotune.events import encode
from hpotune.journal import JournalWriter

RECORD = {**GP, "fit": FIT}

Told = Callable[..., str]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Writes a run of one trial with a record, which came out at 0.922; gives its folder."""

    def write(record: dict[str, Any]) -> str:
        tale = Tale()
        plan(tale, record)
        tale.launch(0)
        tale.report(0, 0.922)
        tale.tell(ev.TrialStopped(0, {"rule": "target"}, tale.history.n))
        tale.end(0, "stopped")
        folder = tmp_path / "runs" / "digits"
        folder.mkdir(parents=True)
        writer = JournalWriter.create(folder / "journal.jsonl")
        for n, event in enumerate(tale.events):
            writer.append(encode(n, event))
        writer.flush()
        return str(folder)

    return write


def test_why_tells_it_in_words(call, told: Told) -> None:
    shown = call("why", told(RECORD), "0")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        "trial 0 of digits  lr=0.01 hidden=128 optimizer=adam",
        "",
        "why it was tried",
        "  the model, a Gaussian process, chose it among 2,048 candidates by log expected improvement (-3.25)",
        "  it expected val_accuracy 0.91 ± 0.02; the incumbent, its best until then, was 0.905",
        "  it had learnt from 20 observations, with 3 trials pending and 1 trial failed",
        "  it gave the trial a chance of 93 % not to fail",
        "  its hyperparameters were fitted anew for this proposal, to 18 trials that had ended",
        "  what it found to matter, by length scale as a share of the range (a short one matters most):",
        "    lr         0.21",
        "    optimizer  0.8",
        "    hidden     12       hardly matters",
        "  further of the fit: signal=0.83 noise=0.01 power=0.5",
        "",
        "what came of it",
        "  it was stopped early at val_accuracy 0.922: so far 0.6 sd better than expected, better than the incumbent",
        "  it is the best trial of the run as it stands",
        "",
        "what was decided about it",
        "  stopped early: the target is reached",
    ]


def test_json_gives_the_same_as_data_in_the_metrics_sign(call, told: Told) -> None:
    row = json.loads(call("why", told(RECORD), "0", "--json").stdout)
    assert set(row) == {"trial", "origin", "config", "proposal", "wanted", "result", "decisions"}
    proposal, result = row["proposal"], row["result"]
    assert (proposal["by"], proposal["expected"], proposal["sd"], proposal["incumbent"]) == ("gp", 0.91, 0.02, 0.905)
    assert (proposal["observations"], proposal["pending"], proposal["failed"]) == (20, 3, 1)
    assert (proposal["fitted"], proposal["fitted_for"], proposal["fallback"], proposal["other"]) == (18, 0, None, {})
    assert proposal["fit"]["lengths"] == [
        {"parameter": "lr", "length": 0.21, "matters": True},
        {"parameter": "optimizer", "length": 0.8, "matters": True},
        {"parameter": "hidden", "length": 12.0, "matters": False},
    ]
    assert (result["state"], result["value"], result["improved"], result["best"]) == ("stopped", 0.922, True, True)
    assert result["better_by"] == pytest.approx(0.012)
    assert result["deviations"] == pytest.approx(0.6)
    (decision,) = row["decisions"]
    assert (decision["decision"], decision["reason"]) == ("trial_stopped", {"rule": "target"})


def test_show_has_a_line_of_it(call, told: Told) -> None:
    assert "  proposed by  the model: 0.91 ± 0.02 expected\n" in call("show", told(RECORD), "0").stdout


def test_a_run_from_before_there_were_models(call, done_run) -> None:
    folder = str(done_run.folder.path)
    assert "independent draw from the space, keyed by seed 1" in call("why", folder, "2").stdout
    assert "failed: non-zero exit — Traceback" in call("why", folder, "1").stdout
    assert "proposed by  a random draw" in call("show", folder, "0").stdout
    assert json.loads(call("why", folder, "2", "--json").stdout)["proposal"]["by"] == "random"


def test_a_record_of_a_later_version_is_shown_and_cannot_trick_the_terminal(call, told: Told) -> None:
    shown = call("why", told({"by": "m\x1b[31mtic", "depth": 3, "a\nb": ["\u202e"]}), "0")
    assert shown.returncode == 0
    assert "depth=3" in shown.stdout
    assert not {"\x1b", "\u202e"} & set(shown.stdout)


def test_why_changes_nothing(call, done_run) -> None:
    files = {path: path.read_bytes() for path in done_run.folder.path.rglob("*") if path.is_file()}
    call("why", str(done_run.folder.path), "1")
    assert {path: path.read_bytes() for path in done_run.folder.path.rglob("*") if path.is_file()} == files


def test_a_trial_that_is_not_there(call, done_run) -> None:
    shown = call("why", str(done_run.folder.path), "3")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "no trial 3" in shown.stderr
