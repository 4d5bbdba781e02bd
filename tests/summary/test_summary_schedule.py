"""The table of a schedule that has run, against the schedulers' own numbers and against the history."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from typing import Any

import pytest
from histories import Tale
from history_strategies import tales
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune import events as ev
from hpotune.history import trial_loss
from hpotune.journal.folder import RunFolder
from hpotune.report import build, collect, render
from hpotune.run.simulator import Simulated, World, simulate
from hpotune.summary import (
    Schedule,
    Tally,
    done_words,
    expected_budget,
    merged,
    progress,
    ruling_words,
    schedule,
    schedule_columns,
    spent_words,
)
from hpotune.summary.schedule import losses_at
from studies import study

PAUSING: list[Any] = [
    {"name": "asha"},
    {"name": "asha", "eta": 2},
    {"name": "hyperband"},
    {"name": "hyperband", "brackets": 3},
    {"name": "successive_halving", "configurations": 7, "eta": 2},
]
STOPPING: list[Any] = [
    {"name": "asha", "mode": "stop"},
    {"name": "random", "stop": {"rule": "median", "after": 3, "every": 4}},
    {"name": "random", "stop": {"rule": "percentile", "percentile": 60, "after": 9, "every": 9}},
]


def loss(config: Any, budget: float | None, seed: int) -> float:
    return abs(math.log10(config["lr"]) + 3) + 1 / (budget or 1) + seed % 7 / 1000


def done(strategy: Any, trials: int | None = 25, fails: float = 0.0, workers: int = 4, **changes: Any) -> Simulated:
    limits = changes.pop("limits", {"trials": trials})
    limits = {"same_failures": 0, **limits}
    budget = {"name": "epochs", "max": 27, **changes.pop("budget", {})}
    tuned = study(strategy=strategy, limits=limits, workers=workers, budget=budget, **changes)
    return simulate(tuned, loss, world=World(fates={"exit": fails}))


def tally_of(events: list[ev.Event]) -> Tally:
    tally = Tally()
    for event in events:
        tally.take(event)
    return tally


def table(run: Simulated) -> Schedule:
    found = schedule(run.history, tally_of(run.events))
    assert found is not None
    return found


# The numbers


@pytest.mark.parametrize("strategy", [*PAUSING, *STOPPING])
@given(trials=st.integers(1, 40), fails=st.sampled_from([0.0, 0.2, 1.0]), workers=st.integers(1, 9))
@settings(max_examples=8, deadline=None)
def test_the_table_agrees_with_the_history(strategy: Any, trials: int, fails: float, workers: int) -> None:
    run = done(strategy, trials, fails, workers)
    found, history = table(run), run.history
    states = Counter(trial.state for trial in history.trials)
    assert sum(row.failed for row in found.rows) == states["failed"]
    assert sum(row.stopped for row in found.rows) == states["stopped"]
    assert sum(row.running for row in found.rows) == 0
    assert sum(row.spent for row in found.rows) == found.spent <= history.budget_planned
    assert found.jobs == sum(len(trial.jobs) for trial in history.trials)
    assert found.share == found.spent / (27 * len(history.trials))
    tops = [row for row in found.rows if row.at == 27]
    assert sum(row.arrived - row.failed for row in tops) == states["completed"]
    if history.best is not None and history.best.budget == 27:
        assert min(row.best for row in tops if row.best is not None) == history.value(history.best.loss)
    if fails == 0.0 and found.pauses:
        assert found.spent == history.budget_planned


@pytest.mark.parametrize("strategy", PAUSING)
@pytest.mark.parametrize("fails", [0.0, 0.2])
def test_who_goes_on_arrives(strategy: Any, fails: float) -> None:
    found = table(done(strategy, 40, fails))
    for below, row in zip(found.rows, found.rows[1:], strict=False):
        if below.bracket == row.bracket:
            assert below.promoted == row.arrived <= below.arrived
            assert row.size is None or row.arrived <= row.size
        else:
            assert below.promoted == 0
            assert below.cutoff is None
    promotions = sum(isinstance(event, ev.TrialPromoted) for event in done(strategy, 40, fails).events)
    assert sum(row.promoted for row in found.rows) == promotions


def test_the_cut_off_of_a_bracket_is_the_one_of_its_promotions() -> None:
    run = done({"name": "hyperband"}, 60, 0.1)
    rows = {(row.bracket, row.at): row for row in table(run).rows}
    told = 0
    for event in run.events:
        if isinstance(event, ev.TrialPromoted):
            row = rows[event.reason["bracket"], event.reason["at"]]
            assert (row.arrived, row.promoted, row.cutoff) == tuple(event.reason[k] for k in ("of", "quota", "cutoff"))
            told += 1
    assert told > 10


@pytest.mark.parametrize("strategy", [{"name": "asha"}, {"name": "asha", "mode": "stop"}])
def test_the_cut_off_of_asha_is_that_of_the_last_one_judged(strategy: Any) -> None:
    run = done(strategy, 40, 0.1)
    rows = table(run).rows
    kinds = ev.TrialPaused | ev.TrialStopped
    judged = {event.reason["at"]: event.reason for event in run.events if isinstance(event, kinds)}
    assert judged
    for row in rows:
        reason = judged.get(row.at)
        if reason is not None and reason["of"] == row.arrived:
            assert row.cutoff == reason.get("cutoff")


def test_the_values_are_in_the_metrics_own_sign() -> None:
    metric = {"name": "loss", "goal": "maximize"}
    run = done({"name": "asha"}, metric=metric)
    for row in table(run).rows[:-1]:
        assert row.cutoff is not None
        assert row.best is not None
        assert row.best >= row.cutoff > 0


@pytest.mark.parametrize("use", ["last", "best"])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_trial_without_a_finite_report_at_a_rung_is_the_last_there(use: str, workers: int) -> None:
    """In mode stop it entered so, and may have recovered since: the table and the decisions tell the same."""
    metric = {"name": "loss", "goal": "minimize", "use": use}
    tuned = study(
        strategy={"name": "asha", "mode": "stop"},
        budget={"name": "epochs", "max": 27},
        limits={"trials": 30},
        metric=metric,
        seed=1,
    )

    def lost(config: Any, budget: float | None, seed: int) -> float:
        value = (budget or 0) + abs(math.log10(config["lr"]) + 3)
        return math.nan if budget in (3, 9) and seed % 4 else value  # worse from report to report

    run = simulate(tuned, lost, workers=workers)
    rows, entered = {row.at: row for row in table(run).rows}, dict[float, ev.TrialStopped]()
    for event in run.events:
        if isinstance(event, ev.TrialStopped):
            entered[event.reason["at"]] = event
    for at in (3, 9):
        finite = sum(
            any(budget == at and math.isfinite(loss) for job in trial.jobs for budget, loss in job.reports())
            for trial in run.history.trials
        )
        assert rows[at].arrived - finite > 0
        quota = rows[at].arrived // 3
        assert (rows[at].cutoff is None) == (not min(quota, finite))
        if at in entered and entered[at].reason["of"] == rows[at].arrived:
            assert rows[at].cutoff == entered[at].reason.get("cutoff")


def test_all_that_is_nan_at_a_rung_has_no_best_there() -> None:
    tuned = study(
        strategy={"name": "asha", "mode": "stop"}, budget={"name": "epochs", "max": 9}, limits={"trials": 5}, seed=1
    )
    run = simulate(tuned, lambda config, budget, seed: math.nan if budget == 3 else float(seed % 9), workers=1)
    rows = {row.at: row for row in table(run).rows}
    assert rows[3].arrived > 0
    assert rows[3].best is rows[3].cutoff is None
    assert rows[1].best is not None
    assert rows[9].best is not None


@given(tales(), st.sampled_from(["last", "best"]))
@settings(max_examples=60, deadline=None)
def test_the_losses_at_the_levels_are_those_of_the_one_reduction(tale: Tale, use: str) -> None:
    levels = (1, 3, 9, 27, 81)
    for trial in tale.history.trials:
        budgets = [at for job in trial.jobs for at, _ in job.reports()]
        if len(trial.jobs) > 1 or None in budgets or budgets != sorted(budgets):
            continue
        for level, found in zip(levels, losses_at(trial, use, levels), strict=True):
            expected = trial_loss(trial, use, level)
            assert expected is None or found == expected


@pytest.mark.parametrize("use", ["last", "best"])
def test_a_rung_holds_the_values_with_which_its_trials_were_judged(use: str) -> None:
    metric = {"name": "loss", "goal": "minimize", "use": use}
    run = done({"name": "asha"}, 30, 0.1, metric=metric, trial={"checkpoints": 0})
    assert any(isinstance(event, ev.JobPlanned) and event.job and event.fresh for event in run.events)
    best: dict[float, float] = {}
    for event in run.events:
        if isinstance(event, ev.TrialPaused) and "value" in event.reason:
            at, value = event.reason["at"], event.reason["value"]
            best[at] = min(best.get(at, math.inf), value)
    assert best == {row.at: row.best for row in table(run).rows if row.at in best}


@pytest.mark.parametrize("checkpoints", ["auto", "all", 1])
def test_checkpoints_are_counted_as_they_come_and_go(checkpoints: Any) -> None:
    run = done({"name": "asha"}, trials=None, limits={"budget": 120}, trial={"checkpoints": checkpoints})
    kept: set[int] = set()
    most = 0
    for event in run.events:
        if isinstance(event, ev.JobPlanned):
            kept.add(event.trial)
        elif isinstance(event, ev.CheckpointDropped):
            kept.remove(event.trial)
        most = max(most, len(kept))
    found = table(run)
    assert (found.checkpoints, found.most_checkpoints) == (len(kept), most)
    assert len(kept) == sum(bool(trial.jobs) and not trial.dropped for trial in run.history.trials)


def test_brackets_of_one_kind_taken_together() -> None:
    found = table(done({"name": "hyperband"}, 250))
    rows = merged(found)
    assert [(row.bracket, row.at) for row in rows] == [
        (0, 1), (0, 3), (0, 9), (0, 27), (1, 3), (1, 9), (1, 27), (2, 9), (2, 27), (3, 27),
    ]  # fmt: skip
    for name in ("arrived", "promoted", "spent", "brackets"):
        assert sum(getattr(row, name) for row in rows) == sum(getattr(row, name) for row in found.rows)
    assert max(row.brackets for row in rows) > 1


def test_a_study_without_a_schedule_has_no_table() -> None:
    run = done("random", 5)
    assert schedule(run.history, tally_of(run.events)) is None


# What it will cost


@pytest.mark.parametrize("strategy", PAUSING)
@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("trials", [1, 7, 28, 60, 151])
def test_the_expected_budget_is_what_the_schedule_takes(strategy: Any, resume: bool, trials: int) -> None:
    run = done(strategy, trials, budget={"resume": resume})
    expected = expected_budget(run.history.study, trials)
    assert expected is not None
    if strategy["name"] == "asha":
        assert 0 <= run.history.budget_planned - expected <= 0.6 * run.history.budget_planned
    else:
        assert run.history.budget_planned == expected


def test_nothing_is_expected_where_nothing_tells() -> None:
    for strategy in ("random", {"name": "asha", "mode": "stop"}):
        assert expected_budget(study(strategy=strategy, budget={"name": "epochs", "max": 9}), 20) is None
    open_ended = study(strategy="hyperband", budget={"name": "epochs", "max": 9}, limits={"time": 60})
    assert expected_budget(open_ended, None) is None
    assert expected_budget(open_ended.replace(strategy={"name": "hyperband", "brackets": 2}), None) == (9 + 6 + 6) + (
        15 + 6
    )


@pytest.mark.parametrize("strategy", PAUSING)
def test_progress_goes_up_to_the_end_and_no_further(strategy: Any) -> None:
    run = done(strategy, 40)
    history = type(run.history)()
    shares = []
    for event in run.events:
        history.fold(event)
        shares.append(progress(history).fraction or 0.0)
    assert shares == sorted(shares)
    assert shares[-2] < 1.0 == shares[-1]
    assert progress(history).done == len(history.trials)
    assert done_words(progress(history)) == "40 of 40 trials"


def test_while_trials_are_paused_those_that_have_begun_are_counted() -> None:
    run = done({"name": "asha"}, 40)
    history = type(run.history)()
    for event in run.events[: len(run.events) // 2]:
        history.fold(event)
    assert history.states["paused"] > 0
    assert done_words(progress(history)) == f"{len(history.trials)} of 40 trials begun"


def test_the_time_left_follows_the_schedule() -> None:
    run = done({"name": "hyperband", "brackets": 4}, trials=None, limits={"trials": 1000}, workers=1)
    history = type(run.history)()
    for event in run.events:
        history.fold(event)
        state = progress(history)
        if state.left is not None and isinstance(event, ev.JobEnded) and history.trials[0].state == "paused":
            assert state.left == pytest.approx(run.seconds - history.at, abs=1e-6)


# The words


def test_every_decision_has_its_words() -> None:
    seen = set()
    for strategy in [*PAUSING, *STOPPING]:
        run = done(strategy, 40, 0.15)
        history = type(run.history)()
        for event in run.events:
            history.fold(event)
            if isinstance(event, ev.TrialPaused | ev.TrialPromoted | ev.TrialStopped | ev.CheckpointDropped):
                words = ruling_words(event, history)
                assert "=" not in words
                assert "epoch" in words
                seen.add(words.split(":")[0].split(" to ")[0])
    assert seen == {"paused", "promoted", "stopped early", "its checkpoint was deleted"}


@pytest.mark.parametrize("strategy", [*PAUSING, *STOPPING])
@pytest.mark.parametrize("width", [30, 60, 120])
def test_every_form_of_the_report_has_the_schedule(strategy: Any, width: int, tmp_path: Any) -> None:
    run = done(strategy, 40, 0.1)
    report = build(*collect(run.events), RunFolder(tmp_path))
    words = spent_words(table(run), run.history)
    assert "\n## Schedule\n" in render(report, "markdown")
    assert words.split(",")[0] in render(report, "markdown")
    text = render(report, "table", width)
    assert "\nSchedule\n" in text
    assert all(len(line) <= width for line in text.split("\nSchedule\n")[1].split("\n"))
    found = json.loads(render(report, "json"))["schedule"]
    assert [row["arrived"] for row in found["rungs"]] == [row.arrived for row in table(run).rows]
    assert found["checkpoints"] == {"trials": 0, "bytes": 0}
    assert sorted(found) == ["checkpoints", "jobs", "rungs", "share", "spent"]
    assert sorted(found["rungs"][0]) == [
        "arrived", "at", "best", "best_trial", "bracket", "cutoff", "failed", "promoted", "running", "size", "spent",
        "stopped",
    ]  # fmt: skip
    heads, *rows = csv.reader(io.StringIO(render(report, "csv")))
    assert ("bracket" in heads) == (table(run).kinds > 0)
    if "bracket" in heads:
        counts = Counter(int(row[heads.index("bracket")]) for row in rows)
        assert counts == {row.bracket: row.arrived for row in table(run).rows if row.at == lowest(run, row.bracket)}


def lowest(run: Simulated, bracket: int | None) -> float:
    return min(row.at for row in table(run).rows if row.bracket == bracket)


def test_a_long_run_is_told_in_brackets_of_a_kind() -> None:
    run = done({"name": "hyperband"}, 250)
    columns = {column.head: column.cells for column in schedule_columns(table(run), run.history)}
    assert len(columns["bracket"]) == 10
    assert next(cell for cell in columns["bracket"] if cell).startswith("0 (×")


def test_disk_use_is_that_of_the_checkpoints(tmp_path: Any) -> None:
    run = done({"name": "asha"}, 9)
    folder = RunFolder(tmp_path)
    for number, name, size in [(0, "checkpoint", 1000), (1, "checkpoint", 500), (2, "checkpoint.dropped", 70)]:
        place = folder.trial(number) / name / "deep"
        place.mkdir(parents=True)
        (place / "weights").write_bytes(b"x" * size)
    (folder.trial(0) / "jobs").mkdir()
    (folder.trial(0) / "jobs" / "big").write_bytes(b"x" * 5000)
    (folder.trial(3) / "checkpoint").mkdir(parents=True)
    report = build(*collect(run.events), folder)
    assert report.disk == (2, 1570)
    assert "2 checkpoints on disk, 1.6 kB" in render(report, "table")
