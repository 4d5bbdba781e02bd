from __future__ import annotations

import csv
import io
import json
import math
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from histories import Tale
from history_strategies import NASTY, tales
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from hpotune.errors import RunError, UsageError
from hpotune.history import rank
from hpotune.journal.folder import RunFolder
from hpotune.report import FORMATS, Report, build, collect, render
from hpotune.report.by_hand import shell_quoted

FOLDER = RunFolder(Path("/home/someone/runs/digits"))


def report_of(tale: Tale, top: int = 10) -> Report:
    return build(*collect(tale.events), FOLDER, top)


@given(tales(), st.sampled_from(sorted(FORMATS)), st.integers(20, 160))
@settings(max_examples=100, deadline=None)
def test_every_history_has_a_report_without_escape_codes(tale: Tale, form: str, width: int) -> None:
    text = render(report_of(tale), form, width)
    assert text.endswith("\n")
    assert all(line.isprintable() for line in text.split("\n"))
    text.encode()  # no half of a surrogate pair is left


@given(tales(), st.integers(20, 160))
@settings(max_examples=60, deadline=None)
def test_no_line_of_the_table_is_wider_than_asked_but_the_command(tale: Tale, width: int) -> None:
    lines = render(report_of(tale), "table", width).split("\n")
    start = next((i for i, line in enumerate(lines) if line.startswith("By hand")), len(lines))
    end = next((i for i in range(start, len(lines)) if not lines[i]), len(lines))
    assert all(cell_len(line) <= width for line in lines[:start] + lines[end:])


@given(tales(), st.integers(1, 5))
@settings(deadline=None)
def test_the_json_report_agrees_with_the_history(tale: Tale, top: int) -> None:
    found = json.loads(render(report_of(tale, top), "json"))
    ranked = sorted((trial for trial in tale.history.trials if trial.loss is not None), key=rank)
    assert [row["trial"] for row in found["top"]] == [trial.number for trial in ranked[:top]]
    assert [row["rank"] for row in found["top"]] == list(range(1, len(found["top"]) + 1))
    assert (found["best"] or {}).get("trial") == (ranked[0].number if ranked else None)
    assert sum(row["count"] for row in found["failures"]) == found["trials"]["failed"]
    assert found["run"]["events"] == len(tale.events)
    if ranked:
        assert found["best"]["value"] == tale.history.value(ranked[0].loss)


def test_the_keys_of_the_json_report_stay() -> None:
    tale = Tale()
    tale.completed(0.9)
    tale.failed(message="boom")
    found = json.loads(render(report_of(tale.finish("trials")), "json"))
    assert {key: sorted(value) if isinstance(value, dict) else value for key, value in found.items()
            if key not in {"top", "failures"}} == {
        "format": 1,
        "study": ["goal", "metric", "name", "parameters", "seed", "strategy"],
        "run": ["events", "path", "reports", "sessions", "started", "versions"],
        "outcome": ["exit_code", "finished", "words"],
        "trials": ["completed", "failed", "paused", "planned", "running", "stopped", "to_run_again", "total"],
        "seconds": ["elapsed", "trials"],
        "best": ["budget", "config", "origin", "seconds", "state", "trial", "value"],
        "by_hand": ["argv", "environment", "folder", "line"],
        "schedule": None,
    }  # fmt: skip
    assert sorted(found["top"][0]) == ["budget", "config", "origin", "rank", "seconds", "state", "trial", "value"]
    assert sorted(found["failures"][0]) == ["cause", "count", "log", "message", "trial", "words"]


@given(tales())
@settings(deadline=None)
def test_the_csv_has_a_row_for_each_trial_that_reads_back(tale: Tale) -> None:
    rows = list(csv.DictReader(io.StringIO(render(report_of(tale), "csv"))))
    assert len(rows) == len(tale.history.trials)
    for row, trial in zip(rows, tale.history.trials, strict=True):
        assert row["trial"] == str(trial.number)
        assert row["state"] == trial.state
        assert (float(row["value"]) if row["value"] else None) == tale.history.value(trial.loss)
        for name in tale.history.study.parameters:
            cell, value = row[f"config.{name}"], trial.config.get(name, "")
            if isinstance(value, float):
                assert float(cell) == value
            elif isinstance(value, str) and value.isprintable() and not value.startswith(("=", "+", "-", "@")):
                assert cell == value
            elif isinstance(value, bool | int) or value is None:
                assert json.loads(cell) == value


@given(NASTY)
@settings(deadline=None)
def test_no_cell_is_a_formula(text: str) -> None:
    tale = Tale()
    tale.completed(0.5, {"optimizer": text})
    row = next(csv.DictReader(io.StringIO(render(report_of(tale), "csv"))))
    cell = row["config.optimizer"]
    assert not cell.startswith(("=", "@", "\t", "\r"))
    if cell.startswith(("+", "-")):
        assert math.isfinite(float(cell))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20))
@settings(max_examples=30, deadline=None)
def test_a_quoted_word_arrives_in_the_shell_as_it_was(word: str) -> None:
    quoted = shell_quoted(word)
    assert quoted.isprintable()
    line = ["bash", "-c", f"printf %s {quoted}"]
    assert subprocess.run(line, capture_output=True, check=True).stdout.decode() == word


def test_the_command_by_hand_starts_the_best_configuration() -> None:
    config = {"lr": 0.0031, "hidden": 256, "optimizer": "it's"}
    tale = Tale(command=["python", "train.py"], trial={"env": {"OMP_NUM_THREADS": "1"}})
    tale.completed(0.9, config)
    by_hand = report_of(tale).by_hand
    assert by_hand is not None
    words = dict(word.split("=", 1) for word in shlex.split(by_hand.line)[:-2])
    assert json.loads(words["HPOTUNE_CONFIG"]) == config
    assert words["OMP_NUM_THREADS"] == "1"
    assert set(words) == {"HPOTUNE_CONFIG", "HPOTUNE_SEED", "OMP_NUM_THREADS"}
    assert shlex.split(by_hand.line)[-2:] == ["python", "train.py"]
    assert by_hand.environment["HPOTUNE_PARAM_HIDDEN"] == "256"


def test_a_command_that_tells_the_configuration_needs_no_variable_for_it() -> None:
    tale = Tale(command=["python", "train.py", "${args}"])
    tale.completed(0.9, {"lr": 0.5, "hidden": 64, "optimizer": "sgd"})
    by_hand = report_of(tale).by_hand
    assert by_hand is not None
    assert by_hand.argv == ("python", "train.py", "--lr=0.5", "--hidden=64", "--optimizer=sgd")
    assert set(by_hand.needed) == {"HPOTUNE_SEED"}


def test_a_shell_script_is_given_one_variable_for_each_parameter() -> None:
    tale = Tale(command=["sh", "train.sh"])
    tale.completed(0.9, {"lr": 0.5, "hidden": 64, "optimizer": "sgd"})
    by_hand = report_of(tale).by_hand
    assert by_hand is not None
    assert set(by_hand.needed) == {
        "HPOTUNE_PARAM_LR", "HPOTUNE_PARAM_HIDDEN", "HPOTUNE_PARAM_OPTIMIZER", "HPOTUNE_SEED"
    }  # fmt: skip


def test_a_study_with_a_budget_is_run_by_hand_from_the_start_to_the_budget_of_the_value() -> None:
    tale = Tale(budget={"name": "epochs", "min": 1, "max": 81})
    number = tale.plan(budget=27)
    tale.launch(number, to=27)
    tale.report(number, 0.9, 27)
    tale.end(number)
    by_hand = report_of(tale).by_hand
    assert by_hand is not None
    assert by_hand.environment["HPOTUNE_BUDGET"] == "27"
    assert by_hand.environment["HPOTUNE_PREVIOUS_BUDGET"] == "0"


def test_failures_come_with_an_example_and_its_log() -> None:
    tale = Tale()
    for _ in range(2):
        tale.failed(message="ModuleNotFoundError: No module named 'foo'")
    tale.failed("no_metric", "val_acc=0.9", code=0)
    first, second = report_of(tale).failures
    assert (first.cause, first.words, first.count, first.trial) == ("exit", "exit code 1", 2, 0)
    assert first.log == "trials/00000/jobs/0-0/stderr.log"
    assert (second.cause, second.message, second.log) == (
        "no_metric", "val_acc=0.9", "trials/00002/jobs/0-0/stdout.log"
    )  # fmt: skip


def test_the_table_shows_what_matters() -> None:
    tale = Tale()
    tale.completed(0.91234, {"lr": 0.5, "hidden": 64, "optimizer": "sgd"})
    tale.failed(message="boom")
    text = render(report_of(tale.finish("trials")), "table", 100)
    for words in ("all 10 trials are done", "Best  val_accuracy 0.91234  trial 0", "hidden     64", "By hand", "boom"):
        assert words in text
    assert re.search(r"1 +0 +0\.91234 +10\.0s +0\.5 +64 +sgd", text)


def test_an_empty_journal_has_no_report() -> None:
    with pytest.raises(RunError):
        collect([])


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(UsageError, match="yaml"):
        render(report_of(Tale()), "yaml")
