"""Acquisition functions: quadrature of their definitions, derivatives, branches, identities, and the far tails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from hpotune.models import normal
from hpotune.models.acquisition import (
    ACQUISITIONS,
    ExpectedImprovement,
    LogExpectedImprovement,
    ProbabilityOfImprovement,
    UpperConfidenceBound,
    srinivas_beta,
)

IMPROVEMENTS = [LogExpectedImprovement, ExpectedImprovement, ProbabilityOfImprovement]
EXPECTATIONS = [LogExpectedImprovement, ExpectedImprovement]
STANDARD = [make(0.0) for make in IMPROVEMENTS] + [UpperConfidenceBound(4.0)]
DISTANCES = [0.0, 1e-9, 0.1, 1.0, 3.0, 8.0, 13.9, 13.999999, 14.0, 14.1, 20.0, 40.0, 1e3, 1e6, 1e30]
values = st.floats(-10, 10)
sds = st.floats(-2, 1).map(lambda power: 10.0**power)
margins = st.floats(0, 1)
far = st.floats(1, 299).map(lambda power: 10.0**power)
extremes = st.just(0.0) | far | far.map(lambda x: -x)
law = settings(max_examples=60)


def one(acquisition, mean, sd):
    """Value and derivatives at a single point, as floats."""
    return tuple(float(array[0]) for array in acquisition(np.array([mean]), np.array([sd])))


def integral(function, upper, split):
    """Of a smooth function from 0 to `upper`, in two parts."""
    parts = [quad(function, *ends, epsabs=0, epsrel=1e-12, limit=200)[0] for ends in ((0, split), (split, upper))]
    return math.fsum(parts)


def moment(order, t):
    """The integral over x > 0 of x^order exp(-x^2/2 - t x), in units u = (1 + t) x."""
    unit = 1.0 / (1.0 + t)
    return unit ** (order + 1) * integral(lambda u: u**order * math.exp(-0.5 * (u * unit) ** 2 - t * unit * u), 90, 3)


def log_moment(order, z):
    """log E max(z + X, 0)^order, X standard normal; the largest value of the density is taken out of the integral."""
    if z <= 0:
        return -0.5 * z * z - 0.5 * math.log(2 * math.pi) + math.log(moment(order, -z))
    return math.log(integral(lambda x: x**order * math.exp(-0.5 * (x - z) ** 2), z + 40, z) / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("t", DISTANCES)
def test_the_ratios_of_the_normal_tail_are_the_integrals_that_define_them(t):
    at = np.array([t])
    assert normal.mills_ratio(at)[0] == pytest.approx(moment(0, t), rel=1e-12)
    assert normal.excess_ratio(at)[0] == pytest.approx(moment(1, t), rel=2e-13 if t >= 14 else 1e-12)


def test_density_and_distribution_agree_with_their_logarithms_and_with_the_ratios():
    z, t = np.linspace(-30, 0, 61), np.array(DISTANCES)
    np.testing.assert_allclose(np.log(normal.pdf(z)), normal.log_pdf(z), rtol=1e-13)
    np.testing.assert_allclose(np.log(normal.cdf(z)), normal.log_cdf(z), rtol=1e-12)
    np.testing.assert_allclose(normal.log_pdf(t) + np.log(normal.mills_ratio(t)), normal.log_cdf(-t), rtol=1e-13)


def test_both_forms_of_the_excess_ratio_hold_on_both_sides_of_their_border():
    t = np.linspace(normal._FAR, normal._FAR + 2, 50)
    near, beyond = normal._near_excess_ratio(t), normal._far_excess_ratio(t)
    np.testing.assert_allclose(near, beyond, rtol=2e-13)
    mills = normal.mills_ratio(t)
    np.testing.assert_allclose(mills / near, mills / beyond, rtol=2e-13)  # the slopes of log h


@pytest.mark.parametrize("border", [0.0, -normal._FAR, -1.0])
def test_values_and_slopes_are_continuous_over_the_borders_of_the_branches(border):
    for acquisition in STANDARD:
        below, at, above = (one(acquisition, -z, 1.0) for z in (border - 1e-13, border, border + 1e-13))
        assert below == pytest.approx(at, rel=1e-9, abs=1e-12)
        assert above == pytest.approx(at, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("z", [-1e6, -1e3, -40, -20, -14.01, -13.99, -5, -1, -0.01, 0, 0.01, 1, 5, 10, 30])
def test_log_ei_and_its_derivatives_are_quadrature(z):
    """d log EI / d mean = -Phi/h / sd and d log EI / d sd = phi/h / sd."""
    value, by_mean, by_sd = one(LogExpectedImprovement(best=0.3, xi=0.1), 0.2 - 0.5 * z, 0.5)
    log_h = log_moment(1, z)
    assert value == pytest.approx(math.log(0.5) + log_h, rel=1e-12, abs=1e-12)
    if z <= 0:  # in ratios to phi, which underflows
        cdf, pdf, h = moment(0, -z), 1.0, moment(1, -z)
    else:
        cdf, pdf, h = math.exp(log_moment(0, z)), math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi), math.exp(log_h)
    assert by_mean == pytest.approx(-2.0 * cdf / h, rel=1e-11)
    assert by_sd == pytest.approx(2.0 * pdf / h, rel=1e-11, abs=0)


@law
@given(values, sds, values, margins)
def test_ei_and_pi_are_the_expectations_that_define_them(mean, sd, best, xi):
    """Integrated over the improvement best - xi - Y > 0, in units of sd."""
    z = (best - xi - mean) / sd
    ei, pi = sd * math.exp(log_moment(1, z)), math.exp(log_moment(0, z))
    assert one(ExpectedImprovement(best, xi), mean, sd)[0] == pytest.approx(ei, rel=1e-10, abs=1e-300)
    assert one(ProbabilityOfImprovement(best, xi), mean, sd)[0] == pytest.approx(pi, rel=1e-10, abs=1e-300)


@law
@given(st.sampled_from(IMPROVEMENTS), values, sds, values, margins)
def test_derivatives_are_those_of_the_value(make, mean, sd, best, xi):
    acquisition = make(best, xi)
    value, by_mean, by_sd = one(acquisition, mean, sd)
    step = 1e-4 * sd
    rounding = 1e-11 * (1 + abs(value)) / sd
    slopes = [
        (one(acquisition, mean + dm, sd + ds)[0] - one(acquisition, mean - dm, sd - ds)[0]) / (2 * step)
        for dm, ds in ((step, 0), (0, step))
    ]
    assert slopes == pytest.approx([by_mean, by_sd], rel=1e-5, abs=1e-7 * (1 / sd + 1) + rounding)


@law
@given(values, sds, values, margins)
def test_log_ei_is_the_logarithm_of_ei_where_that_is_representable(mean, sd, best, xi):
    value, by_mean, by_sd = one(ExpectedImprovement(best, xi), mean, sd)
    logarithm = one(LogExpectedImprovement(best, xi), mean, sd)
    if value > 1e-290:
        relative = {"rel": 1e-11, "abs": 1e-11}
        assert logarithm == pytest.approx((math.log(value), by_mean / value, by_sd / value), **relative)
    else:
        assert logarithm[0] < -600


@law
@given(st.sampled_from(IMPROVEMENTS), values, sds, values, st.floats(1e-6, 5))
def test_a_better_mean_is_never_worth_less(make, mean, sd, best, gain):
    better, worse = one(make(best), mean - gain, sd), one(make(best), mean, sd)
    assert better[0] >= worse[0] - 1e-12 * abs(worse[0])
    assert worse[1] <= 0


@law
@given(st.sampled_from(EXPECTATIONS), values, sds, values, st.floats(1e-6, 5))
def test_more_uncertainty_is_never_worth_less_to_expected_improvement(make, mean, sd, best, gain):
    more, less = one(make(best), mean, sd + gain), one(make(best), mean, sd)
    assert more[0] >= less[0] - 1e-12 * abs(less[0])
    assert less[2] >= 0


@law
@given(values, sds, values, margins, values, st.floats(0.01, 100))
def test_shift_and_scale(mean, sd, best, xi, shift, scale):
    """ei(a mean + b, a sd, a best + b) = a ei, so log ei gains log a; pi stays."""
    plain = (mean, sd)
    moved = (scale * mean + shift, scale * sd)
    at = {"best": best, "xi": xi}
    moved_at = {"best": scale * best + shift, "xi": scale * xi}
    log_ei, ei, pi = (one(make(**at), *plain) for make in IMPROVEMENTS)
    moved_log_ei, moved_ei, moved_pi = (one(make(**moved_at), *moved) for make in IMPROVEMENTS)
    assert moved_ei == pytest.approx((scale * ei[0], ei[1], ei[2]), rel=1e-6, abs=1e-200)
    assert moved_pi[:2] == pytest.approx((pi[0], pi[1] / scale), rel=1e-6, abs=1e-200)
    assert moved_pi[2] == pytest.approx(pi[2] / scale, rel=1e-6, abs=1e-9 / (scale * sd))  # it changes sign at z = 0
    expected = (log_ei[0] + math.log(scale), log_ei[1] / scale, log_ei[2] / scale)
    assert moved_log_ei == pytest.approx(expected, rel=1e-6, abs=1e-8)


@law
@given(values, sds, values, margins, st.integers(-30, 30))
def test_scaling_by_a_power_of_two_changes_no_bit(mean, sd, best, xi, power):
    a = 2.0**power
    _, ei, pi = (one(make(best, xi), mean, sd) for make in IMPROVEMENTS)
    _, scaled_ei, scaled_pi = (one(make(a * best, a * xi), a * mean, a * sd) for make in IMPROVEMENTS)
    if ei[0] > 1e-280:
        assert scaled_ei == (a * ei[0], ei[1], ei[2])
    assert scaled_pi[0] == pi[0]


@law
@given(st.sampled_from(IMPROVEMENTS), values, sds, values, margins)
def test_xi_is_a_better_incumbent(make, mean, sd, best, xi):
    assert one(make(best, xi), mean, sd) == one(make(best - xi), mean, sd)


@law
@given(extremes, st.floats(-299, 299).map(lambda power: 10.0**power), extremes, far)
def test_every_number_is_finite_and_nothing_overflows_over_the_stated_range(mean, sd, best, xi):
    acquisitions = [make(best, xi) for make in IMPROVEMENTS] + [UpperConfidenceBound(9.0)]
    with np.errstate(divide="raise", invalid="raise"):
        for acquisition in acquisitions:
            assert all(map(math.isfinite, one(acquisition, mean, sd)))
        log_ei, _, (pi, *_), _ = (one(acquisition, mean, sd) for acquisition in acquisitions)
    assert 0 <= pi <= 1
    assert log_ei[1] <= 0 <= log_ei[2]


@pytest.mark.parametrize("z", [-1e3, -1e6, -1e9, -1e30, -1e100])
def test_the_slope_of_log_ei_leads_back_from_anywhere(z):
    """log h(z) -> -z^2/2 - log(2 pi)/2 - 2 log|z|, with the slopes |z| + 2/|z| and z^2 + 3 (next terms: /z^2)."""
    value, by_mean, by_sd = one(LogExpectedImprovement(best=0.0), -z, 1.0)
    assert value == pytest.approx(-0.5 * z * z - 0.5 * math.log(2 * math.pi) - 2 * math.log(-z), rel=1e-11)
    assert by_mean == pytest.approx(z + 2 / z, rel=1e-11)
    assert by_sd == pytest.approx(z * z + 3, rel=1e-11)


def test_ei_keeps_all_its_digits_in_the_tail_and_is_the_gap_where_improvement_is_certain():
    assert one(ExpectedImprovement(0.0), 37.0, 1.0)[0] == pytest.approx(math.exp(log_moment(1, -37.0)), rel=1e-11)
    assert one(ExpectedImprovement(0.0), -1e200, 1e-200) == (1e200, -1.0, 0.0)
    assert one(LogExpectedImprovement(0.0), -50.0, 1.0) == pytest.approx((math.log(50), -1 / 50, 0.0), rel=1e-15)


@law
@given(values, sds, st.floats(0, 100))
def test_ucb_is_the_mean_and_some_standard_deviations(mean, sd, beta):
    value, *slopes = one(UpperConfidenceBound(beta), mean, sd)
    assert value == pytest.approx(-(mean - math.sqrt(beta) * sd), rel=1e-12, abs=1e-12)
    assert slopes == [-1.0, math.sqrt(beta)]


@pytest.mark.parametrize("dimension", [0, 1, 8])
def test_the_schedule_of_beta_spends_delta_over_all_points_and_times(dimension):
    """Theorem 1's union bound: the sum over t and D of exp(-beta_t / 2) is delta; the tail of the sum is about 6e-6."""
    spent = math.fsum(2.0**dimension * math.exp(-5 * srinivas_beta(count, dimension) / 2) for count in range(10_000))
    assert spent == pytest.approx(0.1, rel=1e-4)
    assert 0 < srinivas_beta(0, dimension) < srinivas_beta(1, dimension) < srinivas_beta(1, dimension + 1)


@pytest.mark.parametrize("acquisition", STANDARD)
def test_each_point_is_scored_for_itself(acquisition):
    mean, sd = np.linspace(-30, 60, 91), np.geomspace(0.1, 10, 91)
    scores = acquisition(mean, sd)
    points = [one(acquisition, *point) for point in zip(mean, sd, strict=True)]
    np.testing.assert_allclose(np.array(scores), np.array(points).T, rtol=1e-14)
    assert [array.shape for array in acquisition(mean[:0], sd[:0])] == [(0,)] * 3


def test_the_table_names_every_acquisition():
    assert list(ACQUISITIONS) == ["log_ei", "ei", "ucb", "pi"]
    assert [ACQUISITIONS[name] for name in ("log_ei", "ei", "pi")] == IMPROVEMENTS
    assert ACQUISITIONS["ucb"] is UpperConfidenceBound
