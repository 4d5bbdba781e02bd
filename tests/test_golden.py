"""Golden runs: what earlier versions wrote is read, folded, replayed, reported and gone on with for ever."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from golden.outcome import as_text, outcome
from golden.tales import tales

from hpotune import __version__
from hpotune import events as ev
from hpotune.cli.boundary import guard
from hpotune.cli.dispatch import dispatch
from hpotune.errors import RunError
from hpotune.events import Event, encode
from hpotune.history import History
from hpotune.journal import JournalReader, JournalWriter
from hpotune.journal.folder import RunFolder
from hpotune.replay import replay
from hpotune.report.render import FORMATS
from hpotune.strategies import SEARCHERS, product
from hpotune.tuner import versions
from hpotune.tuner.processor import processor

HERE = Path(__file__).parent / "golden"
SETS = sorted(HERE.glob("format-*"))
RUNS = sorted(journal.parent for journal in HERE.glob("format-*/*/journal.jsonl"))
FEW = ("failures", "größe 研究", "torn_and_resumed", "asha_stop-4", "mobster-1", "killed_three_times", "exhausted")
REMEDIES = ("upgrade", "pip install -U hpotune")

each_run = pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}-{path.name}")


def whole_lines(journal: Path) -> bytes:
    data = journal.read_bytes()
    return data[: data.rfind(b"\n") + 1]


def test_the_golden_runs_are_all_there() -> None:
    assert {path.name for path in RUNS} >= set(tales())


def test_every_event_there_is_occurs_in_a_golden_run() -> None:
    """A new event, outcome or timer comes with golden runs of the release that brings it."""
    events = [event for path in RUNS for event in RunFolder(path).events()]
    assert {type(event) for event in events} == set(ev.NAMES)
    assert {event.outcome for event in events if isinstance(event, ev.JobEnded)} >= {
        "completed", "failed", "stopped", "interrupted",
    }  # fmt: skip


@each_run
def test_a_golden_run_is_folded_to_what_it_came_to(path: Path) -> None:
    found = as_text(outcome(RunFolder(path).history()))
    assert json.loads(found) == json.loads((path / "outcome.json").read_text(encoding="utf-8"))


@each_run
def test_written_again_a_golden_journal_is_the_same_to_the_byte(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "journal.jsonl"
    with JournalWriter.create(copy) as writer:
        for n, event in enumerate(RunFolder(path).events()):
            writer.append(encode(n, event))
    assert copy.read_bytes() == whole_lines(path / "journal.jsonl")


@each_run
def test_every_decision_of_a_golden_run_is_taken_again(path: Path) -> None:
    """To the last digit; but of another version or processor, a model may propose a point a little beside."""
    events = list(RunFolder(path).events())
    result = replay(events, most=None)
    assert result.decisions == sum(isinstance(event, ev.DECISIONS) for event in events) > 0
    if result.same < result.decisions:
        assert may_differ(events), result.differences
        assert result.count("different") == 0, result.differences
        assert result.count("numerically different") == result.count("numerically different", "trial_planned")


def may_differ(events: list[Event]) -> bool:
    """Whether decisions are the work of a model, and what computed them was not certainly what computes them now."""
    started = events[0]
    assert isinstance(started, ev.StudyStarted)
    history = History()
    history.fold(started)
    computed_here = started.versions == versions() and started.measured.get("processor") == processor()
    return SEARCHERS[product(history.study).searcher].learns and not computed_here


# What people look at, on a copy


@pytest.fixture
def place(tmp_path: Path) -> Callable[[Path], RunFolder]:
    """Puts a copy of a golden run where a run is: below its study file, with its script."""

    def put(path: Path) -> RunFolder:
        shutil.copy(path.parent / "train.py", tmp_path)
        shutil.copy(path / "study.yaml", tmp_path)
        return RunFolder(Path(shutil.copytree(path, tmp_path / "runs" / path.name)))

    return put


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`hpotune ...` within this process; its standard output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def run(*arguments: str, code: int = 0) -> str:
        capfd.readouterr()
        found = guard(lambda: dispatch(arguments))
        out, err = capfd.readouterr()
        assert found == code, err
        return out

    return run


@each_run
def test_status_and_report_tell_of_a_golden_run_what_is_in_it(
    path: Path, place: Callable[[Path], RunFolder], call: Callable[..., str]
) -> None:
    kept = json.loads((path / "outcome.json").read_text(encoding="utf-8"))
    run = str(place(path).path)
    report = json.loads(call("report", run, "--json"))
    states = kept["totals"]["states"]
    ended = ("completed", "stopped", "failed", "paused")
    assert [report["trials"][state] for state in ended] == [states.get(state, 0) for state in ended]
    assert report["outcome"]["finished"] == kept["finished"]
    best = report["best"] and (report["best"]["trial"], report["best"]["value"], report["best"]["config"])
    trial = None if kept["best"] is None else kept["trials"][kept["best"]]
    assert best == (trial and (kept["best"], trial["value"], trial["config"]))
    assert path.name in call("status", run)


@pytest.mark.parametrize("name", FEW)
def test_every_look_at_a_golden_run_works(
    name: str, place: Callable[[Path], RunFolder], call: Callable[..., str]
) -> None:
    run = place(HERE / "format-1" / name)
    best = run.history().best
    assert name in call("list")
    for form in FORMATS:
        assert call("report", str(run.path), "--format", form)
    assert "trial 0" in call("show", str(run.path), "0")
    assert call("why", str(run.path), "0")
    call("logs", str(run.path), "0", code=0 if (run.path / "trials").exists() else 4)
    for form in ("args", "env", "json"):
        assert bool(call("best", str(run.path), "--format", form, code=0 if best else 1)) == (best is not None)


# Going on with it


def resume(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hpotune", "resume", "study.yaml", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("name", ["killed", "torn", "drained", "stopped"])
def test_a_golden_run_that_was_cut_short_is_seen_through(
    name: str, tmp_path: Path, place: Callable[[Path], RunFolder]
) -> None:
    run = place(HERE / "format-1" / name)
    before = whole_lines(run.journal)
    (tmp_path / "go").touch()
    assert resume(tmp_path).returncode == 0
    history = run.history()
    assert (len(history.trials), history.states["completed"], history.finished) == (5, 5, "trials")
    assert run.journal.read_bytes().startswith(before)
    whole = json.loads((HERE / "format-1" / "drained_and_resumed" / "outcome.json").read_text(encoding="utf-8"))
    assert json.loads(as_text(outcome(history)))["best"] == whole["best"]  # the same trials, as if nothing had happened


@pytest.mark.parametrize("name", ["random-1", "hyperband-4", "größe 研究"])
def test_of_a_golden_run_that_is_done_a_resume_says_so_and_changes_nothing(
    name: str, tmp_path: Path, place: Callable[[Path], RunFolder]
) -> None:
    run = place(HERE / "format-1" / name)
    before = run.journal.read_bytes()
    done = resume(tmp_path)
    assert done.returncode == 0
    assert "nothing is left to do" in done.stderr
    assert run.journal.read_bytes() == before


@pytest.mark.parametrize("name", ["bo-1", "bohb-4", "asha_promote-1", "median_stop-4"])
def test_a_golden_run_goes_on_with_a_larger_limit(
    name: str, tmp_path: Path, place: Callable[[Path], RunFolder]
) -> None:
    run = place(HERE / "format-1" / name)
    before = run.history()
    limit = len(before.trials) + 2
    done = resume(tmp_path, "--set", f"limits.trials={limit}")
    assert done.returncode == 0, done.stderr
    history = run.history()
    assert len(history.trials) == limit
    assert [trial.config for trial in history.trials[:-2]] == [trial.config for trial in before.trials]
    result = replay(run.events())
    assert result.count("different") == 0, result.differences


# What a later version wrote


def written(run: Path, lines: list[Mapping[str, Any]]) -> RunFolder:
    run.mkdir()
    with JournalWriter.create(run / "journal.jsonl") as writer:
        for line in lines:
            writer.append(line)
    return RunFolder(run)


def golden_lines(name: str) -> list[dict[str, Any]]:
    return [
        {k: v for k, v in line.items() if k != "crc"}
        for line in JournalReader(HERE / "format-1" / name / "journal.jsonl")
    ]


def test_a_newer_format_is_refused_with_its_version_and_the_remedy(tmp_path: Path) -> None:
    first, *others = golden_lines("random-1")
    run = written(tmp_path / "newer", [{**first, "format": 2, "versions": {"hpotune": "2.5.0"}}, *others])
    with pytest.raises(RunError) as caught:
        list(run.events())
    words = f"{caught.value} {caught.value.remedy}"
    for part in ("format 2", "format 1", "hpotune 2.5.0 wrote it", __version__, *REMEDIES):
        assert part in words


def test_an_event_that_is_not_known_is_refused_with_its_line_and_name(tmp_path: Path) -> None:
    lines = golden_lines("random-1")
    run = written(tmp_path / "newer", [*lines[:5], {"n": 5, "event": "trial_cloned"}])
    with pytest.raises(RunError) as caught:
        list(run.events())
    assert "journal.jsonl:6" in str(caught.value)
    assert "'trial_cloned'" in str(caught.value)
    assert "upgrade" in caught.value.remedy


def test_a_study_that_is_not_known_is_no_mistake_of_the_user_but_the_run_s(tmp_path: Path) -> None:
    first, *others = golden_lines("random-1")
    study = {**first["study"], "trial": {**first["study"]["trial"], "added_later": 1}}
    run = written(tmp_path / "newer", [{**first, "study": study, "versions": {"hpotune": "2.5.0"}}, *others])
    with pytest.raises(RunError) as caught:
        list(run.events())
    assert "trial.added_later" in str(caught.value)
    assert "hpotune 2.5.0 wrote it" in caught.value.remedy


def test_a_field_that_is_not_known_is_read_over(tmp_path: Path) -> None:
    """Fields may be added within a format, so that a version that knows nothing of them can still look at the run."""
    lines = golden_lines("random-1")
    run = written(tmp_path / "newer", [{**line, "added_later": 1} for line in lines])
    assert list(run.events()) == list(RunFolder(HERE / "format-1" / "random-1").events())


def test_golden_runs_are_never_made_again() -> None:
    script = Path(__file__).parent.parent / "scripts" / "make_golden"
    done = subprocess.run([sys.executable, script, "1", "random-1"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "never made again" in done.stderr
