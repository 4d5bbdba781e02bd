"""Journals that are torn, damaged, empty, newer, or none at all: what `resume` and `report` make of them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from zlib import crc32

import pytest
from e2e_program import PARABOLA, Program, eventually

VERBS = (["resume", "runs/toy"], ["report", "runs/toy"], ["status", "runs/toy"], ["replay", "runs/toy"])


@pytest.fixture
def finished(program: Program) -> Program:
    program.study(limits={"trials": 2})
    program.call("run", "study.yaml")
    return program


def test_a_torn_last_line_is_cut_kept_and_said(finished: Program) -> None:
    journal = finished.run().journal
    lines = journal.read_bytes().splitlines(keepends=True)
    undisturbed = finished.outcome()
    for number, left in enumerate([1, -2, -1], 1):
        torn = lines[-1][:left]
        journal.write_bytes(b"".join(lines[:-1]) + torn)
        if number == 1:
            finished.call("report")  # reading changes nothing
            assert journal.read_bytes().endswith(torn)
        done = finished.call("resume")
        assert "cut short" in done.err
        assert (journal.parent / f"journal.torn-{number}").read_bytes() == torn
        assert finished.outcome() == undisturbed
        assert finished.history().finished == "trials"
    assert "cut short" not in finished.call("resume").err


def test_a_damaged_line_is_refused_with_its_number(finished: Program) -> None:
    journal = finished.run().journal
    whole = journal.read_bytes().splitlines(keepends=True)
    for number in (1, 5, len(whole)):
        lines = [*whole]
        lines[number - 1] = lines[number - 1].replace(b'"event"', b'"evenT"')
        journal.write_bytes(b"".join(lines))
        before = tree(journal.parent)
        for verb in VERBS if number == 5 else VERBS[:1]:
            assert f"journal.jsonl:{number}:" in finished.call(*verb, code=4).err
        assert tree(journal.parent) == before


def test_a_line_taken_out_is_refused(finished: Program) -> None:
    journal = finished.run().journal
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:6] + lines[7:]))
    assert "journal.jsonl:7:" in finished.call("resume", code=4).err


def test_a_journal_without_a_line(finished: Program) -> None:
    for number, content in enumerate([b"", b'{"n":0,"event":"study_st'], 1):
        finished.run().journal.write_bytes(content)
        for verb in VERBS if content else VERBS[:1]:
            assert "--fresh" in finished.call(*verb, code=4).err
        finished.call("run", "study.yaml", "--fresh")
        assert finished.run(f"toy.{number}").journal.read_bytes() == content


def test_a_file_that_is_no_journal(finished: Program) -> None:
    finished.run().journal.write_bytes(b"\x7fELF" + bytes(5000))
    assert "not a journal" in finished.call("resume", "runs/toy", code=4).err
    finished.run().journal.write_text('{"n":0,"hello":"world"}\n')
    assert "journal.jsonl:1" in finished.call("resume", "runs/toy", code=4).err


def test_a_newer_format_is_refused_with_the_remedy(finished: Program) -> None:
    journal = finished.run().journal
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    lines[0]["format"] = 2
    journal.write_bytes(sealed(lines))
    for verb in VERBS:
        done = finished.call(*verb, code=4)
        assert "format 2" in done.err
        assert "upgrade" in done.err


def test_an_event_that_nobody_knows_is_refused(finished: Program) -> None:
    journal = finished.run().journal
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    lines[3]["event"] = "trial_teleported"
    journal.write_bytes(sealed(lines))
    assert "journal.jsonl:4" in finished.call("resume", code=4).err


def test_a_run_whose_journal_is_gone(finished: Program) -> None:
    finished.run().journal.unlink()
    for verb in VERBS:
        assert "no journal" in finished.call(*verb, code=2).err
    assert "no run" in finished.call("resume", "study.yaml", code=2).err


def test_places_that_are_no_runs(finished: Program) -> None:
    finished.call("resume", "nowhere", code=2)
    (finished.folder / "empty").mkdir()
    finished.call("resume", "empty", code=2)
    finished.call("report", "train.py", code=2)
    finished.call("logs", "runs/toy", "77", code=2)
    finished.call("show", "runs/toy", "77", code=2)


def test_a_trial_folder_that_was_removed_does_not_matter(finished: Program) -> None:
    trials = finished.run().path / "trials"
    for file in sorted(trials.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    trials.rmdir()
    finished.call("report")
    finished.call("resume", "--set", "limits.trials=3")
    assert finished.history().states["completed"] == 3


def sealed(lines: list[dict[str, object]]) -> bytes:
    """A journal of these objects, with the checksums that it would have had."""
    crc, data = 0, b""
    for line in lines:
        line.pop("crc")
        body = json.dumps(line, separators=(",", ":")).encode()[:-1]
        crc = crc32(body, crc)
        data += body + b',"crc":"%08x"}\n' % crc
        crc = crc32(b"", crc)
    return data


def tree(folder: Path) -> dict[str, bytes]:
    """All files of a folder but the lock and the log, which are no record."""
    files = {path for path in folder.rglob("*") if path.is_file() and path.name not in ("lock", "tuner.log")}
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("way", ["removed", "moved"])
def test_a_run_whose_folder_goes_away_ends_and_says_so(program: Program, way: str) -> None:
    """What is written to a journal that no path leads to is lost, and so is its lock."""
    program.study("import time\ntime.sleep(0.2)\n" + PARABOLA, limits={"trials": 200})
    tuner = program.start("run", "study.yaml")
    eventually(lambda: len(program.events("job_ended")) > 1)
    folder = program.run().path
    folder.rename(folder.with_name("elsewhere"))
    if way == "removed":
        shutil.rmtree(folder.with_name("elsewhere"))
    done = tuner.end(4)
    assert "was removed or moved" in done.err
    program.await_no_trials()
    if way == "moved":
        program.call("resume", "runs/elsewhere", "--set", "limits.trials=6")
        assert len(program.history("elsewhere").trials) >= 6


def test_a_pipe_in_place_of_a_journal_is_not_waited_for(program: Program) -> None:
    folder = program.folder / "runs" / "toy"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "journal.jsonl")
    assert "no regular file" in program.call("list").out
    assert "has no journal.jsonl" in program.call("status", "runs/toy", code=2).err
