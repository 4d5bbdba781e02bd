"""Which run is meant: `locate` in all its forms, and reading a run from its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hpotune import events as ev
from hpotune.errors import DamagedError, RunError, StudyError, UsageError
from hpotune.events import Event
from hpotune.journal import JournalWriter
from hpotune.journal.folder import RunFolder, locate, runs_below
from studies import study


def make_run(path: Path, *more: Event, name: str | None = None) -> RunFolder:
    """A run that has begun."""
    path.mkdir(parents=True)
    folder = RunFolder(path)
    whole = study(name=name or path.name).to_dict()
    with JournalWriter.create(folder.journal) as writer:
        for n, event in enumerate([ev.StudyStarted(1, whole, 7), ev.Capacity(2), *more]):
            writer.append(ev.encode(n, event))
        writer.flush()
    return folder


def make_study(path: Path, name: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = study(name=name or "x").to_dict()
    if name is None:
        del data["name"]
    path.write_text(json.dumps(data))
    return path


def refusal(*arguments: Any) -> str:
    with pytest.raises(UsageError) as caught:
        locate(*arguments)
    return f"{caught.value.message} | {caught.value.remedy}"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# A run's folder


def test_a_runs_folder(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "digits")
    expected = tmp_path / "runs" / "digits"
    assert locate("runs/digits").path == expected
    assert locate(f"{tmp_path}/runs/digits/").path == expected
    assert locate("runs/digits/journal.jsonl").path == expected
    assert locate("digits").path == expected, "below ./runs its name is enough"
    assert locate("runs/digits").name == "digits"


def test_a_run_by_its_name_below_another_folder(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "digits")
    make_run(tmp_path / "elsewhere" / "digits")
    make_run(tmp_path / "elsewhere" / "other")
    assert locate("digits", Path("elsewhere")).path == tmp_path / "elsewhere" / "digits"
    assert locate("other", Path("elsewhere")).path == tmp_path / "elsewhere" / "other"
    assert "there is no run other" in refusal("other")


def test_a_folder_reached_through_a_link(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "digits")
    (tmp_path / "latest").symlink_to("runs/digits")
    assert locate("latest").path == tmp_path / "runs" / "digits"


# A study file


def test_a_study_file_means_its_run(tmp_path: Path) -> None:
    file = make_study(tmp_path / "work" / "tune.yaml", "digits")
    make_run(tmp_path / "work" / "runs" / "digits")
    assert locate("work/tune.yaml").path == tmp_path / "work" / "runs" / "digits"
    assert locate(str(file)).path == tmp_path / "work" / "runs" / "digits"
    make_run(tmp_path / "elsewhere" / "digits")
    assert locate("work/tune.yaml", Path("elsewhere")).path == tmp_path / "elsewhere" / "digits"


def test_a_study_file_without_a_name_is_named_after_itself(tmp_path: Path) -> None:
    make_study(tmp_path / "tune.yaml")
    make_run(tmp_path / "runs" / "tune")
    assert locate("tune.yaml").name == "tune"


def test_a_study_file_that_was_never_run(tmp_path: Path) -> None:
    make_study(tmp_path / "tune.yaml")
    assert refusal("tune.yaml") == (
        f"study tune.yaml has no run at {tmp_path}/runs/tune | start it with `hpotune run tune.yaml`"
    )


def test_a_study_file_with_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "tune.yaml").write_text("metrc: 1\n")
    with pytest.raises(StudyError, match="metrc"):
        locate("tune.yaml")


# Nothing named


def test_the_only_run_is_meant(tmp_path: Path) -> None:
    assert refusal(None) == "there is no run below runs | name the run's folder, or the study file"
    make_run(tmp_path / "runs" / "digits")
    (tmp_path / "runs" / "not-a-run").mkdir()
    (tmp_path / "runs" / "notes.txt").write_text("")
    assert locate(None).path == tmp_path / "runs" / "digits"
    make_run(tmp_path / "runs" / "other")
    assert refusal(None) == (
        f"there are 2 runs below runs; which one? | runs: {tmp_path}/runs/digits, {tmp_path}/runs/other"
    )


def test_the_only_run_below_another_folder(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "digits")
    make_run(tmp_path / "elsewhere" / "other")
    assert locate(None, Path("elsewhere")).name == "other"
    assert "no run below nowhere" in refusal(None, Path("nowhere"))


def test_a_run_that_was_put_aside_is_not_meant(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "digits")
    make_run(tmp_path / "runs" / "digits.1", name="digits")
    make_run(tmp_path / "runs" / "digits.2", name="digits")
    assert locate(None).name == "digits"
    assert locate("digits.1").name == "digits.1"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("digits.1", "digits.1"),  # a study's own name
        ("digits.x", "digits"),  # no number
        ("letters.1", "letters"),  # there is no later run of it
    ],
)
def test_a_run_with_a_dot_in_its_name_is_a_run(tmp_path: Path, folder: str, name: str) -> None:
    make_run(tmp_path / "runs" / "digits")
    make_run(tmp_path / "runs" / folder, name=name)
    assert "there are 2 runs below runs" in refusal(None)


def test_with_nothing_but_runs_put_aside_one_must_be_named(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "digits.1", name="digits")
    assert locate(None).name == "digits.1"
    make_run(tmp_path / "runs" / "digits.2", name="digits")
    assert "there are 2 runs below runs" in refusal(None)


# A folder that is no run


def test_a_folder_stands_for_the_only_run_in_it(tmp_path: Path) -> None:
    make_run(tmp_path / "work" / "runs" / "digits")
    assert locate("work").path == locate("work/runs").path == tmp_path / "work" / "runs" / "digits"
    make_run(tmp_path / "work" / "runs" / "other")
    assert "there are 2 runs below work/runs" in refusal("work")


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refusal("empty") == ("empty is no run: it has no journal.jsonl | start one with `hpotune run study.yaml`")
    make_run(tmp_path / "digits")
    assert refusal("empty") == f"empty is no run: it has no journal.jsonl | runs: {tmp_path}/digits"


def test_what_does_not_exist(tmp_path: Path) -> None:
    assert refusal("nowhere") == "there is no run nowhere | start one with `hpotune run study.yaml`"
    for number in range(12):
        make_run(tmp_path / "runs" / f"run{number:02d}")
    found = refusal("nowhere")
    assert found.startswith(f"there is no run nowhere | runs: {tmp_path}/runs/run00, ")
    assert found.count("/runs/run") == 8, "not a wall of them"


def test_runs_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        make_run(tmp_path / "runs" / name)
    (tmp_path / "runs" / "d" / "journal.jsonl").mkdir(parents=True)
    assert [run.name for run in runs_below(Path("runs"))] == ["a", "b", "c"]
    assert runs_below(Path("nowhere")) == []
    assert runs_below(tmp_path / "runs" / "a" / "journal.jsonl") == []


# What is in a run


def test_the_places_of_a_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "digits")
    inside = {
        "journal.jsonl": folder.journal,
        "study.yaml": folder.study_copy,
        "tuner.log": folder.log,
        "trials/00042": folder.trial(42),
        "trials/00042/jobs/1-2": folder.attempt(42, 1, 2),
        "trials/123456": folder.trial(123456),
    }
    assert {name: folder.path / name for name in inside} == inside


def test_a_run_is_read_from_its_journal(tmp_path: Path) -> None:
    planned = ev.TrialPlanned(0, {"lr": 0.01, "batch": 16}, "search", 1)
    folder = make_run(tmp_path / "runs" / "digits", planned)
    events = list(folder.events())
    assert events[1:] == [ev.Capacity(2), planned]
    assert folder.study() == study(name="digits")
    history = folder.history()
    assert (history.n, history.workers, len(history.trials)) == (2, 2, 1)


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "runs" / "digits")
    with folder.journal.open("ab") as file:
        file.write(b'{"n":2,"event":"cap')
    assert folder.history().n == 1


def write_lines(folder: RunFolder, *lines: dict[str, Any]) -> None:
    folder.path.mkdir(parents=True)
    with JournalWriter.create(folder.journal) as writer:
        for n, line in enumerate(lines):
            writer.append({"n": n, **line})
        writer.flush()


def test_a_journal_of_a_newer_format(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    write_lines(folder, {"event": "study_started", "format": 2, "something": "else"})
    with pytest.raises(RunError, match="journal format 2, but this hpotune reads format 1") as caught:
        folder.history()
    assert "pip install -U hpotune" in caught.value.remedy


def test_a_journal_with_an_event_of_another_program(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    started = ev.encode(0, ev.StudyStarted(1, study().to_dict(), 7))
    write_lines(folder, started, {"event": "telepathy"})
    with pytest.raises(DamagedError, match=r"journal\.jsonl:2: 'telepathy' is no event of format 1"):
        folder.history()


def test_a_journal_that_does_not_begin_with_the_start(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    write_lines(folder, {"event": "capacity", "workers": 1})
    with pytest.raises(RunError, match="does not begin with study_started"):
        folder.study()


def test_a_journal_without_a_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    write_lines(folder)
    with pytest.raises(RunError, match="holds no whole line"):
        folder.history()
