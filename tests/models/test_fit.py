"""The fit: what is found, within which limits, what it does not depend on, and data at the extremes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_points import MIXED, embedding_of, scattered

from hpotune.models import fit as module
from hpotune.models.fit import MOST_EVALUATIONS, Objective, Priors, fit
from hpotune.models.gp import Hyperparameters, NotPositiveDefinite, Posterior
from hpotune.models.kernels import KERNELS
from hpotune.models.targets import POWERS, Targets, choose_power
from hpotune.models.threads import one_blas_thread

law = settings(max_examples=50)
kernels = st.sampled_from(list(KERNELS))
SQUARE, CUBE = [(0, False)] * 2, [(0, False)] * 3


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


def objective_of(layout, points, y, kernel="matern52", make=Objective):
    embedding = embedding_of(layout)
    priors = Priors.of(len(layout))
    return make(embedding.features(points), y, embedding.groups, priors=priors, kernel=kernel)


def start(groups, seed):
    """Somewhere around the modes of the priors, or far off."""
    generator = np.random.default_rng(seed)
    mode = Priors.of(groups).mode(groups, "matern52")
    factors = np.exp(generator.normal(scale=1.0 + seed % 3, size=groups + 2))
    return replace(mode, lengths=mode.lengths * factors[:-2], signal=factors[-2], noise=mode.noise * factors[-1])


def noise_only(count, seed):
    """Points of the cube, and targets that have nothing to do with them."""
    generator = np.random.default_rng(seed)
    return generator.random((count, 3)), generator.normal(size=count)


def sample(count, lengths, seed, noise=1e-3):
    """Points of a cube, and a draw of a Gaussian process there, standardised."""
    generator = np.random.default_rng(seed)
    points = generator.random((count, len(lengths)))
    h = Hyperparameters(np.array(lengths), 1.0, noise)
    scaled = points / h.lengths
    q = ((scaled[:, None] - scaled) ** 2).sum(axis=2)
    covariance = KERNELS["matern52"](q).value + noise * np.eye(count)
    y = np.linalg.cholesky(covariance) @ generator.normal(size=count)
    return points, (y - y.mean()) / y.std()


class Counted(Objective):
    """Counts its calls."""

    calls = 0

    def __call__(self, t):
        self.calls += 1
        lower, upper = limits(len(t) - 2)
        assert np.all((lower - 1e-12 <= t) & (t <= upper + 1e-12))
        return super().__call__(t)


class Rough(Counted):
    """A landscape of many ditches, with slopes that often point the wrong way: line searches have to give up."""

    def __call__(self, t):
        super().__call__(t)
        return float(np.abs(t - 0.3).sum() + np.sin(40.0 * t).sum()), np.sign(t - 0.3) * np.cos(17.0 * t)


@pytest.mark.parametrize("make", [Counted, Rough])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 11, 103, 114, 175])
def test_a_fit_keeps_to_its_evaluations_and_its_bounds(make, count, seed):
    """All starts together, as it counts them and as they are; far starts are brought within the bounds."""
    objective = objective_of(CUBE, *noise_only([1, 2, 10, 25][seed % 4], seed), make=make)
    found = fit(objective, [start(3, 10 * seed + number) for number in range(count)])
    assert found.evaluations == objective.evaluations == objective.calls
    assert count < found.evaluations <= MOST_EVALUATIONS
    lower, upper = limits(3)
    t = place(found.hyperparameters)
    assert np.all((lower - 1e-9 <= t) & (t <= upper + 1e-9))


@law
@given(st.integers(0, 10**6), st.integers(1, 5), kernels)
def test_a_fit_is_never_worse_than_any_start_and_says_what_it_is_worth(seed, count, kernel):
    objective = objective_of(CUBE, *noise_only(1 + seed % 13, seed), kernel)
    starts = [start(3, seed + number) for number in range(count)]
    found = fit(objective, starts)
    assert found.hyperparameters.kernel == kernel
    assert found.objective == pytest.approx(objective(place(found.hyperparameters))[0], rel=1e-12, abs=1e-9)
    for h in starts:
        assert found.objective <= objective(np.clip(place(h), *limits(3)))[0]


def test_a_start_where_nothing_can_be_gained_is_kept():
    """As where all slopes are wrong: the start itself is then the best that was seen."""

    class Uphill(Objective):
        def __call__(self, t):
            value, gradient = super().__call__(t)
            return value, -gradient

    points, y = sample(20, [0.3, 0.7], 0)
    objective = objective_of(SQUARE, points, y, make=Uphill)
    good, bad = Hyperparameters(np.array([0.5, 1.0]), 1.0, 1e-3), Hyperparameters(np.array([9e3, 9e3]), 1.0, 1e-3)
    found = fit(objective, [bad, good])
    assert found.objective <= objective(place(good))[0]


def test_the_order_of_the_starts_does_not_matter():
    points, y = sample(25, [0.3, 0.7], 1)
    starts = [start(2, number) for number in range(5)]
    fits = [fit(objective_of(SQUARE, points, y), order) for order in (starts, starts[::-1])]
    np.testing.assert_array_equal(*(place(found.hyperparameters) for found in fits))


def test_the_most_promising_starts_are_followed_wherever_they_are_listed():
    """So a start that leads to the optimum does so in any company."""
    points, y = sample(40, [0.2, 1e3], 2)
    good = fit(objective_of(SQUARE, points, y), [start(2, 0)])
    near = replace(good.hyperparameters, lengths=good.hyperparameters.lengths * 1.5)
    hopeless = [Hyperparameters(np.array([7e3, 5e-3]), 50.0 + number, 0.9) for number in range(4)]
    for starts in ([near, *hopeless], [*hopeless, near]):
        assert fit(objective_of(SQUARE, points, y), starts).objective <= good.objective + 0.1


def test_more_than_the_most_promising_start_is_followed():
    """Two basins by the first length scale: who is higher up at the start may end deeper down."""

    class Basins(Objective):
        def __call__(self, t):
            super().__call__(t)
            bottom, centre = (0.9, -2.0) if t[0] < 0 else (0.0, 2.0)
            return bottom + 0.1 * (t[0] - centre) ** 2, np.array([0.2 * (t[0] - centre), 0, 0, 0])

    objective = objective_of(SQUARE, *sample(5, [0.3, 0.7], 0), make=Basins)
    starts = [Hyperparameters(np.exp([first, 0.0]), 1.0, 1e-2) for first in (-2.1, 6.0)]
    found = fit(objective, starts)
    assert found.objective == pytest.approx(0.0, abs=1e-6)
    assert math.log(found.hyperparameters.lengths[0]) == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_a_fit_ends_near_a_stationary_point(seed):
    """Where no bound is in the way, within 40 evaluations: an improvement by another fit is below a tenth of a unit."""
    points, y = sample(40, [0.3, 0.6], seed)
    objective = objective_of(SQUARE, points, y)
    once = fit(objective, [Priors.of(2).mode(2, "matern52")])
    more = fit(objective_of(SQUARE, points, y), [once.hyperparameters])
    assert once.objective - 0.1 < more.objective <= once.objective
    np.testing.assert_allclose(objective(place(more.hyperparameters))[1], 0, atol=0.05)


def test_the_relevant_dimension_gets_the_shorter_length_scale():
    """30 points of a function of one dimension, 20 seeds, either dimension: always, and by a factor of 3 in 30."""
    ratios = []
    for seed in range(20):
        for lengths in ([0.3, 1e3], [1e3, 0.3]):
            objective = objective_of(SQUARE, *sample(30, lengths, seed))
            found = fit(objective, [Priors.of(2).mode(2, "matern52")]).hyperparameters.lengths
            relevant = int(np.argmin(lengths))
            ratios.append(found[1 - relevant] / found[relevant])
    assert min(ratios) > 1
    assert sum(ratio > 3 for ratio in ratios) >= 30


def test_noise_is_told_from_signal():
    """60 evaluations of a sine: within a factor of 2 for each of 10 seeds and each size of the noise."""
    x = np.linspace(0, 1, 60)
    mode = Priors.of(1).mode(1, "matern52")
    starts = [mode, replace(mode, lengths=3 * mode.lengths, noise=1e-2)]
    for deviation in (0.07, 0.4):
        for seed in range(10):
            y = np.sin(9 * x) + deviation * np.random.default_rng(seed).normal(size=60)
            objective = objective_of([(0, False)], x[:, None], (y - y.mean()) / y.std())
            found = fit(objective, starts).hyperparameters
            assert 0.5 < math.sqrt(found.noise) * y.std() / deviation < 2


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_data_does_not_matter(seed):
    points, y = scattered(MIXED, 30, seed), np.random.default_rng(seed).normal(size=30)
    order = np.random.default_rng(seed + 100).permutation(30)
    starts = [Priors.of(5).mode(5, "matern52"), start(5, 1)]
    one, other = (
        fit(objective_of(MIXED, points[rows], y[rows]), starts).hyperparameters for rows in (np.arange(30), order)
    )
    np.testing.assert_allclose(place(one), place(other), atol=1e-3)


DEGENERATE = {
    "one": [3.0],
    "two": [1.0, 2.0],
    "constant": [5.0] * 12,
    "an outlier": [*np.linspace(0, 1, 11), 1e300],
    "nearly nothing": [k * 1e-300 for k in range(12)],
    "all but one equal": [0.0] * 11 + [1.0],
    "the largest": [float(np.finfo(float).max)] * 6 + [0.0] * 6,
}


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("alike", [False, True], ids=["apart", "duplicates"])
@pytest.mark.parametrize("losses", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_data_are_fitted_without_a_warning(losses, alike, power):
    losses = np.array(losses)
    points = scattered(MIXED, len(losses), 0)
    if alike:
        points[:] = [0.3, 0.3, np.nan, 0.3, 0.3]
    embedding = embedding_of(MIXED)
    y = Targets.of(losses, power).forward(losses)
    objective = objective_of(MIXED, points, y)
    found = fit(objective, [Priors.of(5).mode(5, "matern52"), start(5, 1)])
    assert found.evaluations <= MOST_EVALUATIONS
    assert np.isfinite([found.objective, *place(found.hyperparameters)]).all()
    posterior = Posterior(embedding.features(points), y, found.hyperparameters, embedding.groups)
    told = posterior.gradients(embedding.features(scattered(MIXED, 5, 1)))
    assert all(np.isfinite(part).all() for part in told)
    assert np.all(told.variance > 0)
    assert choose_power(losses) in POWERS


def test_a_hundred_duplicates_with_different_targets_are_noise():
    points, y = np.full((100, 2), 0.3), np.random.default_rng(0).normal(size=100)
    found = fit(objective_of(SQUARE, points, y), [Priors.of(2).mode(2, "matern52")])
    assert found.hyperparameters.noise == pytest.approx(1.0, rel=0.3)


def test_what_cannot_be_factorised_is_named(monkeypatch):
    """No hyperparameters within the bounds are like that, so it takes a kernel that is none."""
    monkeypatch.setattr(module, "KERNELS", {"rbf": lambda q: KERNELS["rbf"](-q)})
    objective = objective_of([(0, False)], np.array([[0.1], [0.9]]), np.zeros(2), "rbf")
    h = Hyperparameters(np.array([0.3]), 1.0, 1e-6, "rbf")
    with pytest.raises(NotPositiveDefinite):
        objective(place(h))
    with pytest.raises(NotPositiveDefinite):
        fit(objective, [h])
