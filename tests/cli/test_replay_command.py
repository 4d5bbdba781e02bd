"""`hpotune replay` on journals that are what they were, on such as are not, and on another kind of processor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpotune import events as ev
from hpotune.cli.replay import command
from hpotune.events import Event
from hpotune.journal import JournalWriter
from hpotune.journal.folder import RunFolder
from hpotune.replay import here
from hpotune.summary.replayed import FAR
from hpotune.tuner.tuner import versions

Tell = Callable[[list[Event]], list[Event]]


@pytest.fixture
def retold(tmp_path: Path) -> Callable[[RunFolder, Tell], None]:
    """Writes a run's journal anew, whole and with right checksums but with other events, as `runs/other`."""

    def write(folder: RunFolder, tell: Tell) -> None:
        events = tell(list(folder.events()))
        other = tmp_path / "runs" / "other"
        other.mkdir()
        writer = JournalWriter.create(other / "journal.jsonl")
        for n, event in enumerate(events):
            writer.append(ev.encode(n, event))
        writer.flush()

    return write


def planned(events: list[Event]) -> list[int]:
    return [n for n, event in enumerate(events) if isinstance(event, ev.TrialPlanned)]


def another_choice(events: list[Event]) -> list[Event]:
    """The last proposal is another one."""
    n = planned(events)[-1]
    kind = "a" if events[n].config["kind"] == "b c" else "b c"
    events[n] = events[n]._replace(config={**events[n].config, "kind": kind})
    return events


def a_little_off(events: list[Event]) -> list[Event]:
    """All proposals are, and the session ran another numpy."""
    now = here()
    events[0] = events[0]._replace(versions={**now.versions, "numpy": "0.9\x1b[31m"})
    for n in planned(events):
        events[n] = events[n]._replace(config={**events[n].config, "lr": events[n].config["lr"] * (1 + 1e-9)})
    return events


def test_what_is_the_same_is_counted(call, done_run) -> None:
    shown = call("replay")
    assert (shown.returncode, shown.stderr) == (0, "")
    table = [line.split() for line in shown.stdout.splitlines()]
    assert ["trial_planned", "3", "0", "0"] in table
    assert ["job_planned", "3", "0", "0"] in table
    assert shown.stdout.endswith("\n7 of 7 decisions are the same\n")
    told = json.loads(call("replay", "--json").stdout)
    assert told == {
        "decisions": 7,
        "same": 7,
        "numerically_different": 0,
        "different": 0,
        "only_noted": 0,
        "distance": {"cube": None, "relative": None, "count": None},
        "far": dict(FAR),
        "kinds": {
            kind: {"same": number, "numerically_different": 0, "different": 0}
            for kind, number in (("trial_planned", 3), ("job_planned", 3), ("study_finished", 1))
        },
        "reasons": [],
        "sessions": [{"versions": {**versions()}, "processor": {}, "host": None}],
        "now": None,
        "differences": [],
    }


def test_what_is_different_is_told_in_full(call, done_run, retold) -> None:
    retold(done_run.folder, another_choice)
    n = planned(list(done_run.folder.events()))[-1]
    shown = call("replay", "runs/other")
    assert (shown.returncode, shown.stderr) == (1, "")
    assert f"  event {n} (line {n + 1} of journal.jsonl), trial 2, trial_planned: different\n" in shown.stdout
    assert "config.kind was" in shown.stdout
    assert "likely reason: the versions are the same" in shown.stdout
    assert shown.stdout.endswith("\n6 of 7 decisions are the same\n")
    told = json.loads(call("replay", "runs/other", "--json").stdout)
    assert (told["same"], told["different"], told["kinds"]["trial_planned"]["different"]) == (6, 1, 1)
    assert [reason["kind"] for reason in told["reasons"]] == ["program_or_journal"]
    (found,) = told["differences"]
    (entry,) = found.pop("fields")
    assert entry.pop("was") != entry.pop("is")
    assert entry == {"path": ["config", "kind"], "distance": None, "measure": None}
    assert found.pop("words").startswith(f"event {n} (line {n + 1}), trial 2, trial_planned: config.kind was")
    assert found == {
        "event": n,
        "line": n + 1,
        "session": 0,
        "decision": "trial_planned",
        "trial": 2,
        "saw": n - 1,
        "verdict": "different",
        "recomputed": "trial_planned",
        "only_noted": False,
        "distance": {"cube": None, "relative": None, "count": None},
    }


def test_what_is_numerically_different_comes_with_its_distance_and_reason(call, make_run, retold) -> None:
    run = make_run(limits={"trials": 30})
    while (job := run.tuner.ask()) is not None:
        run.tuner.tell(job, 0.5)
    run.write()
    retold(run.folder, a_little_off)
    shown = call("replay", "runs/other")
    assert shown.returncode == 1
    assert all(line.isprintable() for line in shown.stdout.splitlines())
    assert "trial 0, trial_planned: numerically different\n" in shown.stdout
    assert "likely reason: another version of what it computes with: numpy was 0.9\\x1b[31m and is" in shown.stdout
    assert "30 decisions numerically different, by at most 1.1e-10 of the unit cube\n" in shown.stdout
    assert shown.stdout.count("(line ") == 20
    assert "and 10 more: `--all` tells them" in shown.stdout
    assert call("replay", "runs/other", "--all").stdout.count("(line ") == 30
    told = json.loads(call("replay", "runs/other", "--json").stdout)
    assert told["numerically_different"] == len(told["differences"]) == 30
    assert told["distance"]["cube"] == pytest.approx(1e-9 / 9.21, rel=1e-3)  # of a log range of four decades
    assert told["reasons"][0]["changed"] == {"numpy": ["0.9\x1b[31m", told["now"]["versions"]["numpy"]]}


def test_a_last_line_that_was_cut_short_is_left_out(call, done_run) -> None:
    whole = done_run.folder.journal.read_bytes()
    done_run.folder.journal.write_bytes(whole[:-9])
    shown = call("replay", "--json")
    assert shown.returncode == 0
    assert json.loads(shown.stdout)["decisions"] == 6


def test_a_damaged_journal_is_refused(call, done_run) -> None:
    whole = done_run.folder.journal.read_bytes()
    done_run.folder.journal.write_bytes(whole.replace(b'"trial":1', b'"trial":2', 1))
    shown = call("replay")
    assert (shown.returncode, shown.stdout) == (4, "")
    assert "is not what was written" in shown.stderr


def test_another_kind_of_processor_is_told_from_its_rounding(call, cli, make_run, retold) -> None:
    """OpenBLAS takes the kernels of an older processor when it is told to: numbers differ in their last digits."""
    kernels = {"OPENBLAS_CORETYPE": "Prescott"}
    run = make_run(strategy={"name": "bo", "initial": 3}, limits={"trials": 9})
    while (job := run.tuner.ask()) is not None:
        run.tuner.tell(job, 0.3 + 0.1 * (job.trial_id * 7 % 5))
    run.write()

    def with_processor(events: list[Event]) -> list[Event]:
        now = here()
        measured = {"processor": dict(now.processor), "host": now.host}
        return [events[0]._replace(versions=dict(now.versions), measured=measured), *events[1:]]

    retold(run.folder, with_processor)
    alike = call("replay", "runs/other", "--json")
    assert (alike.returncode, json.loads(alike.stdout)["differences"]) == (0, [])
    told: dict[str, Any] = json.loads(cli("replay", "runs/other", "--json", env=kernels).stdout)
    if not told["differences"]:
        pytest.skip("this machine's linear algebra has no such kernels, or they round alike here")
    assert told["differences"][0]["verdict"] == "numerically_different"
    assert told["kinds"]["job_planned"]["same"] == 9
    (reason,) = told["reasons"]
    assert reason["kind"] == "other_processor"
    assert list(reason["changed"]) == ["kernels"]


def test_the_help_names_the_distances_that_count() -> None:
    assert f"within {FAR['cube']} of" in " ".join((command.__doc__ or "").split())
    assert f"within {FAR['relative']} of" in " ".join((command.__doc__ or "").split())
