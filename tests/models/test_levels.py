"""Several levels: observations at different budgets, of which each level has an offset of its own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from mixed_points import MIXED, embedding_of, hyperparameters, layouts, points_of, slopes, targets

from hpotune.models.embedding import WithBudget
from hpotune.models.fit import Objective, Priors
from hpotune.models.gp import OFFSET, Hyperparameters, Posterior, correlation_factor
from hpotune.models.kernels import KERNELS, squared_distances
from hpotune.models.targets import LevelTargets, Targets, choose_power
from hpotune.models.threads import one_blas_thread

law = settings(max_examples=50)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As the models are used; and several would be slow where cores are busy."""
    with one_blas_thread():
        yield


def levels_of(count, most=3):
    return arrays.arrays(np.int64, count, elements=st.integers(0, most))


@st.composite
def cases(draw, least=1):
    """Features, targets and levels of observations, hyperparameters, and features of other points."""
    layout = draw(layouts())
    embedding = embedding_of(layout)
    features = embedding.features(draw(points_of(layout, least)))
    y, levels = draw(targets(len(features))), draw(levels_of(len(features)))
    others = embedding.features(draw(points_of(layout, 1, 5)))
    return (features, y, draw(hyperparameters(len(layout))), embedding.groups, levels), others


def covariance_of(features, h, groups, levels):
    points = features / h.lengths[groups]
    covariance = h.signal * KERNELS[h.kernel](squared_distances(points, points)).value
    return covariance + h.noise * np.eye(len(points)) + OFFSET * np.equal.outer(levels, levels)


# The posterior


@law
@given(cases())
def test_the_posterior_is_that_of_a_function_and_of_an_offset_of_each_level(case):
    """Its mean is of both at level 0, its variance of the function."""
    observed, others = case
    features, y, h, groups, levels = observed
    covariance = covariance_of(features, h, groups, levels)
    ones = np.linalg.solve(covariance, np.ones(len(y)))
    constant = ones @ y / ones.sum()
    a, b = others / h.lengths[groups], features / h.lengths[groups]
    across = h.signal * KERNELS[h.kernel](squared_distances(a, b)).value
    weights = np.linalg.solve(covariance, y - constant)
    mean, variance = Posterior(*observed).predict(others)
    np.testing.assert_allclose(mean, constant + (across + OFFSET * (levels == 0)) @ weights, rtol=1e-6, atol=1e-7)
    explained = np.einsum("ij,ji->i", across, np.linalg.solve(covariance, across.T))
    np.testing.assert_allclose(variance, h.signal - explained, rtol=1e-6, atol=1e-7)


@law
@given(cases())
def test_the_correlation_factor_is_of_the_covariance_as_a_share_of_the_signal(case):
    (features, _, h, groups, levels), _ = case
    factor = correlation_factor(features, h, groups, levels)
    np.testing.assert_allclose(factor @ factor.T, covariance_of(features, h, groups, levels) / h.signal, atol=1e-8)


@law
@given(cases(), st.data())
def test_extending_is_conditioning_anew_with_the_further_ones_at_level_0(case, data):
    (features, y, h, groups, levels), more = case
    further = data.draw(targets(len(more)))
    extended = Posterior(features, y, h, groups, levels).extended(more, further).extended(more, further)
    every = np.concatenate([features, more, more])
    at = np.concatenate([levels, np.zeros(2 * len(more), int)])
    anew = Posterior(every, np.concatenate([y, further, further]), h, groups, at)
    for ours, theirs in zip(extended.gradients(every), anew.gradients(every), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


@law
@given(cases())
def test_fantasies_at_the_mean_leave_the_mean(case):
    observed, pending = case
    posterior = Posterior(*observed)
    fantasised = posterior.extended(pending, posterior.mean(pending))
    everywhere = np.concatenate([observed[0], pending])
    np.testing.assert_allclose(fantasised.mean(everywhere), posterior.mean(everywhere), rtol=1e-6, atol=1e-6)


@law
@given(cases())
def test_gradients_are_differences_of_the_mean_and_the_variance(case):
    observed, others = case
    posterior = Posterior(*observed)
    told = posterior.gradients(others)
    lengths = posterior.hyperparameters.lengths[posterior.groups]
    for row, features in enumerate(others):
        found = slopes(lambda at: np.concatenate(posterior.predict(at[None])), features, 1e-2 * lengths)
        np.testing.assert_allclose(lengths * told.by_mean[row], lengths * found[:, 0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(lengths * told.by_variance[row], lengths * found[:, 1], rtol=1e-4, atol=1e-5)


def test_those_that_were_chosen_for_a_higher_level_are_not_taken_for_average():
    """Of 40 trials the best ten are seen again at the higher level, where all is the same but for a shift."""
    x = np.linspace(0, 1, 40)[:, None]
    z = np.linspace(-1.5, 1.5, 40)
    best = slice(0, 10)
    levels = np.repeat([1, 0], [40, 10])
    for shift in (-0.7, 0.0, 0.7):
        y = np.concatenate([z, z[best] + shift])
        h = Hyperparameters(np.array([0.7]), 1.0, 1e-4)
        posterior = Posterior(np.concatenate([x, x[best]]), y, h, np.zeros(1, int), levels)
        np.testing.assert_allclose(posterior.mean(x), z + shift, atol=0.1)


# The fit


@law
@given(st.data(), layouts(), st.sampled_from(list(KERNELS)))
def test_the_gradient_of_the_objective_is_its_difference(data, layout, kernel):
    embedding = WithBudget(*zip(*layout, strict=True))
    points = data.draw(points_of(layout, 1, 10))
    y, levels = data.draw(targets(len(points))), data.draw(levels_of(len(points)))
    priors = Priors.of(len(layout)).with_budget()
    objective = Objective(
        embedding.at(points, -0.5 * levels), y, embedding.groups, priors=priors, kernel=kernel, levels=levels
    )
    least, most = [math.log(0.05)] * (len(layout) + 1) + [-3.0, math.log(1e-3)], [3.0] * (len(layout) + 2) + [0.0]
    t = np.array([data.draw(st.floats(*ends)) for ends in zip(least, most, strict=True)])
    value, gradient = objective(t)
    found = slopes(lambda at: objective(at)[0], t, np.full(len(t), 1e-2))
    np.testing.assert_allclose(gradient, found, rtol=1e-5, atol=1e-6 * (1 + abs(value)))


def test_the_mode_is_where_the_prior_is_densest():
    priors = Priors.of(3).with_budget()
    h = priors.mode(4, "matern52")
    assert h.lengths[-1] == pytest.approx(2.0)
    assert h.lengths[:3].tolist() == Priors.of(3).mode(3, "matern52").lengths.tolist()
    t = np.log([*h.lengths, h.signal, h.noise])
    t[-1] = priors.noise[0] - priors.noise[1] ** 2  # the mode itself is cut
    np.testing.assert_allclose(priors.penalty(t)[1], 0.0, atol=1e-12)


# The features


def test_the_budget_is_the_last_feature_and_0_where_it_is_not_given():
    layout = list(zip(*MIXED, strict=True))
    plain, wide = embedding_of(MIXED), WithBudget(*layout)
    points = np.random.default_rng(1).random((5, len(MIXED)))
    assert wide.features(points)[:, :-1].tolist() == plain.features(points).tolist()
    assert wide.features(points)[:, -1].tolist() == [0.0] * 5
    at = np.arange(5.0)
    assert wide.at(points, at)[:, -1].tolist() == at.tolist()
    assert wide.at(points, at)[:, :-1].tolist() == plain.features(points).tolist()
    assert wide.groups.tolist() == [*plain.groups, len(MIXED)]
    assert (wide.dimension, plain.dimension) == (len(MIXED) + 1, len(MIXED))
    assert wide.numbers.tolist() == plain.numbers.tolist()


# The targets


def losses(least=1, most=20):
    return arrays.arrays(np.float64, st.integers(least, most), elements=st.integers(-4000, 4000).map(lambda k: k / 64))


@law
@given(losses(), st.sampled_from([1.0, 0.5, 0.0, -2.0]))
def test_one_level_is_none(y, power):
    level = np.zeros(len(y), int)
    alone = Targets.of(y, power)
    np.testing.assert_allclose(LevelTargets.of(y, level, power).forward(y, level), alone.forward(y), atol=1e-9)
    assert choose_power(y, None, level) == choose_power(y)


@law
@given(losses(2), st.data())
def test_a_shift_of_a_level_changes_nothing(y, data):
    levels = data.draw(levels_of(len(y)))
    assume(np.ptp(y[levels == levels[0]]) > 0)
    moved = np.where(levels == 1, y + 4096.0, y)
    one, other = (LevelTargets.of(each, levels, 0.5).forward(each, levels) for each in (y, moved))
    np.testing.assert_allclose(one, other, atol=1e-9)


@law
@given(losses(2), st.data(), st.integers(-60, 60))
def test_a_common_scale_changes_nothing(y, data, exponent):
    levels = data.draw(levels_of(len(y)))
    larger = np.ldexp(y, exponent)
    one, other = (LevelTargets.of(each, levels).forward(each, levels) for each in (y, larger))
    if any(np.ptp(y[levels == level]) > 0 for level in set(levels.tolist())):
        np.testing.assert_allclose(one, other, atol=1e-12)
    else:
        assert not one.any()


@law
@given(losses(2), st.data())
def test_within_a_level_the_order_stays_and_the_losses_come_back(y, data):
    levels = data.draw(levels_of(len(y)))
    found = LevelTargets.of(y, levels, 0.5)
    z = found.forward(y, levels)
    for level in set(levels.tolist()):
        rows = levels == level
        order = np.argsort(y[rows], kind="stable")
        assert np.all(np.diff(z[rows][order]) >= 0)
        np.testing.assert_allclose(found.of_level[level].inverse(z[rows]), y[rows], atol=1e-6)


def test_a_level_with_little_to_say_has_the_spread_of_the_others():
    generator = np.random.default_rng(1)
    low = generator.normal(size=60)
    for few in ([0.3], [0.3, 0.3], [0.3, 0.30001]):
        y, levels = np.append(few, low), np.repeat([0, 1], [len(few), 60])
        spread = {k: targets.spread for k, targets in LevelTargets.of(y, levels).of_level.items()}
        assert spread[1] / 30 < spread[0] <= spread[1]


def test_a_level_that_hardly_differs_is_not_blown_up_beside_higher_ones_but_a_high_one_is():
    generator = np.random.default_rng(1)
    wide, narrow = generator.normal(size=50), 1e-6 * generator.normal(size=50)
    levels = np.repeat([0, 1], 50)
    for y, flat in ((np.append(wide, narrow), 1), (np.append(narrow, wide), 0)):
        z = LevelTargets.of(y, levels).forward(y, levels)
        assert np.std(z[levels == 1 - flat]) > 0.5
        assert (np.std(z[levels == flat]) < 1e-3) == (flat == 1)


def test_levels_of_nothing_but_equal_losses_are_standardised_too():
    y = np.array([2.0, 2.0, 5.0])
    assert LevelTargets.of(y, np.array([0, 0, 1])).forward(y, np.array([0, 0, 1])).tolist() == [0.0, 0.0, 0.0]
