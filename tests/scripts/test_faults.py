"""The fault campaign: its short form, and that its judge finds what it is there to find."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from fault_campaign import journals, judge, studies, table  # noqa: E402
from fault_campaign.case import KINDS, Complaint  # noqa: E402
from fault_campaign.judge import Judge  # noqa: E402
from fault_campaign.seams import MARK, SEAMS  # noqa: E402
from fault_campaign.world import Done, References, World  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")


def test_the_short_form_finds_nothing(tmp_path: Path) -> None:
    found = tmp_path / "table.json"
    words = [sys.executable, str(ROOT / "scripts" / "faults"), "--short", "--json", str(found)]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr + done.stdout
    rows = json.loads(found.read_text())
    assert len(rows) > 20
    assert all(row["tried"] > 0 for row in rows)
    assert all(row[kind] == 0 for row in rows for kind in KINDS)


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> References:
    return References(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def world(tmp_path: Path, references: References) -> World:
    """A folder with the journal of a run that is over, and was not disturbed."""
    references.get("random")
    it = World(tmp_path / "case")
    it.study("random", 1)
    it.run.path.mkdir(parents=True)
    it.run.journal.write_bytes((references.folder / "random" / "runs" / "study" / "journal.jsonl").read_bytes())
    return it


def kinds(complaints: list[Complaint]) -> set[str]:
    return {complaint.kind for complaint in complaints}


def test_an_undisturbed_run_is_without_complaint(world: World, references: References) -> None:
    assert Judge(references).ended(world, world.journal()) == []
    assert Judge(references).ended(world, world.journal()[:3000]) == []


def test_a_line_that_is_gone_or_another_is_lost(world: World) -> None:
    before = world.journal()
    for after in (before[: before.rindex(b"\n", 0, -1) + 1], before[:-9] + b"0" + before[-8:], before[5:], b""):
        world.run.journal.write_bytes(after)
        assert kinds(judge.kept(world, before)) == {"lost"}
    world.run.journal.write_bytes(before)
    assert judge.kept(world, before + b'{"n":') == []  # a torn line was never whole


@pytest.mark.parametrize("event", ["trial_planned", "job_planned", "job_ended"])
def test_what_is_there_twice_is_duplicated(world: World, event: str) -> None:
    lines = world.journal().splitlines(keepends=True)
    again = next(line for line in lines if f'"{event}"'.encode() in line)
    world.run.journal.write_bytes(b"".join([*lines, again]))
    assert kinds(judge.counted_once(world)) == {"duplicated"}
    world.run.journal.write_bytes(b"".join(line for line in lines if b'"trial_planned"' not in line))
    assert kinds(judge.counted_once(world)) == {"duplicated"}


def test_another_outcome_is_found(world: World, references: References) -> None:
    world.study("sobol", 1)
    assert "outcome" in kinds(Judge(references).ended(world, world.journal()))
    world.study("bo", 2)  # a model looks at results as they come: with two workers there is nothing to compare with
    assert Judge(references).ended(world, world.journal()) == []


def test_a_study_that_is_not_finished_was_not_resumed(world: World, references: References) -> None:
    data = world.journal()
    world.run.journal.write_bytes(data[: data.rindex(b"\n", 0, -1) + 1])
    assert kinds(Judge(references).ended(world, b"")) == {"not resumed"}
    for code in (None, 1, 4):
        assert kinds(Judge(references).resumed(world, Done(code, "", "no"), b"")) == {"not resumed"}


def test_a_torn_piece_has_to_be_kept_and_said(world: World, references: References) -> None:
    torn = world.journal()[:-7]
    assert kinds(Judge(references).resumed(world, Done(0, "", ""), torn)) == {"lost", "word"}
    (world.run.path / "journal.torn-1").write_bytes(torn[torn.rindex(b"\n") + 1 :])
    assert Judge(references).resumed(world, Done(0, "", "cut short"), torn) == []


def test_a_process_of_the_case_is_left_over(world: World) -> None:
    process = subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: str(world.folder)})
    try:
        assert kinds(judge.left_over(world, 0.0)) == {"left over"}
    finally:
        world.close()
        process.wait()
    assert judge.left_over(world, 0.0) == []


def test_codes_and_words() -> None:
    assert judge.said(Done(4, "", "no space left"), 4, "space") == []
    wrong = [
        Done(0, "", "space"),
        Done(4, "", ""),
        Done(3, "", "space"),
        Done(None, "", "space"),
        Done(4, "", "bug: space"),
    ]
    assert all(kinds(judge.said(done, 4, "space")) == {"word"} for done in wrong)


def test_a_bit_that_flips_is_refused_wherever_it_is(world: World) -> None:
    data, events = world.journal(), list(world.run.events())
    path = world.folder / "journal.jsonl"
    assert kinds(list(journals.flip(path, data, 100, events))) == {"word"}  # none has: then it is not refused
    rng = Random(1)
    for place in [0, 3, len(data) - 1, len(data) - 5, *rng.sample(range(len(data)), 50)]:
        assert list(journals.flip(path, journals.flipped(data, place, rng), place, events)) == []
    assert kinds(list(journals.cut(path, data[:-3], events[:-2]))) == {"lost"}


@pytest.mark.parametrize("name", SEAMS)
def test_a_seam_is_where_it_is_said_to_be(name: str) -> None:
    module, _, path = SEAMS[name].place.partition(":")
    found = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    assert callable(found)
    event = SEAMS[name].event
    assert not event or hasattr(import_module("hpotune.events"), event)


def test_the_table_is_clean_only_if_every_fault_was_tried() -> None:
    counts = table.Table(["one", "two"])
    counts.enter("one", 3, [])
    assert not counts.clean
    counts.enter("two", 1, [])
    assert counts.clean
    counts.enter("two", 1, [Complaint("lost", "a"), Complaint("lost", "b"), Complaint("word", "c")])
    assert not counts.clean
    assert counts.rows()[-1] == {"fault": "all", "tried": 5, **dict.fromkeys(KINDS, 0), "lost": 1, "word": 1}
    assert counts.markdown().splitlines()[3].startswith("| two | 2 | 1 |")


def test_every_strategy_has_a_study() -> None:
    for name in studies.NAMES:
        assert studies.study(name, 2)["workers"] == 2
        assert ("min" in studies.study(name, 1).get("budget", {})) == studies.is_scheduled(name)
