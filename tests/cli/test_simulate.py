"""`hpotune simulate`: a run's curves under another strategy."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import STUDY, Sink

from hpotune import events as ev
from hpotune.journal import JournalWriter
from hpotune.journal.folder import RunFolder
from hpotune.run.simulator import World, simulate
from hpotune.run.simulator.another_way import another_way
from hpotune.run.simulator.recorded import curves
from hpotune.study import Study

Make = Callable[..., RunFolder]
PARAMETERS = {
    "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True},
    "kind": {"type": "categorical", "choices": ["a", "b"]},
    "momentum": {"type": "float", "low": 0, "high": 1, "when": 'kind == "a"'},
    "double": {"type": "derived", "expression": "lr * 2"},
    "layers": {"type": "constant", "value": 3},
}
WORLD = World(seconds=10.0, spread=0.5)


def accuracy(config: Any, budget: float | None, seed: int) -> float:
    """Better configurations are better from early on, but for some noise."""
    return 1 - abs(math.log10(config["lr"]) + 3) / 5 - 0.5 / (budget or 1) * (1 + seed % 3 / 10)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a run of simulated trials."""

    def write(place: str = "runs/toy", world: World = WORLD, **changes: Any) -> RunFolder:
        data = {
            **STUDY,
            "metric": {"name": "acc", "goal": "maximize"},
            "parameters": PARAMETERS,
            "budget": {"name": "epochs", "max": 27},
            "limits": {"trials": 30},
            "workers": 4,
            **changes,
        }
        path = tmp_path / place
        path.mkdir(parents=True)
        with JournalWriter.create(path / "journal.jsonl") as writer:
            study = Study.from_dict({key: value for key, value in data.items() if value is not None})
            simulate(study, accuracy, world=world, sink=Sink(writer))
            writer.flush()
        return RunFolder(path)

    return write


STRATEGIES: list[dict[str, Any]] = [
    {"strategy": "random"},
    {"strategy": {"name": "asha", "eta": 2}},
    {"strategy": "hyperband", "limits": {"trials": 40}},
    {"strategy": {"name": "asha", "mode": "stop"}},
]


@pytest.mark.parametrize("changes", STRATEGIES, ids=str)
def test_a_run_under_its_own_strategy_is_the_run(make: Make, changes: dict[str, Any]) -> None:
    """The same decisions at the same times, so that what differs under another strategy is the strategy's doing."""
    folder = make(world=World(seconds=10.0, spread=0.5, fates={"exit": 0.1}), **changes)
    strategy = changes["strategy"] if isinstance(changes["strategy"], dict) else {"name": changes["strategy"]}
    sets = [f"strategy.{key}={value}" for key, value in strategy.items() if key != "name"]
    found = another_way(folder, strategy["name"], sets=sets)
    run, other = found.run, found.other
    assert (run.trials, run.failed, run.full) == (other.trials, other.failed, other.full)
    assert (run.trial, run.value, run.at, run.workers) == (other.trial, other.value, other.at, other.workers)
    assert run.budget == pytest.approx(other.budget)
    assert run.seconds == pytest.approx(other.seconds, rel=0.01)
    assert found.guessed == {}
    assert abs(found.saved_budget or 0.0) < 1e-9


def test_every_trial_of_the_simulation_is_one_of_the_run(make: Make) -> None:
    folder = make()
    history, pool, timed = curves(folder.events())
    assert timed
    assert [curve.config for curve in pool] == [trial.config for trial in history.trials]
    for curve, trial in zip(pool, history.trials, strict=True):
        assert [(point.budget, point.value) for point in curve.points] == [
            (budget, history.value(loss)) for job in trial.jobs for budget, loss in job.reports()
        ]
        assert curve.points[-1].seconds == pytest.approx(trial.seconds, abs=0.01)
        assert curve.value(13.5) == pytest.approx((curve.points[12].value + curve.points[13].value) / 2)
        assert curve.seconds(13.5) == pytest.approx(trial.seconds / 2, abs=0.01)
        assert curve.value(0.5) == curve.points[0].value
        assert curve.value(99) == curve.points[-1].value
        assert curve.seconds(54) == pytest.approx(2 * trial.seconds, abs=0.02)


def test_it_tells_what_would_have_been_saved(call: Any, make: Make) -> None:
    folder = make()
    shown = call("simulate", str(folder.path))
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert lines[0] == "toy: its 30 configurations under asha eta=3 mode=promote"
    cells = {line[2:23].strip(): line[23:].split() for line in lines[2:] if line.startswith("  ")}
    assert cells["trials"] == ["30", "30"]
    assert cells["epochs in all"][0] == "810"
    assert int(cells["epochs in all"][1]) < 200
    assert cells["workers"] == ["4", "4"]
    assert any("% less budget and" in line for line in lines)
    assert any("the same trial" in line or "the run's best, trial" in line for line in lines)
    assert "what this cannot know" not in lines, "every curve is whole"


def test_json_says_the_same(call: Any, make: Make) -> None:
    folder = make()
    found = json.loads(
        call("simulate", str(folder.path), "--strategy", "bohb", "--set", "strategy.eta=4", "--json").stdout
    )
    assert found["run"]["full"] == 30
    assert found["run"]["budget"] == 810
    assert found["simulated"]["trials"] == 30
    assert found["saved"]["budget"] == pytest.approx(1 - found["simulated"]["budget"] / 810)
    assert found["strategy"]["eta"] == 4
    assert found["unknown"]["learning_searchers"] == ["kde"]
    assert 0 <= found["simulated"]["trial"] < 30


def test_curves_that_end_early_are_guessed_from_there_and_it_says_so(call: Any, make: Make) -> None:
    folder = make(strategy="asha")
    paused = [trial.number for trial in folder.history().trials if trial.state == "paused"]
    assert paused
    shown = call("simulate", str(folder.path), "-s", "random").stdout
    assert f"of {len(paused)} trials the run knows the beginning alone" in shown
    assert (
        f"{len(paused)} went on from there with the last value that is known: trial {paused[0]} to 27 epochs" in shown
    )
    found = another_way(folder, "random")
    assert sorted(found.guessed) == paused
    assert found.other.full == 30


def test_failed_trials_fail_again_where_they_did(make: Make) -> None:
    folder = make(world=World(seconds=10.0, fates={"exit": 0.3, "nan": 0.2}))
    history, pool, _ = curves(folder.events())
    failed = {trial.number for trial in history.trials if trial.state == "failed"}
    assert {curve.trial for curve in pool if curve.failed_at is not None} == failed != set()
    found = another_way(folder, "asha")
    assert found.other.failed <= len(failed)
    assert another_way(folder, "random").other.failed == len(failed)


def test_another_order_and_other_workers(make: Make) -> None:
    folder = make()
    own, one, again = (another_way(folder, "asha", order=order) for order in (None, 1, 1))
    assert one.other == again.other
    assert own.other.seconds != one.other.seconds
    alone = another_way(folder, "asha", workers=1)
    assert alone.other.seconds > own.other.seconds
    assert alone.saved_time is None, "it has not as many workers"


def test_an_unfinished_run_is_taken_as_far_as_it_has_come(call: Any, make: Make, tmp_path: Path) -> None:
    events = list(make().events())
    ends = [n for n, event in enumerate(events) if isinstance(event, ev.JobEnded)]
    cut = tmp_path / "runs" / "cut"
    cut.mkdir()
    with JournalWriter.create(cut / "journal.jsonl") as writer:
        for n, event in enumerate(events[: ends[9] + 1]):
            writer.append(ev.encode(n, event))
        writer.flush()
    shown = call("simulate", str(cut)).stdout
    assert "the run has not finished" in shown


def test_without_times_a_unit_counts_as_a_second(call: Any, make_run: Any) -> None:
    run = make_run(budget={"name": "epochs", "max": 9}, limits={"trials": 6})
    for _ in range(6):
        job = run.ask()
        for budget in range(1, 10):
            run.tuner.report(job, budget, job.trial_id + 1 / budget)
        run.tuner.tell(job)
    run.tuner.ask()
    run.write()
    shown = call("simulate", str(run.folder.path))
    assert shown.returncode == 0
    assert "the journal holds no times" in shown.stdout
    assert "  time " not in shown.stdout


# What a job takes beside its training


@pytest.mark.parametrize("startup", [0.0, 5.0])
def test_every_job_starts_up_anew(make: Make, startup: float) -> None:
    """Three trials to 9 epochs of 10 s, one worker: three jobs to 1, then one of them to 3 and to 9."""
    folder = make(
        world=World(seconds=10.0, startup=startup), budget={"name": "epochs", "max": 9}, limits={"trials": 3}, workers=1
    )
    found = another_way(folder, "asha")
    assert found.starts
    assert found.run.seconds == pytest.approx(3 * (startup + 90), abs=0.01)
    assert found.other.budget == 3 * 1 + 2 + 6
    assert found.other.seconds == pytest.approx(5 * startup + (3 * 1 + 2 + 6) * 10, abs=0.01)


def test_start_ups_are_told_by_other_jobs_where_one_reports_once(make: Make) -> None:
    """Three trials, in jobs of one report to 1 epoch and one job of two from 1 to 3; then each to 3 at one go."""
    folder = make(
        world=World(seconds=10.0, startup=5.0),
        strategy="asha",
        budget={"name": "epochs", "max": 3},
        limits={"trials": 3},
        workers=1,
    )
    assert [round(curve.startup or 0.0, 2) for curve in curves(folder.events())[1]] == [5.0, 5.0, 5.0]
    assert another_way(folder, "random").other.seconds == pytest.approx(3 * (5 + 3 * 10), abs=0.02)


def test_no_verdict_on_time_where_no_start_up_can_be_told(call: Any, make: Make) -> None:
    folder = make(world=World(seconds=10.0, reports=1), strategy="asha", budget={"name": "epochs", "max": 3})
    shown = call("simulate", str(folder.path), "-s", "hyperband").stdout
    assert "how long a process takes to start" in shown
    assert "% less time" not in shown
    assert "% more time" not in shown
    found = json.loads(call("simulate", str(folder.path), "--json").stdout)
    assert found["unknown"]["startups"]
    assert found["saved"]["time"] is None


def test_a_failure_on_the_way_takes_as_long_as_it_took(make: Make) -> None:
    folder = make(world=World(seconds=10.0, startup=5.0, fates={"exit": 0.5}), strategy="asha")
    found = another_way(folder, "asha")
    assert found.other.failed == found.run.failed > 0
    assert found.other.seconds == pytest.approx(found.run.seconds, abs=0.1)


# Mistakes


def refused(call: Any, folder: RunFolder, *arguments: str) -> str:
    done = call("simulate", str(folder.path), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    return str(done.stderr)


def test_what_has_no_curves_is_refused_in_words(call: Any, make: Make) -> None:
    assert "its study has no `budget`" in refused(call, make(budget=None))
    short = make(
        "runs/short", strategy={"name": "successive_halving", "configurations": 30}, limits={"trials": 5, "budget": 20}
    )
    assert "no trial of the run was trained to 27 epochs" in refused(call, short)
    assert "reported at their end alone" in refused(call, make("runs/ends", world=World(reports=1)))


def test_mistakes_in_the_call_are_shown_in_it(call: Any, make: Make) -> None:
    folder = make()
    unknown = refused(call, folder, "--strategy", "ahsa")
    assert "unknown strategy 'ahsa'" in unknown
    assert "did you mean 'asha'" in unknown
    option = refused(call, folder, "--set", "strategy.eat=4")
    assert "--set strategy.eat=4\n" in option
    assert "did you mean 'eta'" in option
    assert "the curves are those of the study as it was" in refused(call, folder, "--set", "metric.goal=minimize")
    assert "leave `budget.max` at 27 epochs" in refused(call, folder, "--set", "budget.max=81")
    assert "no more than 30 trials" in refused(call, folder, "--set", "limits.trials=31")
    assert "there is no run" in call("simulate", "nowhere").stderr
