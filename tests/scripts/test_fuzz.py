"""The fuzzer: the short form finds nothing, repeats itself, and would find something if there were anything."""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from fuzzing.campaign import Defect, attempt, run_share  # noqa: E402
from fuzzing.coverage import Coverage  # noqa: E402
from fuzzing.mutate import Mutator  # noqa: E402
from fuzzing.shrink import shrink  # noqa: E402
from fuzzing.target import Target, must  # noqa: E402
from fuzzing.targets import TARGETS  # noqa: E402


def weak(data: bytes) -> bool:
    """A reader with a hole that is reached through two others."""
    if data.startswith(b"a"):
        if b"=" in data:
            must(b"77" not in data, "77 is read")
            return True
        return True
    return False


WEAK = Target(
    "weak", weak, [b"xyz"], [b"a", b"=", b"7"], [Path(__file__).name], share=1, seconds=5, longest=64, traced=1
)


def run(target: Target, inputs: int, seed: str) -> object:
    """A share in a process of its own, since it bounds its memory."""
    context = get_context("fork")
    answer, end = context.Pipe(duplex=False)
    slot = context.Array("c", target.longest + 4, lock=False)
    process = context.Process(target=lambda: end.send(run_share(target, inputs, seed, slot)))
    process.start()
    end.close()
    tally = answer.recv()
    process.join()
    return tally


def test_it_finds_a_hole_behind_two_doors_and_makes_the_input_small() -> None:
    tally = run(WEAK, 4000, "0/0")
    assert list(tally.defects) == ["BrokenError: 77 is read"]
    (defect,) = tally.defects.values()
    assert sorted(shrink(WEAK, defect)) == sorted(b"a=77")
    assert tally.inputs == tally.accepted + tally.refused + tally.broken == 4000


def test_a_seed_gives_the_same_inputs() -> None:
    once, again, other = (run(WEAK, 500, seed) for seed in ("1/0", "1/0", "2/0"))
    counts = [(tally.accepted, tally.refused, tally.corpus, tally.lines) for tally in (once, again, other)]
    assert counts[0] == counts[1] != counts[2]


def test_an_input_that_takes_for_ever_is_a_defect() -> None:
    def endless(_: bytes) -> bool:
        while True:
            pass

    result, _ = attempt(Target("slow", endless, [b""], [b""], [], share=1, seconds=0.2), b"")
    assert isinstance(result, Defect)
    assert result.kind.startswith("SlowError")


def test_coverage_counts_the_lines_of_its_files_alone() -> None:
    coverage = Coverage([Path(__file__).name])
    with coverage:
        weak(b"b")
    assert coverage.gained()
    before = coverage.lines
    with coverage:
        weak(b"b")
    assert not coverage.gained()
    with coverage:
        weak(b"a")
    assert coverage.gained()
    assert before < coverage.lines < 20


@pytest.mark.parametrize("name", TARGETS)
def test_good_input_is_accepted_and_mutation_keeps_its_bounds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    target, rng = TARGETS[name], Random(0)
    mutator = Mutator(target.tokens, target.longest)
    results = [attempt(target, seed)[0] for seed in target.seeds]
    assert results.count(True) >= len(results) // 3
    for _ in range(200):
        changed = mutator.mutate(rng.choice(target.seeds), rng.choice(target.seeds), rng)
        assert len(changed) <= target.longest


def test_a_short_campaign_finds_nothing(tmp_path: Path) -> None:
    done = fuzz("expressions", "metrics", "studies", "--inputs", "900", "--keep", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [row[0] for row in rows] == ["target", "expressions", "metrics", "studies"]
    assert abs(sum(int(row[1]) for row in rows[1:]) - 900) <= len(rows)


def test_a_saved_input_is_tried_again(tmp_path: Path) -> None:
    saved = tmp_path / "input"
    saved.write_bytes(b"1 + 1")
    assert fuzz("expressions", "--input", str(saved)).stdout.startswith("accepted")


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "fuzz"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
