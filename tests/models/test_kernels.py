"""Kernels: their definitions by other means, slopes, and distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import cdist
from scipy.special import gamma, kv

from hpotune.models.kernels import KERNELS, squared_distances

law = settings(max_examples=60)
both = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
Q = np.concatenate([np.geomspace(1e-12, 1e3, 200), np.linspace(0.1, 30, 100)])


def features(rows):
    return arrays.arrays(np.float64, st.tuples(rows, st.just(3)), elements=st.floats(-50, 50))


def test_matern52_is_the_matern_function_of_order_five_halves():
    """c = 2^(1-nu) / Gamma(nu) s^nu K_nu(s), s = sqrt(2 nu q) (Rasmussen & Williams 2006, eq. 4.14)."""
    nu, q = 2.5, Q[Q > 1e-6]  # K_nu has a pole at 0
    s = np.sqrt(2.0 * nu * q)
    np.testing.assert_allclose(
        KERNELS["matern52"](q).value, 2.0 ** (1.0 - nu) / gamma(nu) * s**nu * kv(nu, s), rtol=1e-11
    )


def test_rbf_is_a_normal_density_but_for_its_constant():
    np.testing.assert_allclose(np.log(KERNELS["rbf"](Q).value), -Q / 2, rtol=1e-12, atol=1e-15)


@both
def test_the_slope_is_the_derivative_by_the_squared_distance(kernel):
    """By a complex step, whose size costs no digits; at 0, where the root has no derivative, by a difference."""
    q = Q[Q > 1e-4]
    np.testing.assert_allclose(kernel(q).slope, kernel(q + 1e-40j).value.imag / 1e-40, rtol=1e-10)
    at_zero, step = kernel(np.zeros(1)), 1e-7
    assert at_zero.slope[0] == pytest.approx((kernel(np.array([step])).value[0] - 1.0) / step, rel=1e-3)


@both
def test_the_correlation_is_one_at_no_distance_and_falls_to_nothing(kernel):
    assert kernel(np.zeros((2, 3))).value.tolist() == [[1.0] * 3] * 2
    value, slope = kernel(np.sort(Q))
    assert np.all(np.diff(value[np.sort(Q) > 1e-3]) < 0)
    assert np.all(slope < 0)
    far = kernel(np.array([1e6, 1e300]))
    assert far.value.tolist() == far.slope.tolist() == pytest.approx([0.0, 0.0], abs=1e-300)


@law
@given(features(st.integers(0, 6)), features(st.integers(0, 6)))
def test_squared_distances_are_those_of_all_pairs(a, b):
    q = squared_distances(a, b)
    assert q.shape == (len(a), len(b))
    if q.size:
        np.testing.assert_allclose(q, cdist(a, b, "sqeuclidean"), rtol=1e-12, atol=1e-11)


@law
@given(features(st.integers(1, 6)))
def test_squared_distances_are_never_negative_and_leave_their_arguments_alone(a):
    before = a.copy()
    q = squared_distances(a, a)
    assert np.all(q >= 0)
    np.testing.assert_allclose(np.diag(q), 0, atol=1e-11)
    np.testing.assert_array_equal(a, before)


def test_rounding_makes_no_distance_negative():
    """Of a hundred points so far out, some differ from themselves by less than nothing before it is mended."""
    a = 1e3 * np.random.default_rng(0).random((100, 7))
    squares = np.einsum("ij,ij->i", a, a)
    assert np.min(squares[:, None] + squares - 2.0 * a @ a.T) < 0
    assert np.min(squared_distances(a, a)) == 0
