"""`hpotune plan`: what a study will do. Nothing is run, and nothing is written."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.cli import planned
from hpotune.cli.plan_words import plan_lines
from hpotune.cli.planned import make_plan
from hpotune.run.simulator import World, simulate
from hpotune.study import Study
from studies import studies

BUDGET = {"name": "epochs", "max": 27}


def study(**changes: Any) -> Study:
    data: dict[str, Any] = {
        "name": "toy",
        "command": ["python", "train.py"],
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True}},
        "strategy": "hyperband",
        "budget": BUDGET,
        "limits": {"trials": 49},
        **changes,
    }
    return Study.from_dict({key: value for key, value in data.items() if value is not None})


def rows(plan: planned.Plan) -> list[tuple[int | None, float, int, int]]:
    return [(rung.bracket, rung.at, rung.trials, rung.go_on) for rung in plan.rungs]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps(study(workers=2).to_dict()))
    return path


# The numbers


def test_hyperband_is_the_table_of_its_arithmetic() -> None:
    plan = make_plan(study(), 1, None)
    assert rows(plan) == [
        (0, 1, 27, 9), (0, 3, 9, 3), (0, 9, 3, 1), (0, 27, 1, 0),
        (1, 3, 12, 4), (1, 9, 4, 1), (1, 27, 1, 0),
        (2, 9, 6, 2), (2, 27, 2, 0),
        (3, 27, 4, 0),
    ]  # fmt: skip
    assert plan.whole == plan.total == planned.Cost(49, 69, 81 + 78 + 90 + 108)
    assert plan.units == plan.total.budget
    assert plan.exact


def test_a_limit_closes_a_bracket_early() -> None:
    plan = make_plan(study(limits={"trials": 20}), 4, None)
    assert rows(plan) == [(0, 1, 20, 6), (0, 3, 6, 2), (0, 9, 2, 1), (0, 27, 1, 0)]
    assert plan.total.budget == 20 + 12 + 12 + 18


def test_what_is_trained_from_0_costs_more() -> None:
    plan = make_plan(study(budget={**BUDGET, "resume": False}, limits={"trials": 27}), 1, None)
    assert plan.total.budget == 27 + 9 * 3 + 3 * 9 + 27
    assert plan.rungs[1].budget == 27
    assert plan.whole is not None
    assert plan.whole.budget == 4 * 27 + (36 + 36 + 27) + (54 + 54) + 108


def test_asha_is_the_quota_of_each_rung() -> None:
    plan = make_plan(study(strategy="asha", limits={"trials": 100}), 4, None)
    assert [rung.trials for rung in plan.rungs] == [100, 33, 11, 3]
    assert plan.total == planned.Cost(100, 147, 100 + 66 + 66 + 54)
    assert not plan.exact


@pytest.mark.parametrize("limits", [{"trials": 81}, {"budget": 120}, {"trials": 81, "budget": 400}, {"time": 60}])
@pytest.mark.parametrize("resume", [True, False])
def test_one_worker_takes_as_long_as_its_budget(limits: Any, resume: bool) -> None:
    tuned = study(strategy="asha", budget={"name": "epochs", "max": 81, "resume": resume}, limits=limits)
    plan = make_plan(tuned, 1, None)
    assert plan.basis == "quota"
    for cost, units in ((plan.total, plan.units), (plan.least, plan.least.units), (plan.most, plan.most.units)):
        assert units == pytest.approx(cost.budget)
    assert plan.total == planned.cost_of(plan.rungs)


@given(st.integers(1, 120), st.integers(1, 8), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_the_quotas_are_the_least_that_asha_takes(trials: int, workers: int, seed: int) -> None:
    tuned = study(strategy="asha", limits={"trials": trials})
    plan = make_plan(tuned, workers, None)
    assert plan.total.budget == plan.least.budget <= plan.most.budget
    done = simulate(tuned.replace(seed=seed), lambda config, budget, seed: math.sin(seed), workers=workers)
    assert plan.least.budget <= done.history.budget_planned
    assert plan.least.jobs <= sum(len(trial.jobs) for trial in done.history.trials)


@pytest.mark.parametrize("limits", [{"budget": 120}, {"budget": 700}, {"time": 200}, {"trials": 60}])
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("checkpoints", ["auto", "all", 1])
def test_asha_keeps_as_many_checkpoints_as_planned(limits: Any, workers: int, checkpoints: Any) -> None:
    tuned = study(
        strategy="asha",
        budget={"name": "epochs", "max": 81},
        limits=limits,
        trial={"checkpoints": checkpoints},
    )
    plan = make_plan(tuned, workers, 1.0)
    done = simulate(tuned.replace(seed=7), lambda config, budget, seed: math.sin(seed), workers=workers)
    kept = sum(bool(trial.jobs) and not trial.dropped for trial in done.history.trials)
    assert kept <= 1.5 * plan.checkpoints[1]
    assert plan.checkpoints[1] <= 1.5 * kept + 5
    if checkpoints == "auto" and "trials" not in limits:
        assert plan.checkpoints[1] <= 2 * workers * 4 + plan.rungs[-1].trials + workers + 4


def test_the_time_is_the_schedules_own() -> None:
    plan = make_plan(study(strategy="random", limits={"trials": 5}), 2, 30.0)
    assert plan.units == pytest.approx(3 * 27)
    without = make_plan(study(strategy="random", budget=None, limits={"trials": 5}), 2, 30.0)
    assert without.units == pytest.approx(3)


@pytest.mark.parametrize("workers", [1, 3, 16])
@pytest.mark.parametrize("trials", [10, 60])
def test_brackets_come_out_as_planned_whatever_the_losses_are(workers: int, trials: int) -> None:
    tuned = study(limits={"trials": trials})
    plan = make_plan(tuned, workers, None)
    done = simulate(tuned.replace(seed=3), lambda config, budget, seed: math.sin(seed), workers=workers, world=World())
    assert plan.units == pytest.approx(done.seconds)
    assert plan.total.budget == done.history.budget_planned
    assert plan.total.jobs == sum(len(trial.jobs) for trial in done.history.trials)


def test_a_study_that_only_time_limits_is_an_example_unless_the_time_of_a_unit_is_known() -> None:
    tuned = study(limits={"time": 600})
    example = make_plan(tuned, 1, None)
    assert example.example
    assert example.total == example.whole
    timed = make_plan(tuned, 1, 10.0)
    assert (timed.example, timed.ends) == (False, "time")
    assert timed.units == pytest.approx(60)
    asha = make_plan(study(strategy="asha", limits={"time": 600}), 1, None)
    assert (asha.example, asha.total.trials, asha.rungs[-1].trials) == (True, 27, 1)


def test_a_long_study_is_rehearsed_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_plan(study(strategy="random", limits={"trials": 490}), 1, None)
    monkeypatch.setattr(planned, "MOST", 49)
    part = make_plan(study(strategy="random", limits={"trials": 490}), 1, None)
    assert part.played == 49
    assert part.total == whole.total
    assert part.units == pytest.approx(whole.units)
    assert part.checkpoints == whole.checkpoints
    assert not part.exact
    assert make_plan(study(strategy="random", limits={"trials": 49}), 1, None).played is None


@pytest.mark.parametrize("limits", [{"trials": 490}, {"budget": 3000}])
def test_the_table_of_a_long_study_is_of_the_whole(monkeypatch: pytest.MonkeyPatch, limits: Any) -> None:
    for strategy in ("asha", {"name": "asha", "mode": "stop"}):
        whole = make_plan(study(strategy=strategy, limits=limits), 1, None)
        monkeypatch.setattr(planned, "MOST", 100)
        part = make_plan(study(strategy=strategy, limits=limits), 1, None)
        monkeypatch.undo()
        assert part.played == 100
        assert part.rungs[0].trials == part.total.trials == pytest.approx(whole.total.trials, rel=0.3)
        assert sum(rung.budget for rung in part.rungs) == pytest.approx(part.total.budget)
        assert part.total.budget == pytest.approx(whole.total.budget, rel=0.2)


@given(
    strategy=st.sampled_from(["hyperband", "successive_halving", {"name": "hyperband", "eta": 2}]),
    limits=st.fixed_dictionaries({}, optional={"trials": st.integers(1, 130), "budget": st.integers(1, 900)}),
    count=st.none() | st.integers(1, 7),
    resume=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_brackets_by_arithmetic_are_as_they_are_rehearsed(
    strategy: Any, limits: dict[str, int], count: int | None, resume: bool
) -> None:
    named = {"name": strategy} if isinstance(strategy, str) else strategy
    options = {} if count is None else {"brackets": count}
    tuned = study(strategy={**named, **options}, limits=limits or {"time": 60}, budget={**BUDGET, "resume": resume})
    played = make_plan(tuned, 1, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planned, "MOST", 0)
        told = make_plan(tuned, 1, None)
    assert told.basis == ("arithmetic" if told.total.trials else "rehearsal")
    assert told.rungs == played.rungs
    assert (told.total, told.brackets, told.ends) == (played.total, played.brackets, played.ends)
    assert told.units == told.least.units == pytest.approx(told.most.units) == pytest.approx(played.units)
    assert told.checkpoints[0] >= played.checkpoints[0]


@pytest.mark.parametrize("workers", [2, 5, 40])
@pytest.mark.parametrize("trials", [20, 49, 160])
def test_the_time_of_brackets_is_within_the_bounds_of_arithmetic(
    monkeypatch: pytest.MonkeyPatch, workers: int, trials: int
) -> None:
    tuned = study(limits={"trials": trials})
    played = make_plan(tuned, workers, None)
    monkeypatch.setattr(planned, "MOST", 0)
    told = make_plan(tuned, workers, None)
    assert told.least.units <= played.units + 1e-9
    assert played.units <= told.most.units + 1e-9


def test_only_the_brackets_that_were_asked_for_are_planned() -> None:
    strategy = {"name": "hyperband", "brackets": 2}
    plan = make_plan(study(strategy=strategy, budget={"name": "epochs", "max": 10**6}, limits={}), 1, None)
    assert plan.rungs[0].trials == 3**12
    assert (plan.brackets, plan.ends, plan.exact) == (2, "complete", True)
    assert plan.total.trials == 3**12 + plan.rungs[13].trials
    assert plan.total.budget == plan.units == sum(rung.budget for rung in plan.rungs)
    text = "\n".join(plan_lines(plan, None, 100))
    assert "all 13 kinds take 834,008 trials and 121,401,031 epochs; the study has 2 brackets" in text


def test_many_brackets_are_counted_and_not_all_listed() -> None:
    plan = make_plan(study(limits={"trials": 49 * 10**6}), 1, None)
    assert plan.total == planned.Cost(49 * 10**6, 69 * 10**6, 357 * 10**6)
    assert plan.brackets == 4 * 10**6
    assert len(plan.rungs) == 10 * 250
    assert "… and 3,999,988 further brackets (--json has the first 1,000)" in "\n".join(plan_lines(plan, None, 100))


def test_a_finite_space_ends_a_study() -> None:
    parameters = {"a": {"type": "int", "low": 1, "high": 6}}
    for strategy in ("random", "grid"):
        plan = make_plan(study(parameters=parameters, strategy=strategy), 1, None)
        assert (plan.total.trials, plan.ends) == (6, "space_exhausted")


def test_a_rule_that_stops_trials_makes_it_at_most_so_much() -> None:
    plan = make_plan(study(strategy={"name": "random", "stop": {"rule": "median"}}, limits={"trials": 4}), 1, None)
    assert plan.total.budget == 4 * 27
    assert not plan.exact


def test_the_target_the_timeout_and_learning_take_no_part() -> None:
    plain = make_plan(study(), 2, 10.0)
    other = study(
        strategy="bohb", metric={"name": "loss", "goal": "minimize", "target": 0.5}, trial={"timeout": 1, "retries": 2}
    )
    assert make_plan(other, 2, 10.0).total == plain.total


@pytest.mark.parametrize(("resume", "longest"), [(True, 27), (False, 27)])
def test_the_longest_job(resume: bool, longest: int) -> None:
    assert make_plan(study(budget={**BUDGET, "resume": resume}), 1, None).longest == longest
    asha = make_plan(study(strategy="asha", budget={**BUDGET, "resume": resume}), 1, None)
    assert asha.longest == (18 if resume else 27)


def test_checkpoints_are_counted() -> None:
    plan = make_plan(study(strategy="successive_halving", limits={"trials": 27}), 1, None)
    assert plan.checkpoints == (9 + 1, 1)
    everything = study(strategy="successive_halving", limits={"trials": 27}, trial={"checkpoints": "all"})
    assert make_plan(everything, 1, None).checkpoints == (27, 27)


@given(studies(), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_every_study_has_a_plan_within_its_limits(tuned: Study, workers: int) -> None:
    plan, limits = make_plan(tuned, workers, None), tuned.limits
    assert limits.trials is None or plan.total.trials <= limits.trials
    assert limits.budget is None or plan.total.budget <= limits.budget
    assert plan.total.jobs >= plan.total.trials
    assert plan.units * workers >= plan.total.budget * (plan.exact - 1e-9)
    assert plan.checkpoints[1] <= plan.checkpoints[0] <= plan.total.trials
    assert plan.exact or not plan.rungs or plan.rungs[0].bracket is None
    for seconds in (None, 3.0):
        assert all(line.isprintable() for text in plan_lines(plan, seconds, 60) for line in text.split("\n"))
    assert make_plan(tuned, workers, None) == plan


# The command


def test_the_plan_in_words(call, file: Path) -> None:
    text = call("plan", str(file), "--set", "limits.trials=20", "--unit-time", "30s").stdout
    assert "random × hyperband, eta 3, 1 to 27 epochs" in text
    assert "20 of 27" in text
    assert "62 epochs: 2.3 full trainings, 11 % of what 20 trials in full would take" in text
    assert (
        "all 4 kinds take 49 trials and 357 epochs; the study has 1 bracket; bracket 0 closes at 20 of its 27" in text
    )
    assert "with 2 workers" in text
    assert sorted(file.parent.iterdir()) == [file]


def test_a_range_is_the_same_in_all_that_is_told(call, file: Path) -> None:
    sets = ["--set", "strategy=asha", "--set", "limits.trials=81", "--set", "budget.max=81", "-w", "1"]
    text = call("plan", str(file), *sets).stdout
    found = json.loads(call("plan", str(file), *sets, "--json").stdout)
    least, most = found["least"], found["most"]
    assert least["budget"] == least["units_of_time"] == found["total"]["budget"] == found["units_of_time"] == 297
    assert most["budget"] == pytest.approx(most["units_of_time"])
    assert most["budget"] > 297
    span = f"297 to {most['budget']:.0f} epochs"
    assert f"about {span}: 3.7 to " in text
    assert f"about that of {span} with 1 worker" in text
    assert f"about {least['jobs']} to {most['jobs']}" in text
    assert "ranges are from that to a rehearsal with random values" in text
    assert found["basis"] == "quota"
    learning = call("plan", str(file), *sets, "--set", "strategy=mobster").stdout
    assert "the better new trials become (as with gp, which learns), the more promotions there are" in learning


def test_numbers_read_well(call, file: Path) -> None:
    def told(*sets: str) -> str:
        return str(call("plan", str(file), *[word for each in sets for word in ("--set", each)]).stdout)

    one = told("strategy={name: successive_halving, brackets: 1}", "limits={trials: 1}")
    assert "1 full training, 100 % of what 1 trial in full would take" in one
    assert " epochs: 1 full training, 1 % of" in told("budget.max=81", "limits={budget: 84}", "workers=1")
    level = told("strategy=asha", "budget.min=27")
    assert "at 27 epochs" in level
    assert "27 to 27" not in level
    assert "ranges" not in level
    assert "to 1,000,000 epochs" in told("strategy=random", "budget.max=1000000")
    assert "in bracket 2 none of 2 comes to 27 epochs" in told("limits={budget: 220}")


@pytest.mark.parametrize(
    "sets",
    [
        ["strategy=asha"],
        ["strategy={name: asha, mode: stop}"],
        ["strategy={name: random, stop: {rule: percentile, after: 3, every: 3}}"],
        ["strategy=random", "budget=null"],
        ["strategy=grid", "budget=null", "parameters.lr.grid=3"],
        ["strategy={name: successive_halving, brackets: 2}", "limits={}"],
        ["limits={time: 1h}", "budget.resume=false"],
        ["limits={budget: 300}", "metric.target=0.1"],
        ["limits={trials: 900}"],
    ],
)
def test_every_kind_of_study_has_a_plan(call, file: Path, sets: list[str]) -> None:
    options = [word for each in sets for word in ("--set", each)]
    shown = call("plan", str(file), *options)
    assert shown.returncode == 0, shown.stderr
    assert "trials" in shown.stdout
    assert shown.stdout == call("plan", str(file), *options).stdout
    found = json.loads(call("plan", str(file), *options, "--unit-time", "2s", "--json").stdout)
    assert found["seconds"] == pytest.approx(2 * found["units_of_time"])
    assert found["total"]["trials"] > 0


@pytest.mark.parametrize("text", ["soon", "0", "-3s"])
def test_a_unit_takes_time(call, file: Path, text: str) -> None:
    shown = call("plan", str(file), f"--unit-time={text}")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "--unit-time" in shown.stderr


def test_what_is_worth_a_note(call, file: Path) -> None:
    shown = call("plan", str(file), "--set", "trial.timeout=1m", "--set", "budget.resume=false", "--unit-time", "30s")
    assert "`resume: false`: every promotion trains from 0 again" in shown.stdout
    assert "the longest job takes longer than `trial.timeout` (1m 00s)" in shown.stdout
    assert "none are needed" in shown.stdout


def test_a_wrong_study_is_refused_with_its_line(call, file: Path) -> None:
    shown = call("plan", str(file), "--set", "strategy=hyperbandit")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "did you mean" in shown.stderr
