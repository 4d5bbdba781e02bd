"""The searcher as a whole: its design, purity, resuming and replay, invariance, what is pending, and its records."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from gp_studies import (
    CUBE,
    EVERY_KIND,
    UNIT,
    Run,
    ask,
    bo,
    bowl,
    cube,
    declared,
    every_kind,
    go_on,
    known,
    resumed,
    run,
)
from scipy.spatial.distance import pdist

from hpotune import events as ev
from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.models.acquisition import ACQUISITIONS
from hpotune.replay import replay
from hpotune.searchers import Proposal
from hpotune.searchers.gp import GpSearcher
from hpotune.space import Space
from hpotune.tuner import Tuner

every_acquisition = pytest.mark.parametrize("acquisition", ACQUISITIONS)


# The design


@pytest.mark.parametrize("initial", [1, 2, 5, 12])
def test_the_design_is_as_long_as_it_is_said(initial: int) -> None:
    result = run(declared(15, cube(3), bo(initial=initial)), bowl)
    assert result.by == ["sobol"] * initial + ["gp"] * (15 - initial)
    assert [(r["index"], r["of"]) for r in result.records[:initial]] == [(index, initial) for index in range(initial)]
    sobol = run(declared(initial, cube(3), "sobol"), bowl)
    assert result.configs[:initial] == sobol.configs, "the points of the Sobol searcher"


def test_a_design_that_is_not_given_has_a_sensible_length() -> None:
    for d in (1, 3, 30):
        by = run(declared(25, cube(d)), bowl).by
        assert 3 <= by.count("sobol") <= 20
        assert by == sorted(by, reverse=True), "first the design, then the model"


def test_enqueued_and_default_configurations_count_towards_the_design() -> None:
    parameters = {"x": {**UNIT, "default": 0.25}, "y": {**UNIT, "default": 0.75}}
    study = declared(8, parameters, bo(initial=5), enqueue=[{"x": 0.5, "y": 0.5}, {"x": 0.1}])
    result = run(study, bowl)
    origins = [trial.origin for trial in result.tuner.history.trials]
    assert origins == ["enqueue", "enqueue", "default", *["search"] * 5]
    assert result.by[3:] == ["sobol", "sobol", "gp", "gp", "gp"]
    assert [record["index"] for record in result.records[3:5]] == [0, 1]
    assert result.records[5]["observations"] == 5, "the model knows them too"


def test_points_of_the_design_that_were_enqueued_are_passed_over() -> None:
    parameters = {"a": {"type": "int", "low": 0, "high": 3}, "k": {"type": "bool"}}
    first = run(declared(1, parameters, bo(initial=4)), lambda config: 1.0).configs[0]
    again = run(declared(4, parameters, bo(initial=4), enqueue=[first]), lambda config: 1.0)
    assert again.records[1]["index"] > 0
    assert len({str(config) for config in again.configs}) == 4


def test_the_design_is_of_feasible_points() -> None:
    study = declared(12, cube(2), bo(initial=6), constraints=["x0 + x1 <= 0.8"])
    result = run(study, bowl)
    assert all(result.space.feasible(config) for config in result.configs)
    indices = [record["index"] for record in result.records[:6]]
    assert indices == sorted(set(indices))


def test_the_model_starts_while_all_workers_are_out() -> None:
    """It waits neither for all of the design nor for the last of it, only for something to learn from."""
    tuner = Tuner(declared(20, cube(3), bo(initial=4), workers=8))
    jobs = [tuner.ask() for _ in range(8)]
    for number in (6, 2, 7):
        job = jobs[number]
        assert job is not None
        tuner.tell(job, bowl(job.config))
        jobs[number] = tuner.ask()
    records = [trial.record for trial in tuner.history.trials]
    assert [record["by"] for record in records] == ["sobol"] * 9 + ["gp"] * 2
    assert [record["index"] for record in records[:9]] == list(range(9))
    assert ["of" in record for record in records[:9]] == [True] * 4 + [False] * 5, (
        "the later ones are none of the design"
    )
    assert [(record["observations"], record["pending"]) for record in records[9:]] == [(2, 7), (3, 7)]


# Purity


@pytest.mark.parametrize("workers", [1, 4])
def test_every_decision_of_a_journal_follows_from_what_it_saw(workers: int) -> None:
    study = declared(22, EVERY_KIND, constraints=["width * depth <= 4000"], workers=workers)
    result = run(study, lambda config: None if config["depth"] == 2 else every_kind(config))
    assert result.by.count("gp") >= 10
    decoded = [ev.decode(json.loads(json.dumps(ev.encode(n, event)))) for n, event in enumerate(result.events)]
    again = replay(decoded)
    assert again.differences == ()
    assert again.same == again.decisions > 40


@pytest.mark.parametrize("workers", [1, 3])
def test_a_resumed_study_goes_on_as_the_undisturbed_one(workers: int) -> None:
    """Taken up in the middle, by a tuner that knows the events alone: of the configurations and records all equal."""
    study = declared(20, EVERY_KIND, workers=workers)
    whole = run(study, every_kind)
    ends = [n for n, event in enumerate(whole.events) if isinstance(event, ev.JobEnded)]
    for trial in (3, 9, 10, 15):
        tuner, memory = resumed(study, whole.events[: ends[trial] + 1])
        if workers == 1:
            go_on(tuner, memory, every_kind)
            assert memory.events == whole.events
        else:
            assert tuner.ask() is not None
            assert memory.events == whole.events[: len(memory.events)]


def test_an_answer_depends_on_what_was_observed_and_on_the_key_alone() -> None:
    observations = known(pending=[[0.5, 0.5, 0.5]], failed=[[0.9, 0.9, 0.9]])
    fresh = Space(CUBE.parameters, CUBE.constraints)
    key = Key.of(3, 14, "propose")
    searcher = GpSearcher(1)
    first = searcher.propose(CUBE, observations, key, None)
    assert isinstance(first, Proposal)
    for number in range(3):
        searcher.propose(CUBE, known(10 + number), Key.of(number), None)
    assert searcher.propose(CUBE, observations, key, None) == first
    assert GpSearcher(1).propose(fresh, observations, key, None) == first
    assert GpSearcher(2).propose(fresh, observations, key, 9) == first, "the seed is that of the design, not the model"
    other = searcher.propose(CUBE, observations, Key.of(4, 14, "propose"), None)
    assert isinstance(other, Proposal)
    assert other.record["fit"] == first.record["fit"], "what is learned hangs on no chance"
    assert other.config != first.config, "where it is looked for does"


def test_observations_are_not_written_to() -> None:
    observations = known(pending=[[0.5, 0.5, 0.5]], failed=[[0.9, 0.9, 0.9]])
    results = observations.results
    assert results is not None
    before = [array.copy() for array in (results.points, results.losses, results.trials)]
    for array in (results.points, results.losses, results.trials, results.pending, results.failed):
        array.flags.writeable = False
    ask(CUBE, observations)
    for array, old in zip((results.points, results.losses, results.trials), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_it_has_to_be_told_the_results() -> None:
    with pytest.raises(ValueError, match="results"):
        GpSearcher(1).propose(CUBE, Observations(0, 0, 0, defaulted=False, tried=frozenset()), Key.of(1), None)


# Invariance


@pytest.fixture(scope="module")
def undisturbed() -> Run:
    return run(declared(25, EVERY_KIND), every_kind)


@pytest.mark.parametrize("exponent", [-40, 1, 70])
def test_a_power_of_two_changes_no_suggestion_of_a_study(undisturbed: Run, exponent: int) -> None:
    scaled = run(declared(25, EVERY_KIND), lambda config: math.ldexp(every_kind(config), exponent))
    assert scaled.configs == undisturbed.configs
    for one, other in zip(undisturbed.records, scaled.records, strict=True):
        if one["by"] == "gp":
            assert other["score"] == one["score"]
            assert other["mean"] == math.ldexp(one["mean"], exponent)
            assert other["sd"] == math.ldexp(one["sd"], exponent)


def test_to_maximise_what_is_negative_is_to_minimise(undisturbed: Run) -> None:
    study = declared(25, EVERY_KIND, metric={"name": "loss", "goal": "maximize"})
    negated = run(study, lambda config: -every_kind(config))
    assert negated.configs == undisturbed.configs
    assert negated.records == undisturbed.records, "in units of the loss"


# What is pending


@every_acquisition
def test_sixteen_workers_get_sixteen_different_configurations(acquisition: str) -> None:
    tuner = Tuner(declared(40, cube(3), bo(initial=10, acquisition=acquisition), workers=16))
    designed = [tuner.ask() for _ in range(10)]
    for job in designed:
        assert job is not None
        tuner.tell(job, bowl(job.config))
    jobs = [tuner.ask() for _ in range(16)]
    records = [trial.record for trial in tuner.history.trials][10:]
    assert [(record["by"], record["pending"]) for record in records] == [("gp", number) for number in range(16)]
    points = np.array([list(job.config.values()) for job in jobs if job is not None], np.float64)
    assert points.shape == (16, 3)
    assert pdist(points).min() > 1e-3
    assert np.linalg.norm(points - 0.3, axis=1).min() < 0.3, "and sensible ones"


@every_acquisition
def test_where_a_trial_is_pending_there_is_less_to_expect(acquisition: str) -> None:
    first = ask(CUBE, known(), acquisition=acquisition)
    there = CUBE.encode(first.config)
    second = ask(CUBE, known(pending=[there]), acquisition=acquisition)
    assert second.record["pending"] == 1
    assert np.linalg.norm(CUBE.encode(second.config) - there) > 0.02
    assert second.record["best"] <= first.record["best"] + 1e-9, "what is expected of it counts"
    beside = ask(CUBE, known(pending=[np.clip(there + 1e-4, 0, 1)]), acquisition=acquisition)
    assert np.linalg.norm(CUBE.encode(beside.config) - there) > 0.02


def test_sixteen_workers_of_a_small_space_share_it() -> None:
    study = declared(100, {"a": {"type": "int", "low": 0, "high": 99}}, bo(initial=4), workers=16)
    result = run(study, lambda config: abs(config["a"] - 37))
    assert sorted(config["a"] for config in result.configs) == list(range(100))
    assert {config["a"] for config in result.configs[:45]} >= {36, 37, 38}
