"""The load benchmark: that it measures what it says, on loads that are none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from load_bench.events import many_events, write  # noqa: E402
from load_bench.reports import many_reports  # noqa: E402
from load_bench.trials import many_trials, many_workers  # noqa: E402
from load_bench.watch import Sample, around, growth, reached  # noqa: E402

from hpotune.journal.folder import RunFolder  # noqa: E402
from hpotune.replay import replay  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def samples(resident: list[int]) -> list[Sample]:
    return [Sample(float(i), each, 10 + i, 1, 0.1 * i, 100 * (i + 1)) for i, each in enumerate(resident)]


def test_growth_is_the_slope_of_memory_over_trials() -> None:
    assert growth(samples([1000 + 50 * i for i in range(20)]), trials=20) == pytest.approx(50)
    assert growth(samples([1000] * 20), trials=20) == 0


def test_samples_are_found_by_how_far_the_journal_had_come() -> None:
    made = samples([1] * 10)
    assert reached(made, 0.45) is made[4]
    assert around(samples([1] * 100), 0.5) == samples([1] * 100)[44:55]
    assert around(made, 0.33) == [made[2]]


def test_many_trials_and_many_workers_are_counted(tmp_path: Path) -> None:
    assert ("trials, completed", "24, 24") in many_trials(24, tmp_path)
    rows = dict(many_workers(3, tmp_path, kinds=[(0.2, 2)]))
    assert rows["3 workers, trials of 0.2 s: most at once"] == "3"
    assert rows["trials a second, failed"].endswith(", 0")


def test_of_many_reports_the_journal_holds_those_that_it_must(tmp_path: Path) -> None:
    rows = dict(many_reports(2000, tmp_path, seconds=1))
    assert rows["that should be in the journal and are not"] == "0"
    assert rows["in the journal + noted as left out"] == "2,000"
    assert rows["reports of a trial: printed, in its log, in the journal"].startswith("2,000, 2,000, 1,5")


def test_the_written_journal_is_a_run_as_the_tuner_would_have_made_it(tmp_path: Path) -> None:
    """All but the configurations, which no searcher has proposed."""
    run = RunFolder(write(tmp_path / "events", 203).parent)
    history = run.history()
    assert (history.n, len(history.trials), history.states["completed"], history.finished) == (202, 4, 4, "trials")
    result = replay(run.events())
    assert result.decisions - result.same == len(history.trials)


def test_a_journal_is_read_folded_and_reported(tmp_path: Path) -> None:
    rows = dict(many_events(103, tmp_path, [["report", "--json"]]))
    assert rows["events, trials, bytes"].startswith("103, 2, ")
    assert "MB at most" in rows["`hpotune report --json`"]
