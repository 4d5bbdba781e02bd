"""What is minimised by the fit: its value and gradient, and the priors in it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_points import MIXED, embedding_of, layouts, points_of, scattered, slopes, targets
from scipy.stats import lognorm

from hpotune.models import fit as module
from hpotune.models.fit import Objective, Priors
from hpotune.models.kernels import KERNELS
from hpotune.models.threads import one_blas_thread

law = settings(max_examples=50)
kernels = st.sampled_from(list(KERNELS))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As the models are used; and several would be slow where cores are busy."""
    with one_blas_thread():
        yield


def place(h):
    return np.log(np.concatenate([h.lengths, [h.signal, h.noise]]))


def limits(groups):
    """The logarithms of the least and of the largest hyperparameters."""
    pairs = [module._LENGTHS] * groups + [module._SIGNAL, module._NOISE]
    return np.log(np.array(pairs)).T


def objective_of(layout, points, y, kernel="matern52"):
    embedding = embedding_of(layout)
    return Objective(embedding.features(points), y, embedding.groups, priors=Priors.of(len(layout)), kernel=kernel)


@law
@given(st.data(), layouts(), kernels)
def test_the_gradient_is_the_difference_of_the_objective_by_each_hyperparameter(data, layout, kernel):
    """With groups of several features, conditional and unordered coordinates, and more or fewer points than those."""
    points = data.draw(points_of(layout, 1, 10))
    objective = objective_of(layout, points, data.draw(targets(len(points))), kernel)
    lower, upper = limits(len(layout))
    lower[:-2], lower[-1] = math.log(0.05), math.log(1e-3)
    t = np.array([data.draw(st.floats(*ends)) for ends in zip(lower, np.minimum(upper, 5), strict=True)])
    value, gradient = objective(t)
    found = slopes(lambda at: objective(at)[0], t, np.full(len(t), 1e-2))
    np.testing.assert_allclose(gradient, found, rtol=1e-5, atol=1e-6 * (1 + abs(value)))


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_gradient_holds_over_a_larger_mixed_data_set(kernel):
    points = scattered(MIXED, 40, 0)
    objective = objective_of(MIXED, points, np.sin(9 * points[:, 0]) + np.isnan(points[:, 2]), kernel)
    t = np.log([0.4, 1.0, 0.7, 2.0, 3.0, 1.3, 0.02])
    found = slopes(lambda at: objective(at)[0], t, np.full(7, 1e-3))
    np.testing.assert_allclose(objective(t)[1], found, rtol=1e-7, atol=1e-7)
    assert np.all(np.abs(found) > 0.1)  # each of them says something


@law
@given(st.data(), layouts(), st.floats(-5, 5))
def test_a_shift_of_the_targets_changes_nothing(data, layout, shift):
    """Since the mean is at its optimum."""
    points = data.draw(points_of(layout, 1, 8))
    y = data.draw(targets(len(points)))
    t = place(Priors.of(len(layout)).mode(len(layout), "rbf"))
    t[-1] = math.log(1e-3)
    value, gradient = objective_of(layout, points, y)(t)
    moved, by = objective_of(layout, points, y + shift)(t)
    assert moved == pytest.approx(value, rel=1e-6, abs=1e-6)
    np.testing.assert_allclose(by, gradient, rtol=1e-6, atol=1e-6)


@law
@given(st.data(), st.integers(1, 4))
def test_the_penalty_is_minus_the_logarithm_of_log_normal_densities(data, groups):
    """Of the parameters, not of their logarithms; but for a constant, so differences are compared."""
    priors = Priors.of(groups)
    pairs = [priors.length] * groups + [priors.signal, priors.noise]
    t, other = (np.array(data.draw(st.lists(st.floats(-9, 9), min_size=len(pairs), max_size=len(pairs)))) for _ in "ab")

    def log_density(at):
        laws = [lognorm(scale, scale=math.exp(location)) for location, scale in pairs]
        return sum(law.logpdf(value) for law, value in zip(laws, np.exp(at), strict=True))

    value, gradient = priors.penalty(t)
    assert value - priors.penalty(other)[0] == pytest.approx(log_density(other) - log_density(t), abs=1e-9, rel=1e-9)
    found = slopes(lambda at: priors.penalty(at)[0], t, np.full(len(t), 1e-2))
    np.testing.assert_allclose(gradient, found, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("dimension", [1, 2, 10, 100])
def test_the_mode_of_the_priors_is_where_their_density_is_largest(dimension):
    priors = Priors.of(dimension)
    mode = priors.mode(3, "rbf")
    assert mode.kernel == "rbf"
    assert mode.lengths.shape == (3,)
    t = place(mode)
    cut = t == limits(3)[0]  # at the least that is allowed, when the mode is below
    gradient = priors.penalty(t)[1]
    np.testing.assert_allclose(gradient[~cut], 0, atol=1e-12)
    assert np.all(gradient[cut] >= 0)
    least, most = limits(3)
    assert np.all((least <= t) & (t <= most))


def test_length_scales_grow_with_the_root_of_the_dimension():
    """Hvarfner et al. 2024, eq. 8: location sqrt(2) + log(d)/2, scale sqrt(3)."""
    for dimension in (1, 2, 50, 1000):
        assert Priors.of(dimension).length == (
            pytest.approx(math.sqrt(2) + math.log(dimension) / 2),
            pytest.approx(math.sqrt(3)),
        )
    assert Priors.of(0) == Priors.of(1)
