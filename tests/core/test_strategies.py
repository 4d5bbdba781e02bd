"""The table of strategies, and the checks that a study's strategy fits: each with the line of the study file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hpotune
from hpotune import strategies
from hpotune.errors import StudyError
from hpotune.options import one_of, whole
from hpotune.schedulers import FullScheduler
from hpotune.searchers import GridSearcher, RandomSearcher, SobolSearcher
from hpotune.strategies import (
    SCHEDULERS,
    SEARCHERS,
    STRATEGIES,
    check,
    check_room,
    complete,
    doubts,
    resolve,
    scheduler_of,
)
from hpotune.study import Study
from studies import study

OPTIONS = {"eta": whole(2, 3), "mode": one_of(("promote", "stop"), "promote")}
HEAD = """\
command: [python, train.py]
metric: {name: loss, goal: minimize}
parameters:
  lr: {type: float, low: 0.1, high: 1.0}
  batch: {type: ordinal, choices: [16, 32]}
"""


def load(tmp_path: Path, text: str) -> Study:
    (tmp_path / "tune.yaml").write_text(HEAD + text)
    return hpotune.load_study(tmp_path / "tune.yaml")


def refused(tmp_path: Path, text: str) -> list[str]:
    """The problems of a study file, each as `line:column: path: message | remedy`."""
    with pytest.raises(StudyError) as caught:
        load(tmp_path, text)
    return [
        f"{problem.line}:{problem.column} {'.'.join(map(str, problem.path))}: {problem.message} | {problem.remedy}"
        for problem in caught.value.problems
    ]


# The table


def test_the_table_names_what_there_is() -> None:
    for name, made in STRATEGIES.items():
        assert made.searcher in SEARCHERS, name
        assert made.scheduler in SCHEDULERS, name
        assert set(made.options) <= {*SEARCHERS[made.searcher].options, *SCHEDULERS[made.scheduler].options}, name
    assert {"grid", "random", "sobol"} <= set(STRATEGIES)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_of_the_table_can_be_had(name: str) -> None:
    whole = study(strategy=name, budget={"name": "epochs", "max": 9})
    resolved = resolve(whole)
    searcher, scheduler, _ = STRATEGIES[name]
    pair = resolve(study(strategy={"searcher": searcher, "scheduler": scheduler}, budget={"name": "epochs", "max": 9}))
    assert type(resolved.searcher) is type(pair.searcher)
    assert type(resolved.scheduler) is type(pair.scheduler)
    assert (resolved.quick, resolved.takes_default) == (SEARCHERS[searcher].quick, SEARCHERS[searcher].takes_default)


@pytest.mark.parametrize("kind", [*SEARCHERS.values(), *SCHEDULERS.values()])
def test_every_kind_says_what_it_is_about(kind: Any) -> None:
    assert kind.about
    assert len(kind.about) <= 90
    assert not kind.about.endswith(".")


def test_what_the_names_stand_for() -> None:
    budget = {"name": "epochs", "max": 9}
    assert resolve(study(strategy="random")).searcher == RandomSearcher()
    assert resolve(study(strategy="sobol", seed=5)).searcher == SobolSearcher(5)
    assert isinstance(resolve(study(strategy="grid")).searcher, GridSearcher)
    assert resolve(study(budget=budget)).scheduler == FullScheduler(9)
    assert resolve(study()).scheduler == FullScheduler(None)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("searcher", SEARCHERS)
def test_any_pair_may_be_written_out(searcher: str, scheduler: str) -> None:
    budget = {"name": "epochs", "max": 9}
    made = resolve(study(strategy={"searcher": searcher, "scheduler": scheduler}, budget=budget))
    assert type(made.searcher) is type(resolve(study(strategy={"searcher": searcher})).searcher)
    assert made.scheduler == resolve(study(strategy={"scheduler": scheduler}, budget=budget)).scheduler
    assert resolve(study(strategy={"searcher": searcher})).scheduler == FullScheduler(None)


def test_without_a_strategy_it_is_random(tmp_path: Path) -> None:
    loaded = load(tmp_path, "limits: {trials: 3}\n")
    assert resolve(loaded).searcher == RandomSearcher()


# What does not fit


def test_an_unknown_strategy(tmp_path: Path) -> None:
    found = refused(tmp_path, "limits: {trials: 3}\nstrategy: sobel\n")
    assert found == ["7:11 strategy.name: unknown strategy 'sobel' | did you mean 'sobol'?"]
    found = refused(tmp_path, "limits: {trials: 3}\nstrategy: {name: zzz}\n")
    assert found == [f"7:18 strategy.name: unknown strategy 'zzz' | available: {', '.join(STRATEGIES)}"]


def test_an_unknown_searcher_and_scheduler_are_told_together(tmp_path: Path) -> None:
    found = refused(tmp_path, "limits: {trials: 3}\nstrategy:\n  searcher: randon\n  scheduler: fall\n")
    assert found == [
        "8:13 strategy.searcher: unknown searcher 'randon' | did you mean 'random'?",
        "9:14 strategy.scheduler: unknown scheduler 'fall' | did you mean 'full'?",
    ]


def test_an_unknown_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "limits: {trials: 3}\nstrategy:\n  name: random\n  etta: 3\n"
    found = refused(tmp_path, text)
    assert found == ["9:3 strategy.etta: unknown option 'etta' of strategy random × full | it takes stop"]
    monkeypatch.setattr(strategies, "SCHEDULERS", {"full": replace(SCHEDULERS["full"], options=OPTIONS)})
    assert refused(tmp_path, text) == [
        "9:3 strategy.etta: unknown option 'etta' of strategy random × full | did you mean 'eta'?"
    ]
    assert refused(tmp_path, text.replace("etta", "xyz")) == [
        "9:3 strategy.xyz: unknown option 'xyz' of strategy random × full | it takes eta, mode"
    ]
    assert load(tmp_path, text.replace("etta", "eta")).strategy.options == {"eta": 3}


def test_a_scheduler_that_needs_a_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "SCHEDULERS", {"full": replace(SCHEDULERS["full"], needs_budget=True)})
    (found,) = refused(tmp_path, "limits: {trials: 3}\nstrategy: random\n")
    assert found.startswith("7:")
    assert "scheduler full needs a budget | add `budget: {name: epochs, max: 81}`" in found
    assert load(tmp_path, "limits: {trials: 3}\nbudget: {name: epochs, max: 9}\n").budget is not None


@pytest.mark.parametrize(
    "text", ["limits: {failures: 3}\n", "limits: {}\n", "limits: {failures: 3}\nstrategy: sobol\n"]
)
def test_a_study_that_would_never_end(tmp_path: Path, text: str) -> None:
    (found,) = refused(tmp_path, text)
    assert found.startswith("6:1 limits: nothing would ever end this study | add `limits: {trials: 100}`")


def test_a_study_that_would_never_end_and_says_nothing_of_limits(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, "")
    assert "nothing would ever end this study" in found


@pytest.mark.parametrize(
    "limits",
    [
        {"limits": {"trials": 3}},
        {"limits": {"time": "1h"}},
        {"limits": {"budget": 90}, "budget": {"name": "epochs", "max": 9}},
        {"limits": None, "metric": {"name": "loss", "goal": "minimize", "target": 0.1}},
    ],
)
def test_one_limit_is_enough(limits: dict[str, Any]) -> None:
    assert check(study(**limits)) == []


def test_a_grid_ends_by_itself() -> None:
    assert check(study(strategy="grid", limits=None)) == []


def test_a_grid_needs_points_of_every_continuous_parameter(tmp_path: Path) -> None:
    found = refused(tmp_path, "strategy: grid\n")
    assert len(found) == 1
    assert found[0].startswith("4:")
    assert "parameters.lr: a grid needs a number of points for a continuous parameter" in found[0]
    assert "grid: 5" in found[0]
    (tmp_path / "tune.yaml").write_text((HEAD + "strategy: grid\n").replace("high: 1.0", "high: 1.0, grid: 4"))
    assert hpotune.load_study(tmp_path / "tune.yaml").space.grid_size() == 8


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    found = refused(tmp_path, "workers: none\nstrategy: randum\nlimits: {trials: 3}\n")
    assert [line.split(" ")[1] for line in found] == ["workers:", "strategy.name:"]


def test_a_study_without_a_file_is_told_the_path() -> None:
    with pytest.raises(StudyError) as caught:
        resolve(study(strategy="sobel"))
    assert str(caught.value).startswith("strategy.name: unknown strategy 'sobel'")


# Options


def test_an_option_that_cannot_be(tmp_path: Path) -> None:
    text = "limits: {trials: 3}\nstrategy: {name: bo, initial: 0, acquisition: eii, xi: -1, beta: x}\n"
    assert refused(tmp_path, text) == [
        "7:31 strategy.initial: initial cannot be 0 | it is a whole number ≥ 1",
        '7:47 strategy.acquisition: acquisition cannot be "eii" | it is one of log_ei, ei, ucb, pi',
        "7:56 strategy.xi: xi cannot be -1 | it is a number ≥ 0",
        '7:66 strategy.beta: beta cannot be "x" | it is a number ≥ 0, or auto',
    ]


def test_a_complete_study_has_every_option_written_out() -> None:
    whole_one = complete(study(strategy={"name": "bo", "xi": 0.5}))
    assert whole_one.strategy.options == {
        "initial": 5, "acquisition": "log_ei", "xi": 0.5, "beta": "auto", "kernel": "matern52",
        "random_fraction": 0.0,
    }  # fmt: skip
    assert complete(whole_one) == whole_one
    assert resolve(whole_one) == resolve(study(strategy={"name": "bo", "xi": 0.5}))
    assert Study.from_dict(whole_one.to_dict()) == whole_one


def test_what_is_left_out_stays_as_it_was() -> None:
    """A later version may have other defaults; a run keeps those it was started with."""
    before = complete(study(strategy={"name": "bo", "initial": 3, "kernel": "rbf"}))
    again = complete(study(strategy={"name": "bo", "initial": 4}), like=before)
    assert (again.strategy.options["initial"], again.strategy.options["kernel"]) == (4, "rbf")
    other = complete(study(strategy="random"), like=before)
    assert other == study(strategy="random")


def test_a_whole_number_is_the_float_that_it_equals() -> None:
    """Else a default spelt 0 in the file would differ on resume from the 0.0 that the run wrote out."""
    bare = complete(study(strategy="bo"))
    spelt = complete(study(strategy={"name": "bo", "xi": 0}), like=bare)
    assert spelt.to_dict() == bare.to_dict()
    assert type(spelt.strategy.options["xi"]) is float


@pytest.mark.parametrize("strategy", ["bohb", "asha", {"name": "random", "stop": {"rule": "median"}}])
def test_the_scheduler_alone_is_that_of_the_strategy(strategy: Any) -> None:
    whole = study(strategy=strategy, budget={"name": "epochs", "max": 9})
    assert scheduler_of(whole) == scheduler_of(complete(whole)) == resolve(whole).scheduler


@pytest.mark.parametrize(
    ("strategy", "least"), [("random", 27), ("hyperband", 1), ({"name": "asha", "mode": "stop"}, 27), ("asha", 1)]
)
def test_the_limit_of_the_budget_must_take_a_trial(strategy: Any, least: int) -> None:
    budget = {"name": "epochs", "max": 27}
    assert check_room(study(strategy=strategy, budget=budget, limits={"budget": least})) == []
    (problem,) = check_room(study(strategy=strategy, budget=budget, limits={"budget": least - 0.5}))
    assert "not enough for a single trial" in problem.message
    assert str(least) in problem.remedy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"budget": {"name": "epochs", "min": 27, "max": 27}}, ["one rung only"]),
        ({"strategy": {"name": "asha", "eta": 100}}, ["one rung only"]),
        ({"limits": {"budget": 20}}, ["in full: 20 is less than 27"]),
        ({"trial": {"checkpoints": 0}}, ["start over"]),
        ({"strategy": "random", "trial": {"checkpoints": 0}}, []),
    ],
)
def test_what_is_doubtful_about_rungs(changes: dict[str, Any], words: list[str]) -> None:
    whole = study(**{"strategy": "asha", "budget": {"name": "epochs", "max": 27}, **changes})
    found = [problem.message for problem in doubts(whole)]
    assert len(found) == len(words)
    assert all(part in message for part, message in zip(words, found, strict=True))
