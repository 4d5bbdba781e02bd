"""Histories that a model cannot make much of: no exception, no warning, no nan, and no resort to chance.

Every answer goes through `ask`, which checks that it is the model's, valid, new and of finite numbers; a warning is an
error in all tests.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from gp_studies import EVERY_KIND, UNIT, ask, cube, declared, every_kind, run, told

from hpotune.keys import Key
from hpotune.models.acquisition import ACQUISITIONS
from hpotune.searchers import Exhausted, Proposal
from hpotune.searchers.gp import GpSearcher
from hpotune.space import Space

CUBE = declared(1, cube(3)).space
MIXED = declared(1, EVERY_KIND).space
LISTED = declared(1, {"a": {"type": "int", "low": 0, "high": 9}, "k": {"type": "bool"}}).space

every_acquisition = pytest.mark.parametrize("acquisition", ACQUISITIONS)
every_space = pytest.mark.parametrize("space", [CUBE, MIXED], ids=["cube", "mixed"])
LARGEST = float(np.finfo(np.float64).max)


def points(space: Space, count: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).random((count, space.dimension))


def smooth(at: Any) -> Any:
    return ((at - 0.4) ** 2).sum(axis=1)


def sane(space: Space, at: Any, losses: Any, **more: Any) -> Proposal:
    proposal = ask(space, told(space, at, losses, **more))
    assert "fallback" not in proposal.record
    return proposal


# Losses


EXTREMES: dict[str, Any] = {
    "constant": np.zeros(20),
    "constant and large": np.full(20, -1.7e308),
    "constant and small": np.full(20, 5e-324),
    "nearly constant": 1.0 + np.arange(20) % 2 * 1e-16 * 2.3,
    "tiny": np.linspace(1, 2, 20) * 1e-300,
    "subnormal": np.linspace(1, 20, 20) * 5e-324,
    "huge": np.linspace(1, 2, 20) * 8e307,
    "both signs": np.linspace(-1, 1, 20) * LARGEST,
    "only the largest": np.where(np.arange(20) % 2, LARGEST, -LARGEST),
    "all scales": np.logspace(-300, 300, 20),
    "all scales, both signs": np.concatenate([-np.logspace(-300, 300, 10), np.logspace(-300, 300, 10)]),
    "two values": np.arange(20) % 2 * 1.0,
}


@pytest.mark.parametrize("name", EXTREMES)
@every_space
def test_losses_of_any_size(name: str, space: Space) -> None:
    record = sane(space, points(space, 20), EXTREMES[name]).record
    assert record["best"] <= max(EXTREMES[name])
    assert record["mean"] <= max(EXTREMES[name])
    assert record["sd"] >= 0.0


@every_acquisition
@pytest.mark.parametrize("name", EXTREMES)
def test_losses_of_any_size_with_every_acquisition_function(name: str, acquisition: str) -> None:
    for beta in ("auto", 0, 1e6) if acquisition == "ucb" else ("auto",):
        ask(CUBE, told(CUBE, points(CUBE, 20), EXTREMES[name]), acquisition=acquisition, beta=beta, xi=0.01)


@pytest.mark.parametrize("outlier", [1e6, 1e100, 1e300, LARGEST])
def test_one_outlier_does_not_hide_the_rest(outlier: float) -> None:
    """With and without it the model finds the valley, and expects about the same there."""
    at = points(CUBE, 25)
    losses = smooth(at)
    calm = sane(CUBE, at, losses)
    losses[7] = outlier
    shaken = sane(CUBE, at, losses)
    for proposal in (calm, shaken):
        assert max(abs(float(value) - 0.4) for value in proposal.config.values()) < 0.25
    assert shaken.record["best"] == pytest.approx(calm.record["best"], abs=0.1)


@pytest.mark.parametrize("outlier", [-1e6, -1e300, -LARGEST])
def test_one_value_that_is_far_better_than_all(outlier: float) -> None:
    losses = smooth(points(CUBE, 25))
    losses[7] = outlier
    assert sane(CUBE, points(CUBE, 25), losses).record["best"] < 0.0


# Points


@every_space
@pytest.mark.parametrize("noise", [0.0, 1.0, 1e300])
def test_a_hundred_times_the_same_point(space: Space, noise: float) -> None:
    at = np.repeat(points(space, 1), 100, axis=0)
    losses = noise * np.random.default_rng(2).random(100)
    sane(space, at, losses)
    sane(space, at, losses, pending=at[:20], failed=at[:20])


def test_many_points_closer_than_rounding() -> None:
    at = points(CUBE, 1) + 1e-15 * points(CUBE, 100)
    sane(CUBE, at, np.random.default_rng(2).random(100))


@every_space
def test_one_observation(space: Space) -> None:
    record = sane(space, points(space, 1), [3.0]).record
    assert record["observations"] == 1
    assert record["best"] == 3.0


@every_space
def test_two_observations(space: Space) -> None:
    assert sane(space, points(space, 2), [3.0, 1.0]).record["observations"] == 2


# Failures


@every_space
@pytest.mark.parametrize("count", [1, 2, 30])
def test_all_failed(space: Space, count: int) -> None:
    at = points(space, count)
    proposal = sane(space, np.empty((0, space.dimension)), [], failed=at)
    assert (proposal.record["observations"], proposal.record["failed"]) == (0, count)
    assert 0.0 < proposal.record["success"] < 1.0


@every_space
@every_acquisition
def test_thirty_failures_and_one_success(space: Space, acquisition: str) -> None:
    """The further tries lie towards the success: all that failed are beyond 0.4 in the first coordinate."""
    at = points(space, 31)
    at[0, 0], at[1:, 0] = 0.1, 0.4 + 0.6 * at[1:, 0]
    proposal = ask(space, told(space, at[:1], [0.5], failed=at[1:]), acquisition=acquisition)
    record = proposal.record
    assert "fallback" not in record
    assert (record["observations"], record["failed"], record["best"]) == (1, 30, 0.5)
    assert 0.0 < record["success"] < 1.0
    assert space.encode(proposal.config)[0] < 0.4


def test_a_point_that_failed_and_succeeded() -> None:
    """The same configuration again, with another seed: it may do either."""
    at = np.repeat(points(CUBE, 5), 2, axis=0)
    sane(CUBE, at, smooth(at), failed=at)


def test_nan_in_between_is_a_failure() -> None:
    def sometimes(config: Any) -> float | None:
        loss = every_kind(config)
        return math.nan if config["depth"] % 2 else loss

    result = run(declared(25, EVERY_KIND), sometimes)
    assert [trial.cause for trial in result.tuner.history.trials if trial.cause] == ["nan"] * sum(
        math.isnan(value or 0.0) for value in result.values
    )
    assert result.by.count("gp") > 10
    for record in result.records:
        json.dumps(record, allow_nan=False)
        assert "fallback" not in record
    assert 0.0 < result.records[-1]["success"] < 1.0
    assert result.records[-1]["failed"] > 0


def test_all_trials_of_a_study_fail() -> None:
    result = run(declared(20, EVERY_KIND), lambda config: None)
    assert len(result.records) == 20
    assert result.by.count("gp") > 5
    assert len({result.space.canonical(config) for config in result.configs}) == 20


# Spaces


def test_a_space_without_a_further_feasible_point_ends_in_words() -> None:
    """What was enqueued is the one that is known, and it failed."""
    parameters = {"x": UNIT, "n": {"type": "int", "low": 0, "high": 10**9}}
    study = declared(5, parameters, {"name": "bo", "initial": 1}, constraints=["n == 5"], enqueue=[{"n": 5, "x": 0.5}])
    result = run(study, lambda config: None)
    assert result.configs == [{"x": 0.5, "n": 5}]
    assert result.tuner.history.finished == "space_exhausted"


@pytest.mark.parametrize(
    "parameters",
    [
        {"x": {"type": "float", "low": 0.5, "high": 0.5}},
        {"a": {"type": "int", "low": 4, "high": 4}, "k": {"type": "categorical", "choices": ["only"]}},
        {"c": {"type": "constant", "value": [1, 2]}},
        {"c": {"type": "constant", "value": 3}, "d": {"type": "derived", "expression": "c + 1"}},
    ],
)
def test_a_space_of_one_configuration_ends_after_it(parameters: Any) -> None:
    """The model is asked, and answers that there is nothing left."""
    result = run(declared(5, parameters, {"name": "bo", "initial": 1}), lambda config: 1.0)
    space = result.space
    observations = result.tuner.history.observations(results=True)
    answer = GpSearcher(1, initial=1).propose(space, observations, Key.of(1, 1), None)
    if space.enumerate() is not None:
        assert isinstance(answer, Exhausted)
        assert result.tuner.history.finished == "space_exhausted"
        assert len(result.configs) == 1
    else:
        assert len({space.canonical(config) for config in result.configs}) == len(result.configs)


def test_a_parameter_of_one_value_among_others_is_no_trouble() -> None:
    space = declared(1, {"one": {"type": "int", "low": 4, "high": 4}, "x": UNIT, "y": UNIT}).space
    at = points(space, 12)
    with_it = sane(space, at, smooth(at[:, 1:]))
    without = sane(declared(1, {"x": UNIT, "y": UNIT}).space, at[:, 1:], smooth(at[:, 1:]))
    assert with_it.config["one"] == 4
    assert with_it.record["mean"] == pytest.approx(without.record["mean"], abs=0.05)


def test_a_small_finite_space_is_listed_to_its_end() -> None:
    """All of its 20 configurations, each once, by the model."""
    result = run(declared(30, {"a": {"type": "int", "low": 0, "high": 9}, "k": {"type": "bool"}}), lambda c: c["a"])
    assert result.tuner.history.finished == "space_exhausted"
    assert len({LISTED.canonical(config) for config in result.configs}) == len(result.configs) == 20
    by = result.by
    design = by.count("sobol")
    assert by[design:] == ["list"] * (20 - design)
    assert [record["candidates"] for record in result.records[design:]] == list(range(20 - design, 0, -1))


@pytest.mark.parametrize("losses", [np.zeros(6), np.full(6, 1e300), np.array([1, 2, 3, 4, 5, 1e300])])
def test_a_small_finite_space_with_losses_of_any_size(losses: Any) -> None:
    at = np.array([LISTED.encode(config) for config in (LISTED.enumerate() or ())[:6]])
    assert sane(LISTED, at, losses).record["by"] == "list"
