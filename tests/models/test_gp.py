"""The posterior: against scikit-learn, gradients against differences, extension against refitting, and the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_points import MIXED, embedding_of, hyperparameters, layouts, points_of, scattered, slopes, targets
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from hpotune.models.fit import Objective, Priors
from hpotune.models.gp import (
    JITTERS,
    Hyperparameters,
    NotPositiveDefinite,
    Posterior,
    correlation_factor,
    factorise,
)
from hpotune.models.kernels import KERNELS
from hpotune.models.threads import one_blas_thread

law = settings(max_examples=50)
PAIR = np.array([0, 1])


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As the models are used; and several would be slow where cores are busy."""
    with one_blas_thread():
        yield


@st.composite
def cases(draw, least=0, most=8):
    """A posterior over some mixed conditional space, and the features of some points of that space."""
    layout = draw(layouts())
    embedding = embedding_of(layout)
    features = embedding.features(draw(points_of(layout, least, most)))
    h = draw(hyperparameters(len(layout)))
    posterior = Posterior(features, draw(targets(len(features))), h, embedding.groups)
    return posterior, features, embedding.features(draw(points_of(layout, 1, 5)))


def plain(noise=1e-3, *, signal=2.0, kernel="matern52"):
    """Hyperparameters in two dimensions."""
    return Hyperparameters(np.array([0.4, 0.9]), signal, noise, kernel)


def kernel_of_sklearn(h, groups):
    lengths = h.lengths[groups]
    shape = RBF(lengths, "fixed") if h.kernel == "rbf" else Matern(lengths, "fixed", nu=2.5)
    return ConstantKernel(h.signal, "fixed") * shape + WhiteKernel(h.noise, "fixed")


def best_constant(covariance, y):
    """1^T K^-1 y / 1^T K^-1 1."""
    share = np.linalg.solve(covariance, np.ones(len(y)))
    return share @ y / share.sum()


@law
@given(cases(least=1))
def test_mean_variance_and_likelihood_are_those_of_scikit_learn(case):
    """It knows no constant mean, so it is given what ours leaves; its variance is an observation's, with the noise."""
    posterior, features, others = case
    h = posterior.hyperparameters
    kernel = kernel_of_sklearn(h, posterior.groups)
    left = posterior.targets - posterior.constant
    theirs = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(features, left)
    everywhere = np.concatenate([features, others])
    mean, deviation = theirs.predict(everywhere, return_std=True)
    our_mean, our_variance = posterior.predict(everywhere)
    np.testing.assert_allclose(our_mean - posterior.constant, mean, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(our_variance + h.noise, deviation**2, rtol=1e-8, atol=1e-8)

    priors = Priors.of(len(h.lengths))
    t = np.log(np.concatenate([h.lengths, [h.signal, h.noise]]))
    objective = Objective(features, posterior.targets, posterior.groups, priors=priors, kernel=h.kernel)
    likelihood = priors.penalty(t)[0] - objective(t)[0] - 0.5 * len(left) * np.log(2 * np.pi)
    assert likelihood == pytest.approx(theirs.log_marginal_likelihood_value_, rel=1e-8, abs=1e-8)


@law
@given(cases(least=1))
def test_the_constant_is_that_of_generalised_least_squares(case):
    posterior, features, _ = case
    covariance = kernel_of_sklearn(posterior.hyperparameters, posterior.groups)(features)
    assert posterior.constant == pytest.approx(best_constant(covariance, posterior.targets), rel=1e-8, abs=1e-8)


@law
@given(cases())
def test_gradients_are_differences_of_mean_and_variance(case):
    posterior, _, others = case
    told = posterior.gradients(others)
    mean, variance = posterior.predict(others)
    np.testing.assert_allclose(told.mean, mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(told.variance, variance, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(posterior.mean(others), mean, rtol=1e-12, atol=1e-12)

    lengths = posterior.hyperparameters.lengths[posterior.groups]
    for row, features in enumerate(others):
        found = slopes(lambda at: np.concatenate(posterior.predict(at[None])), features, 1e-2 * lengths)
        # Both in units of the targets or the signal per length scale.
        np.testing.assert_allclose(lengths * told.by_mean[row], lengths * found[:, 0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(lengths * told.by_variance[row], lengths * found[:, 1], rtol=1e-4, atol=1e-5)


@law
@given(cases(), st.data())
def test_extending_is_conditioning_anew_on_all(case, data):
    """By one or several points, and once more; they may be equal to each other and to what is known."""
    posterior, features, more = case
    first, second = (data.draw(targets(len(more))) for _ in range(2))
    extended = posterior.extended(more, first).extended(more[::-1], second)
    known = np.concatenate([features, more, more[::-1]])
    y = np.concatenate([posterior.targets, first, second])
    anew = Posterior(known, y, posterior.hyperparameters, posterior.groups)
    everywhere = np.concatenate([known, 0.5 * more + 0.1])
    for ours, theirs in zip(extended.gradients(everywhere), anew.gradients(everywhere), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
    assert extended.constant == pytest.approx(anew.constant, rel=1e-8, abs=1e-8)
    np.testing.assert_array_equal(extended.targets, y)


@law
@given(cases())
def test_fantasies_at_the_mean_leave_the_mean_and_take_uncertainty_away(case):
    posterior, features, pending = case
    fantasised = posterior.extended(pending, posterior.mean(pending))
    everywhere = np.concatenate([features, pending, 0.5 * pending + 0.1])
    before, after = posterior.predict(everywhere), fantasised.predict(everywhere)
    np.testing.assert_allclose(after[0], before[0], rtol=1e-8, atol=1e-8)
    assert np.all(after[1] <= before[1] * (1 + 1e-9) + 1e-9)
    noise = posterior.hyperparameters.noise
    assert np.all(fantasised.predict(pending)[1] <= noise * (1 + 1e-6))


def test_an_extension_leaves_what_it_extends_as_it_was():
    x = np.random.default_rng(0).random((6, 2))
    posterior = Posterior(x[:4], x[:4, 0], plain(), PAIR)
    before = posterior.predict(x)
    posterior.extended(x[4:], np.array([5.0, -5.0]))
    np.testing.assert_array_equal(posterior.predict(x), before)


def test_an_extension_by_nothing_changes_nothing():
    x = np.random.default_rng(0).random((6, 2))
    posterior = Posterior(x, x[:, 0], plain(), PAIR)
    extended = posterior.extended(np.zeros((0, 2)), np.zeros(0))
    np.testing.assert_allclose(extended.predict(x), posterior.predict(x), rtol=1e-12)


@law
@given(cases())
def test_a_variance_is_positive_and_at_most_the_signals(case):
    posterior, features, others = case
    signal = posterior.hyperparameters.signal
    _, variance = posterior.predict(np.concatenate([features, others]))
    assert np.all(variance > 0)
    assert np.all(variance <= signal * (1 + 1e-12))


@pytest.mark.parametrize("kernel", KERNELS)
def test_without_observations_there_is_the_signal_and_no_slope(kernel):
    posterior = Posterior(np.zeros((0, 2)), np.zeros(0), plain(kernel=kernel), PAIR)
    told = posterior.gradients(np.random.default_rng(0).random((3, 2)))
    assert posterior.constant == 0
    assert told.mean.tolist() == [0.0] * 3
    assert told.variance.tolist() == [2.0] * 3
    assert not told.by_mean.any()
    assert not told.by_variance.any()


def test_of_one_observation_all_is_known_in_closed_form():
    """The constant takes its value; the variance is s2 - s2^2 c^2 / (s2 + v)."""
    x, y, h = np.array([[0.3, 0.6]]), np.array([7.0]), plain(noise=0.5)
    places = np.array([[0.3, 0.6], [0.7, 0.6], [0.3, 1e3]])
    mean, variance = Posterior(x, y, h, PAIR).predict(places)
    s = np.sqrt(5.0)  # 0.4 is one length scale of the first
    c = np.array([1.0, (1 + s + s * s / 3) * np.exp(-s), 0.0])
    np.testing.assert_allclose(mean, 7.0, rtol=1e-12)
    np.testing.assert_allclose(variance, 2.0 - 4.0 * c**2 / 2.5, rtol=1e-12)


@pytest.mark.parametrize("noise", [1e-6, 1e-2, 1.0])
def test_a_hundred_duplicates_are_one_observation_of_their_mean_with_a_hundredth_of_the_noise(noise):
    x, y = np.full((100, 2), 0.3), np.random.default_rng(0).normal(size=100)
    places = np.array([[0.3, 0.3], [0.8, 0.1]])
    for losses in (y, np.full(100, 4.0)):
        many = Posterior(x, losses, plain(noise), PAIR)
        one = Posterior(x[:1], losses[:1] * 0 + losses.mean(), plain(noise / 100), PAIR)
        for ours, theirs in zip(many.gradients(places), one.gradients(places), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)


def test_duplicates_without_noise_are_told_apart_by_jitter():
    posterior = Posterior(np.full((100, 2), 0.3), np.linspace(-1, 1, 100), plain(0.0), PAIR)
    told = posterior.gradients(np.random.default_rng(0).random((5, 2)))
    assert all(np.isfinite(part).all() for part in told)
    assert np.all(told.variance > 0)


def test_the_variance_at_what_is_known_without_noise_is_still_positive():
    x = np.random.default_rng(0).random((8, 2))
    _, variance = Posterior(x, x[:, 0], plain(0.0), PAIR).predict(x)
    assert np.all(variance > 0)
    assert np.all(variance < 1e-8)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_factor_of_correlations_is_that_of_the_covariance_in_units_of_the_signal(kernel):
    embedding = embedding_of(MIXED)
    features = embedding.features(scattered(MIXED, 12, 0))
    h = Hyperparameters(np.array([0.3, 1.0, 0.7, 2.0, 5.0]), 1.7, 0.02, kernel)
    factor = correlation_factor(features, h, embedding.groups)
    expected = kernel_of_sklearn(h, embedding.groups)(features) / h.signal
    np.testing.assert_allclose(factor @ factor.T, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(factor, np.tril(factor))


def with_eigenvalue(smallest, scale):
    """A symmetric matrix with this smallest eigenvalue, in units of the mean of its diagonal, `scale`."""
    vectors = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    values = np.array([2.0, 1.5, 1.0, 0.9, 0.6, 0.0])
    values[-1] = smallest
    return scale * (vectors * (values / values.mean())) @ vectors.T


def lift(matrix):
    """What `factorise` added to the diagonal, in units of its mean."""
    factor = factorise(matrix)
    added = factor @ factor.T - matrix
    np.testing.assert_allclose(added, np.diag(np.diag(added)), atol=1e-14 * np.abs(matrix).max())
    return np.diag(added) / np.mean(np.diag(matrix))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("least", JITTERS)
def test_as_little_jitter_is_added_as_it_takes(least, scale):
    """0.3 of a jitter below nothing, so that the next smaller one is not enough; a regular matrix needs none."""
    matrix = np.asfortranarray(with_eigenvalue(-0.3 * least if least else 0.1, scale))  # could be factorised in place
    before = matrix.copy()
    np.testing.assert_allclose(lift(matrix), least, rtol=1e-4, atol=1e-14)
    np.testing.assert_array_equal(matrix, before)


def test_a_singular_matrix_gets_the_least_jitter():
    np.testing.assert_allclose(lift(np.ones((5, 5))), JITTERS[1], rtol=1e-4)


def test_what_is_indefinite_beyond_all_jitter_is_named():
    with pytest.raises(NotPositiveDefinite, match=f"jitter {JITTERS[-1]:g}"):
        factorise(with_eigenvalue(-10 * JITTERS[-1], 1.0))


def test_an_extension_that_cannot_be_factorised_is_named():
    posterior = Posterior(np.zeros((1, 2)), np.zeros(1), plain(), PAIR)
    broken = Hyperparameters(plain().lengths, 2.0, -1.0)
    posterior.hyperparameters = broken
    with pytest.raises(NotPositiveDefinite):
        posterior.extended(np.zeros((2, 2)), np.zeros(2))


def test_nothing_has_a_factor_of_nothing():
    assert factorise(np.zeros((0, 0))).shape == (0, 0)
