"""What the search believes: slopes against differences, chances against quadrature, fantasies, and failures."""

from __future__ import annotations

import numpy as np
import pytest
from gp_studies import EVERY_KIND, cube, declared, posterior
from scipy.special import ndtr

from hpotune.models.acquisition import ACQUISITIONS, UpperConfidenceBound
from hpotune.searchers.gp import surrogate as module
from hpotune.searchers.gp.surrogate import Surrogate, make_acquisition, with_fantasies
from hpotune.space import Space

MIXED = declared(1, EVERY_KIND).space
ROTATED = {
    "x": {"type": "float", "low": -3, "high": 3},
    "y": {"type": "float", "low": 0, "high": 1, "when": "x > 0"},
    "n": {"type": "int", "low": 0, "high": 10**9, "when": "x < 1"},
    "k": {"type": "categorical", "choices": ["a", "b"], "when": "x > -1"},
}
SPACES = {"cube": declared(1, cube(3)).space, "mixed": MIXED, "conditional": declared(1, ROTATED).space}

every_acquisition = pytest.mark.parametrize("acquisition", ACQUISITIONS)
every_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
with_and_without = pytest.mark.parametrize("failures", [False, True], ids=["no failures", "failures"])


def surrogate_of(space: Space, acquisition: str, *, failures: bool, seed: int = 1) -> Surrogate:
    embedding, objective = posterior(space, 12, seed)
    labels = np.where(np.arange(12) % 3 == 0, -1.0, 1.0)
    success = posterior(space, 12, seed, targets=labels, signal=0.8, noise=0.05)[1] if failures else None
    best = float(objective.targets.min())
    return Surrogate(embedding, objective, success, make_acquisition(acquisition, best, 0.1, 2.0, seen=12, dimension=3))


def settled(space: Space, count: int, seed: int = 5):
    return space.settle(np.random.default_rng(seed).random((count, space.dimension)))


def differences(function, points, step=1e-4):
    """Central differences by each coordinate, extrapolated to step 0 (Richardson), shape (c, d)."""
    found = np.zeros_like(points)
    for j in range(points.shape[1]):
        aside = np.zeros(points.shape[1])
        aside[j] = step
        wide = (function(points + aside) - function(points - aside)) / (2 * step)
        narrow = (function(points + aside / 2) - function(points - aside / 2)) / step
        found[:, j] = (4 * narrow - wide) / 3
    return found


# Slopes


@every_acquisition
@every_space
@with_and_without
def test_slopes_are_those_of_the_scores(acquisition: str, space: Space, failures: bool) -> None:
    surrogate = surrogate_of(space, acquisition, failures=failures)
    points = np.clip(settled(space, 40), 0.01, 0.99)
    scores, slopes = surrogate.slopes(points)
    np.testing.assert_allclose(scores, surrogate.scores(points), rtol=1e-12, atol=1e-14)
    numbers, _ = surrogate.embedding.numbers
    numeric = np.isin(np.arange(space.dimension), numbers) & ~np.isnan(points)
    expected = np.where(numeric, differences(surrogate.scores, points), 0.0)
    assert np.abs(expected).max() > 1e-3, "there is something to compare"
    scale = np.abs(expected).max(axis=1, keepdims=True)
    np.testing.assert_allclose(slopes, expected, rtol=1e-5, atol=1e-6 * float(scale.max()))


@with_and_without
def test_slopes_show_the_way_where_there_is_nothing_to_expect(failures: bool) -> None:
    """log_ei far behind the incumbent, where EI itself is 0."""
    embedding, objective = posterior(SPACES["cube"], 12, 3)
    success = posterior(SPACES["cube"], 12, 4, targets=-np.ones(12))[1] if failures else None
    acquisition = make_acquisition("log_ei", -60.0, 0.0, "auto", seen=12, dimension=3)
    surrogate = Surrogate(embedding, objective, success, acquisition)
    points = settled(SPACES["cube"], 20)
    scores, slopes = surrogate.slopes(points)
    assert np.all(scores < -700)
    assert np.all(np.isfinite(scores))
    assert np.all(np.abs(slopes).max(axis=1) > 1.0)
    np.testing.assert_allclose(slopes, differences(surrogate.scores, points), rtol=1e-4, atol=1e-3)


def test_a_choice_and_what_is_inactive_have_no_slope() -> None:
    surrogate = surrogate_of(MIXED, "log_ei", failures=True)
    points = settled(MIXED, 40)
    _, slopes = surrogate.slopes(points)
    names = [parameter.name for parameter in MIXED.searchable]
    unordered = [names.index(name) for name in ("optimizer", "nesterov", "activation")]
    assert np.all(slopes[:, unordered] == 0.0)
    assert np.isnan(points).any()
    assert np.all(slopes[np.isnan(points)] == 0.0)
    numbers = np.delete(slopes, unordered, axis=1)
    active = ~np.isnan(np.delete(points, unordered, axis=1))
    assert np.all(numbers[active] != 0.0)


# Chances of success


@every_space
def test_the_chance_of_success_is_the_mean_over_the_model_of_success(space: Space) -> None:
    """E Phi(c h) for h normal, by Gauss-Hermite quadrature."""
    surrogate = surrogate_of(space, "ei", failures=True)
    assert surrogate.success is not None
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for point in settled(space, 10):
        mean, variance = surrogate.success.predict(surrogate.embedding.features(point[None]))
        expected = weights @ ndtr(module._STEEPNESS * (mean + np.sqrt(variance) * nodes)) / weights.sum()
        assert surrogate.believes(point).success == pytest.approx(expected, abs=1e-6)


@every_acquisition
@every_space
def test_a_score_is_that_of_the_model_given_success(acquisition: str, space: Space) -> None:
    alone, given = (surrogate_of(space, acquisition, failures=failures) for failures in (False, True))
    points = settled(space, 20)
    mean, variance = alone.objective.predict(alone.embedding.features(points))
    np.testing.assert_array_equal(alone.scores(points), alone.acquisition(mean, np.sqrt(variance)).value)
    chances = np.array([given.believes(point).success for point in points])
    assert 0.01 < chances.min() < chances.max() < 1.0
    plain = acquisition in ("ei", "pi")
    expected = alone.scores(points) * chances if plain else alone.scores(points) + np.log(chances)
    np.testing.assert_allclose(given.scores(points), expected, rtol=1e-12)


@every_acquisition
def test_a_belief_is_what_the_models_say(acquisition: str) -> None:
    alone, given = (surrogate_of(MIXED, acquisition, failures=failures) for failures in (False, True))
    for point in settled(MIXED, 5):
        for surrogate in (alone, given):
            belief = surrogate.believes(point)
            mean, variance = surrogate.objective.predict(surrogate.embedding.features(point[None]))
            assert (belief.mean, belief.deviation) == (float(mean[0]), float(np.sqrt(variance[0])))
            assert belief.score == float(surrogate.scores(point[None])[0])
        assert alone.believes(point).success == 1.0


def test_what_failed_is_hardly_likely_to_succeed_and_what_succeeded_is() -> None:
    space = SPACES["cube"]
    labels = np.where(np.arange(12) % 2 == 0, -1.0, 1.0)
    _, success = posterior(space, 12, 1, targets=labels, noise=1e-4)
    embedding, objective = posterior(space, 12, 1)
    surrogate = Surrogate(embedding, objective, success, make_acquisition("ei", 0.0, 0.0, "auto", seen=1, dimension=3))
    points = np.random.default_rng(1).random((12, 3))  # those of `posterior`
    chances = [surrogate.believes(point).success for point in points]
    assert all((chance > 0.95) == (label > 0) for chance, label in zip(chances, labels, strict=True))
    assert all((chance < 0.05) == (label < 0) for chance, label in zip(chances, labels, strict=True))


# Fantasies


@every_space
def test_fantasies_leave_the_mean_and_take_uncertainty_away(space: Space) -> None:
    embedding, objective = posterior(space, 12, 1)
    pending = embedding.features(settled(space, 4, seed=8))
    everywhere = embedding.features(settled(space, 200, seed=9))
    extended = with_fantasies(objective, pending)
    np.testing.assert_allclose(extended.predict(everywhere)[0], objective.predict(everywhere)[0], atol=1e-9)
    before, after = objective.predict(everywhere)[1], extended.predict(everywhere)[1]
    assert np.all(after <= before + 1e-12)
    there = extended.predict(pending)[1]
    assert np.all(there < 2e-3), "about the noise"
    assert objective.predict(pending)[1].max() > 1e-2


def test_nothing_pending_is_no_fantasy() -> None:
    embedding, objective = posterior(MIXED, 12, 1)
    assert with_fantasies(objective, embedding.features(np.empty((0, MIXED.dimension)))) is objective


def test_the_same_point_may_be_pending_twice() -> None:
    embedding, objective = posterior(MIXED, 12, 1, noise=1e-6)
    twice = embedding.features(np.repeat(settled(MIXED, 2, seed=8), 10, axis=0))
    extended = with_fantasies(with_fantasies(objective, twice), twice)
    mean, variance = extended.predict(embedding.features(settled(MIXED, 50, seed=9)))
    assert np.all(np.isfinite(mean))
    assert np.all(variance > 0.0)


# The acquisition function


def test_an_acquisition_function_is_made_of_its_name_and_options() -> None:
    for name, kind in ACQUISITIONS.items():
        made = make_acquisition(name, -1.5, 0.25, 4.0, seen=10, dimension=3)
        assert made == (UpperConfidenceBound(4.0) if name == "ucb" else kind(-1.5, 0.25))


def test_the_weight_of_uncertainty_grows_if_it_is_not_given() -> None:
    def beta(seen: int, dimension: int) -> float:
        made = make_acquisition("ucb", 0.0, 0.0, "auto", seen=seen, dimension=dimension)
        assert isinstance(made, UpperConfidenceBound)
        return made.beta

    assert 0.0 < beta(1, 3) < beta(10, 3) < beta(100, 3) < beta(100, 9)
    assert make_acquisition("ucb", 0.0, 0.0, 0, seen=5, dimension=3) == UpperConfidenceBound(0)


def test_a_surrogate_without_observations_prefers_nothing() -> None:
    """All trials failed: the objective is its prior, and only the chances of success tell points apart."""
    embedding, objective = posterior(SPACES["cube"], 0, 1)
    _, success = posterior(SPACES["cube"], 6, 1, targets=-np.ones(6))
    acquisition = make_acquisition("log_ei", 0.0, 0.0, "auto", seen=0, dimension=3)
    points = settled(SPACES["cube"], 30)
    scores = Surrogate(embedding, objective, None, acquisition).scores(points)
    assert np.ptp(scores) < 1e-12
    given = Surrogate(embedding, objective, success, acquisition)
    chances = np.array([given.believes(point).success for point in points])
    np.testing.assert_array_equal(np.argsort(given.scores(points)), np.argsort(chances))


def test_the_embedding_lays_out_the_space_as_it_is() -> None:
    surrogate = surrogate_of(MIXED, "ei", failures=False)
    assert surrogate.embedding.dimension == MIXED.dimension
    names = [parameter.name for parameter in MIXED.searchable]
    numbers = {names[coordinate] for coordinate in surrogate.embedding.numbers[0]}
    assert numbers == {"lr", "momentum", "width", "depth", "dropout", "batch"}
    features = surrogate.embedding.features(settled(MIXED, 50))
    by_name = np.bincount(surrogate.embedding.groups, minlength=MIXED.dimension)
    expected = {"momentum": 2, "optimizer": 3, "nesterov": 3, "activation": 3}
    assert by_name.tolist() == [expected.get(name, 1) for name in names]
    assert features.shape == (50, by_name.sum())
