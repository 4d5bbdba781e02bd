"""What simulated trials do, and whole studies of them."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune import events as ev
from hpotune.errors import StudyError, UsageError
from hpotune.replay import replay
from hpotune.run.simulator import Script, World, simulate
from hpotune.run.simulator.world import Scripted, report_points
from hpotune.tuner import Job, Memory
from studies import study

BUDGET = {"name": "epochs", "max": 27}


def loss(config: Any, budget: float | None, seed: int) -> float:
    return abs(math.log10(config["lr"]) + 3) + 1 / (budget or 1) + seed % 7 / 1000


def budgeted(**changes: Any) -> Any:
    return study(**{"budget": BUDGET, "limits": {"trials": 20}, "workers": 4, **changes})


# Reports


@given(st.integers(0, 50), st.integers(1, 200), st.none() | st.integers(1, 12))
def test_whole_budgets_are_reported_whole_ascending_and_to_the_end(start: int, length: int, count: int | None) -> None:
    points = report_points(start, start + length, count)
    assert all(isinstance(point, int) for point in points)
    assert points == sorted(set(points))  # type: ignore[type-var]
    assert points[-1] == start + length
    assert points[0] > start  # type: ignore[operator]
    assert len(points) == min(count or length, length)


@given(st.floats(0, 3), st.floats(0.05, 5), st.none() | st.integers(1, 12))
def test_other_budgets_too(start: float, length: float, count: int | None) -> None:
    points = report_points(start, start + length, count)
    assert points == sorted(set(points))  # type: ignore[type-var]
    assert points[-1] == start + length
    assert points[0] > start  # type: ignore[operator]


# Scripts


def scripted(world: World, **changes: Any) -> Scripted:
    return Scripted(budgeted(**changes), loss, world)


def one(start: int | None, to: int | None, seed: int = 5, attempt: int = 0, number: int = 0) -> Job:
    return Job(0, number, attempt, {"lr": 0.01}, start, to, seed)


def reports(script: Script) -> list[tuple[int, float]]:
    return [(line["epochs"], line["loss"]) for line in map(json.loads, (data for _, data in script.output))]


def test_a_trial_that_pauses_reports_and_takes_what_it_would_at_one_go() -> None:
    behave = scripted(World(seconds=2.0, spread=0.7))
    whole, parts = behave(one(0, 27)), [behave(one(0, 3)), behave(one(3, 9)), behave(one(9, 27))]
    assert reports(whole) == [report for part in parts for report in reports(part)]
    assert len(whole.output) == 27
    assert whole.end.after == pytest.approx(sum(part.end.after or 0.0 for part in parts))


@pytest.mark.parametrize("fate", ["exit", "signal", "oom"])
def test_a_trials_fate_is_the_same_wherever_it_is_cut(fate: Any) -> None:
    behave = scripted(World(fates={fate: 0.5}))
    failed = Counter[bool]()
    for seed in range(60):
        whole, again = behave(one(0, 27, seed)), behave(one(0, 27, seed, attempt=1))
        assert whole == again, "another attempt fares alike"
        parts, ended = [], False
        for start, to in ((0, 1), (1, 3), (3, 9), (9, 27)):
            part = behave(one(start, to, seed))
            parts += reports(part)
            ended = (part.end.code, part.end.signal) != (0, None)
            if ended:
                break
        assert parts == reports(whole)
        assert ended == ((whole.end.code, whole.end.signal) != (0, None))
        failed[ended] += 1
    assert min(failed.values()) > 15, "half of them; 5 sigma are 19"


def test_an_attempts_fate_is_its_own() -> None:
    behave = scripted(World(fates={"crash": 0.5}))
    codes = [[behave(one(0, 9, seed, attempt)).end.code for attempt in range(2)] for seed in range(60)]
    assert {tuple(pair) for pair in codes} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_durations_are_lognormal_and_stragglers_slower() -> None:
    times = [scripted(World(spread=0.5))(one(0, 1, seed)).end.after or 0.0 for seed in range(400)]
    logs = [math.log(time) for time in times]
    assert abs(statistics.fmean(logs)) < 5 * 0.5 / 20
    assert abs(statistics.stdev(logs) - 0.5) < 5 * 0.5 / math.sqrt(800)
    slow = [scripted(World(stragglers=0.3, straggling=7.0))(one(0, 1, seed)).end.after for seed in range(100)]
    assert set(slow) == {1.0, 7.0}


def test_a_world_must_be_one() -> None:
    with pytest.raises(UsageError, match="unknown fate"):
        World(fates={"exti": 0.1})  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="more than 1"):
        World(fates={"exit": 0.6, "nan": 0.5})
    World(fates={"exit": 0.6, "lost": 0.5})  # drawn apart


# Whole studies

_CAUSES = {"exit": "exit", "signal": "signal", "oom": "oom", "nan": "nan", "no_metric": "no_metric", "hang": "timeout"}


@pytest.mark.parametrize(("fate", "cause"), [*_CAUSES.items(), ("launch", "launch"), ("crash", "exit")])
def test_each_fate_has_its_cause(fate: Any, cause: str) -> None:
    done = simulate(
        budgeted(trial={"timeout": 100}, limits={"trials": 6, "same_failures": 0}), loss, world=World(fates={fate: 1.0})
    )
    assert done.history.causes == {cause: 6}
    assert replay(done.events).differences == ()


def test_lost_attempts_are_made_again_and_count_for_nothing() -> None:
    calm = simulate(budgeted(strategy="asha", workers=1), loss)
    stormy = simulate(budgeted(strategy="asha", workers=1), loss, world=World(fates={"lost": 0.4}))
    lost = [event for event in stormy.events if isinstance(event, ev.JobEnded) and event.outcome == "lost"]
    assert len(lost) > 3
    assert stormy.history.failures == 0
    values = [[(trial.state, trial.loss, trial.budget) for trial in done.history.trials] for done in (calm, stormy)]
    assert values[0] == values[1]


def test_a_study_without_a_budget_takes_what_it_takes() -> None:
    done = simulate(study(limits={"trials": 10}, workers=2), loss, world=World(seconds=3.0))
    assert (done.seconds, done.busy) == (15.0, 1.0)
    assert done.history.finished == "trials"
    assert done.history.best is min(done.history.trials, key=lambda trial: trial.loss or math.inf)


@pytest.mark.parametrize("metric", [{"pattern": "result ([0-9.]+)"}, {"source": "file"}, {"source": "stderr"}])
def test_how_the_script_would_print_does_not_matter(metric: dict[str, str]) -> None:
    changed = budgeted(metric={"name": "loss", "goal": "minimize", **metric}, budget={**BUDGET, "first": 0})
    assert [trial.loss for trial in simulate(changed, loss).history.trials] == [
        trial.loss for trial in simulate(budgeted(), loss).history.trials
    ]


def test_the_time_limit_is_one_of_virtual_time() -> None:
    done = simulate(budgeted(limits={"time": 100}), loss, world=World(spread=0.4))
    assert done.history.finished == "time"
    assert done.seconds == 100.0


def test_the_same_seed_gives_the_same_journal_with_many_workers_too() -> None:
    world = World(spread=0.6, stragglers=0.1, fates={"exit": 0.1, "lost": 0.1, "crash": 0.1})
    changes = {"strategy": "asha", "workers": 50, "limits": {"trials": 200}, "trial": {"retries": 1}}
    one, other = (simulate(budgeted(**changes), loss, world=world) for _ in range(2))
    assert repr(one.events) == repr(other.events)
    assert replay(one.events).differences == ()


def test_asha_keeps_every_worker_busy_until_the_last_trial_is_planned() -> None:
    """Whatever the durations: a worker that is free has something to do."""
    world = World(spread=1.0, stragglers=0.05, fates={"exit": 0.05})
    done = simulate(budgeted(strategy="asha", workers=40, limits={"trials": 400}), loss, world=world)
    last = max(n for n, event in enumerate(done.events) if isinstance(event, ev.TrialPlanned))
    out, idle, before = 0, 0.0, 0.0
    for event in done.events[2:last]:
        idle += (40 - out) * (event.measured["at"] - before)
        before = event.measured["at"]
        out += isinstance(event, ev.JobPlanned) - isinstance(event, ev.JobEnded)
    assert before > 20
    assert idle == 0


def test_events_may_go_to_a_sink_and_errors_are_those_of_a_run() -> None:
    memory = Memory()
    done = simulate(budgeted(limits={"trials": 3}), loss, workers=1, sink=memory)
    assert done.events == []
    assert len(memory.events) == done.history.n + 1
    with pytest.raises(StudyError, match="unknown strategy"):
        simulate(budgeted(strategy="ahsa"), loss)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.floats(0.1, 3.0), st.floats(0, 1))
def test_with_full_trainings_the_workers_share_the_work(workers: int, seconds: float, spread: float) -> None:
    """Graham's bounds of list scheduling: between the mean load and the mean load plus the longest job."""
    done = simulate(budgeted(workers=workers), loss, world=World(seconds=seconds, spread=spread, reports=1))
    times = [trial.seconds for trial in done.history.trials]
    assert sum(times) / workers - 0.1 <= done.seconds <= sum(times) / workers + max(times) + 0.1
