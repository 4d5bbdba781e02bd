"""Targets: the map and its inverse, what it does not depend on, the choice of the power, and losses at the extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import multivariate_normal

from hpotune.models.gp import Hyperparameters, correlation_factor
from hpotune.models.targets import _CLEARLY, _HOPELESS, POWERS, Targets, choose_power

law = settings(max_examples=60)
every_power = pytest.mark.parametrize("power", POWERS)
LARGEST, TINY = float(np.finfo(float).max), 5e-324


def losses(least=1, most=20):
    """Of moderate size, so that no more digits are lost than in the losses themselves."""
    return arrays.arrays(np.float64, st.integers(least, most), elements=st.integers(-4000, 4000).map(lambda k: k / 64))


def bend(x, power):
    """T_p, anew and one at a time; also of complex numbers."""
    if x.real <= 0:
        return x
    return np.log(1 + x) if power == 0 else ((1 + x) ** power - 1) / power


def centre_and_spread(y):
    below = [value for value in y if value < np.median(y)] or list(y)
    return np.median(y), math.sqrt(np.mean([(value - np.median(y)) ** 2 for value in below])) or 1.0


@every_power
@law
@given(y=losses())
def test_targets_are_the_standardised_transform_of_the_relative_losses(power, y):
    centre, spread = centre_and_spread(y)
    bent = np.array([bend((value - centre) / spread, power) for value in y])
    z = Targets.of(y, power).forward(y)
    np.testing.assert_allclose(z, (bent - bent.mean()) / (bent.std() or 1.0), rtol=1e-9, atol=1e-9)


@every_power
@law
@given(y=losses(), other=losses())
def test_the_inverse_gives_the_losses_back(power, y, other):
    """Also of losses that the map was not made from; how exactly, says how flat the transform has become there."""
    targets = Targets.of(y, power)
    both = np.concatenate([y, other])
    x = (both - targets.centre) / targets.spread
    flatness = (1.0 + np.maximum(x, 0.0)) ** (1.0 - power)
    assert np.all(np.abs(targets.inverse(targets.forward(both)) - both) <= 1e-13 * (np.abs(both).max() + 1) * flatness)


@every_power
def test_the_map_gives_back_what_the_inverse_reached_and_what_it_cannot_reach_is_infinite(power):
    targets = Targets.of(np.array([1.0, 2.0, 3.0, 4.0, 50.0]), power)
    z = np.linspace(-5, 5, 201)
    back = targets.inverse(z)
    reached = np.isfinite(back)
    np.testing.assert_allclose(targets.forward(back[reached]), z[reached], rtol=1e-6, atol=1e-6)
    limit = (-1.0 / power - targets.mean) / targets.deviation if power < 0 else math.inf
    np.testing.assert_array_equal(reached, z < limit)
    assert np.all(back[~reached] == math.inf)
    assert not np.isnan(targets.inverse(np.array([-1e308, -1e9, 0.0, 1e9, 1e308]))).any()


@every_power
@law
@given(y=losses(2))
def test_order_is_kept_and_equal_losses_stay_equal(power, y):
    z = Targets.of(y, power).forward(y)
    order = np.argsort(y, kind="stable")
    assert np.all(np.diff(z[order])[np.diff(y[order]) == 0] == 0)
    assert np.all(np.diff(z[order])[np.diff(y[order]) > 0] > 0)


@every_power
@law
@given(y=losses(2))
def test_mean_and_deviation_are_zero_and_one(power, y):
    assume(np.ptp(y) > 0)
    z = Targets.of(y, power).forward(y)
    assert np.mean(z) == pytest.approx(0, abs=1e-9)
    assert np.std(z) == pytest.approx(1, rel=1e-9)


@every_power
def test_the_better_half_is_mapped_straight_and_the_worse_half_by_the_power(power):
    targets = Targets.of(np.array([1.0, 2.0, 3.0, 4.0, 50.0]), power)
    step = targets.deviation * targets.spread * np.diff(targets.forward(np.linspace(-5, 3, 9)))
    np.testing.assert_allclose(step, 1.0, rtol=1e-12)
    assert np.all(np.diff(targets.forward(np.linspace(3, 50, 9)), 2) <= (1e-12 if power == 1 else 0.0))


@every_power
@law
@given(y=losses(), exponent=st.integers(-900, 900))
def test_a_scale_that_is_a_power_of_two_changes_no_bit(power, y, exponent):
    scale = 2.0**exponent
    z = Targets.of(y, power).forward(y)
    np.testing.assert_array_equal(Targets.of(scale * y, power).forward(scale * y), z)
    assert choose_power(scale * y) == choose_power(y)


@every_power
@law
@given(y=losses(), scale=st.floats(-6, 6).map(lambda k: 10.0**k), shift=st.floats(-100, 100))
def test_other_scales_and_shifts_change_next_to_nothing(power, y, scale, shift):
    moved = scale * (y + shift)
    z = Targets.of(y, power).forward(y)
    # Losses that rounding has made to differ are told apart by a spread made of nothing else.
    assume(np.ptp(y) > 0)
    np.testing.assert_allclose(Targets.of(moved, power).forward(moved), z, rtol=0, atol=1e-9)


def test_a_large_shift_costs_no_more_than_the_digits_of_the_losses():
    y = np.array([0.0, 1.0, 2.0, 3.0, 9.0])
    for power in POWERS:
        moved = Targets.of(y + 1e15, power).forward(y + 1e15)
        np.testing.assert_allclose(moved, Targets.of(y, power).forward(y), rtol=1e-12)


@every_power
@pytest.mark.parametrize("value", [0.0, 0.1, -7.0, 1e300, LARGEST, -LARGEST, TINY])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_constant_losses_are_all_zero(power, value, count):
    y = np.full(count, value)
    targets = Targets.of(y, power)
    assert targets.forward(y).tolist() == [0.0] * count
    assert targets.inverse(np.zeros(1))[0] == pytest.approx(max(min(value, 1e300), -1e300))
    assert choose_power(y) == 1.0


EXTREMES = [
    [0.0, 0.0, 0.0, TINY],
    [0.0, TINY, 1.0],
    [1e-300, 2e-300, 3e-300],
    [1e-300, 2e-300, 3e-300, 1e300],
    [1.0, 2.0, 3.0, 1e300],
    [-1e300, 0.0, 1.0, 2.0],
    [0.3, 0.5, LARGEST, LARGEST, LARGEST],
    [-LARGEST, 0.0, LARGEST],
    [-LARGEST, -LARGEST, LARGEST],
    [TINY, 2 * TINY, 3 * TINY],
]


@every_power
@pytest.mark.parametrize("y", EXTREMES, ids=str)
def test_extreme_losses_make_finite_targets_in_their_order(power, y):
    y = np.array(y)
    targets = Targets.of(y, power)
    z = targets.forward(y)
    assert np.all(np.isfinite(z))
    assert np.all(np.diff(z) >= 0)
    assert not np.isnan(targets.inverse(np.linspace(-9, 9, 19))).any()
    assert choose_power(y) in POWERS


@pytest.mark.parametrize("outlier", [1e2, 1e4, 1e8, 1e10, 1e30, 1e100, 1e300, LARGEST])
@pytest.mark.parametrize("count", [8, 12, 20, 100])
def test_one_diverged_run_does_not_flatten_the_others(outlier, count):
    """They keep more than half of the range that they have without it, in which a deviation is 1."""
    y = np.random.default_rng(count).normal(size=count)
    y[-1] = outlier
    z = Targets.of(y, choose_power(y)).forward(y)
    assert np.ptp(z[:-1]) > 0.5 * np.ptp(y[:-1]) / np.std(y[:-1])


def test_what_is_hopeless_is_all_the_same():
    targets = Targets.of(np.array([0.0, 1.0, 2.0]))
    far = targets.centre + targets.spread * _HOPELESS
    one, more, least = targets.forward(np.array([1.01 * far, 1e300, 0.99 * far]))
    assert one == more > least


def log_evidence(y, power, factor):
    """log p(y | p) of the warped Gaussian process: the normal density of T, with m and s2 at their optimum, and log T'.

    T' by a complex step, whose size costs no digits.
    """
    centre, spread = centre_and_spread(y)
    x = (y - centre) / spread
    bent = np.array([bend(value, power) for value in x])
    correlations = factor @ factor.T
    share = np.linalg.solve(correlations, np.ones(len(y)))
    mean = share @ bent / share.sum()
    variance = (bent - mean) @ np.linalg.solve(correlations, bent - mean) / len(y)
    slopes = [bend(value + 1e-40j, power).imag / 1e-40 for value in x]
    density = multivariate_normal(np.full(len(y), mean), variance * correlations, allow_singular=False)
    return density.logpdf(bent) + float(np.log(slopes).sum())


def warped_sample(seed):
    """Losses of a Gaussian process at random points, bent more and more with the seed, and the factor of it."""
    generator = np.random.default_rng(seed)
    features = generator.random((25, 2))
    h = Hyperparameters(np.array([0.2, 0.5]), 1.0, 0.05 if seed % 2 else 1e4)
    factor = correlation_factor(features, h, np.array([0, 1]))
    drawn = factor @ generator.normal(size=25)
    return np.expm1(0.05 * (1 + seed % 60) * drawn / drawn.std()), factor


def test_the_power_is_that_of_most_evidence_if_clearly_more_than_that_of_none():
    chosen, without = [], []
    for seed in range(120):
        y, factor = warped_sample(seed)
        if not seed % 2:
            factor = factor / factor[0, 0]  # the scale of the correlations does not matter
        evidence = [log_evidence(y, power, factor) for power in POWERS]
        best = int(np.argmax(evidence))
        runner_up = sorted(evidence)[-2]
        if min(evidence[best] - runner_up, abs(evidence[best] - evidence[0] - _CLEARLY)) > 1e-4 or best == 0:
            clearly = evidence[best] > evidence[0] + _CLEARLY
            chosen.append((choose_power(y, factor), POWERS[best] if clearly else 1.0))
        without.append(choose_power(y))
    assert len(chosen) >= 110
    assert all(ours == theirs for ours, theirs in chosen)
    assert {power for power, _ in chosen} >= {1.0, 0.5, 0.0, -0.5}
    assert [power for power, _ in chosen] != without[: len(chosen)]


def test_no_correlations_are_the_identity():
    for seed in range(20):
        y, _ = warped_sample(3 * seed)
        assert choose_power(y) == choose_power(y, np.eye(len(y)))


def test_normal_losses_are_left_alone_and_skewed_ones_are_bent():
    """The false alarm is made rare by `_CLEARLY`: at most 10 of 100; exp(3 N) of 30 is never taken for normal."""
    drawn = np.random.default_rng(0).normal(size=(100, 30))
    assert sum(choose_power(y) != 1.0 for y in drawn) <= 10
    assert all(choose_power(np.exp(3.0 * y)) < 1.0 for y in drawn)
