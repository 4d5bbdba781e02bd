"""Kernel densities: each is a density of the space as it is, drawn from as it says, and equal to its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import truncnorm

from hpotune.models.kde import Axis, Density, choices, normal_reference, spreads

FEW = settings(max_examples=40, deadline=None)
CONTINUUM = Axis()
UNEVEN = np.array([0.0, 0.4, 0.7, 0.85, 1.0])  # as of the whole numbers of a log range
BINS = Axis(UNEVEN)
KINDS = {"continuum": CONTINUUM, "bins": BINS, "choices": choices(3), "one value": choices(1)}
NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)


def centres_of(axis):
    """A coordinate as it may be observed: nan where it is inactive."""
    middles = None if axis.edges is None else [float(x) for x in (axis.edges[1:] + axis.edges[:-1]) / 2]
    known = st.floats(0, 1) if middles is None else st.sampled_from(middles)
    return st.one_of(known, known, known, st.just(math.nan))


@st.composite
def densities(draw, axes):
    count = draw(st.integers(1, 5))
    points = [[draw(centres_of(axis)) for axis in axes] for _ in range(count)]
    bandwidths = [draw(st.floats(0.02, 3.0) if axis.ordered else st.floats(0.001, 2.0)) for axis in axes]
    weights = draw(st.lists(st.floats(0.1, 5.0), min_size=count, max_size=count))
    return Density(axes, np.array(points), np.array(bandwidths), np.array(weights))


def rule(axis):
    """Points of one coordinate and the weights by which a density is integrated over it."""
    if axis.edges is not None:
        return (axis.edges[1:] + axis.edges[:-1]) / 2, np.diff(axis.edges)
    pieces = np.linspace(0.0, 1.0, 41)
    halves, middles = np.diff(pieces) / 2, (pieces[1:] + pieces[:-1]) / 2
    return (middles[:, None] + halves[:, None] * NODES).ravel(), (halves[:, None] * WEIGHTS).ravel()


def integral(density, axes):
    """Over all coordinates at once, all of them active."""
    rules = [rule(axis) for axis in axes]
    points = np.stack([grid.ravel() for grid in np.meshgrid(*(x for x, _ in rules), indexing="ij")], axis=1)
    weights = np.prod(np.stack(np.meshgrid(*(w for _, w in rules), indexing="ij")), axis=0).ravel()
    return float(np.exp(density.log(points)) @ weights)


# Densities


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(st.data())
def test_a_density_integrates_to_one(kind, data):
    axes = [KINDS[kind]]
    assert integral(data.draw(densities(axes)), axes) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("second", KINDS)
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_so_does_one_of_two_coordinates(second, data):
    axes = [CONTINUUM, KINDS[second]]
    bandwidths = np.array([data.draw(st.floats(0.05, 1.0)), 0.3])
    points = np.array([[data.draw(centres_of(axis)) for axis in axes] for _ in range(3)])
    density = Density(axes, points, bandwidths, np.array([1.0, 2.0, 0.5]))
    assert integral(density, axes) == pytest.approx(1.0, abs=1e-8)


@FEW
@given(st.data())
def test_and_over_a_conditional_space(data):
    """The second coordinate is active where the first is its first choice, the third where it is not."""
    axes = [choices(3), CONTINUUM, BINS]
    rows = []
    for _ in range(data.draw(st.integers(1, 5))):
        choice = data.draw(st.integers(0, 2))
        inner = data.draw(st.floats(0, 1)) if choice == 0 else math.nan
        step = math.nan if choice == 0 else data.draw(st.sampled_from([0.2, 0.55, 0.775, 0.925]))
        rows.append([(choice + 0.5) / 3, inner, step])
    density = Density(axes, np.array(rows), np.array([0.4, 0.1, 0.2]), np.ones(len(rows)))
    total = 0.0
    for choice, column in ((0, 1), (1, 2), (2, 2)):
        x, weights = rule(axes[column])
        points = np.full((len(x), 3), np.nan)
        points[:, 0], points[:, column] = (choice + 0.5) / 3, x
        total += float(np.exp(density.log(points)) @ weights) / 3
    assert total == pytest.approx(1.0, abs=1e-9)


def by_definition(axes, centres, h, weights, point):
    total = 0.0
    for centre, weight in zip(centres, weights / weights.sum(), strict=True):
        product = weight
        for axis, c, width, x in zip(axes, centre, h, point, strict=True):
            if math.isnan(x) or math.isnan(c):
                continue
            kernel = truncnorm(-c / width, (1 - c) / width, loc=c, scale=width)
            if axis.edges is None:
                product *= kernel.pdf(x)
            elif axis.ordered:
                k = int(axis.bin_of(np.array([x]))[0])
                product *= (kernel.cdf(axis.edges[k + 1]) - kernel.cdf(axis.edges[k])) / np.diff(axis.edges)[k]
            else:
                same = axis.bin_of(np.array([x])) == axis.bin_of(np.array([c]))
                product *= axis.bins * ((1 - width) if same[0] else width / (axis.bins - 1))
        total += product
    return math.log(total)


@FEW
@given(st.data())
def test_the_logarithm_is_that_of_the_definition(data):
    axes = [CONTINUUM, BINS, choices(3), CONTINUUM]
    rows = st.tuples(*(centres_of(axis) for axis in axes))
    centres = np.array(data.draw(st.lists(rows, min_size=1, max_size=4)))
    weights = np.arange(1.0, len(centres) + 1)
    h = np.array([0.2, 0.3, 0.4, 0.15])
    point = np.array(data.draw(rows))
    found = Density(axes, centres, h, weights).log(point[None])[0]
    assert found == pytest.approx(by_definition(axes, centres, h, weights, point), abs=1e-7)


@pytest.mark.parametrize("h", [1e-3, 1e-4])
def test_far_from_every_centre_the_logarithm_is_exact(h):
    """Where the density itself underflows by hundreds of thousands of digits."""
    for axis, far in ((CONTINUUM, 0.9), (Axis(np.linspace(0, 1, 11)), 0.95)):
        found = Density([axis], np.array([[0.05]]), np.array([h]), np.ones(1)).log(np.array([[far]]))[0]
        nearest = far if axis.edges is None else 0.9
        expected = -0.5 * ((nearest - 0.05) / h) ** 2
        assert found == pytest.approx(expected, rel=1e-4)


def test_a_centre_without_coordinates_is_the_uniform_distribution():
    axes = list(KINDS.values())
    density = Density(axes, np.full((1, 4), np.nan), np.full(4, 0.1), np.ones(1))
    uniforms = np.random.default_rng(0).random((20, 5))
    assert np.array_equal(density.draw(uniforms), uniforms[:, 1:])
    assert np.allclose(density.log(uniforms[:, 1:]), 0.0)


def test_only_the_ratio_of_weights_counts():
    axes, points, h = [CONTINUUM], np.array([[0.1], [0.8]]), np.array([0.1])
    x = np.linspace(0, 1, 11)[:, None]
    one, other = (Density(axes, points, h, weights).log(x) for weights in (np.array([1.0, 3.0]), np.array([0.5, 1.5])))
    assert np.allclose(one, other)
    assert one[8] > one[1]


def test_no_other_choice_is_likelier_than_the_centres_own():
    density = Density([choices(4)], np.array([[0.125]]), np.array([5.0]), np.ones(1))
    assert np.allclose(density.log((np.arange(4)[:, None] + 0.5) / 4), 0.0)


# Draws


@pytest.mark.parametrize("kind", KINDS)
def test_draws_follow_the_density(kind):
    """The largest distance of 4,000 draws' distribution function: once in a million more than 0.0426 (Massart 1990)."""
    axis = KINDS[kind]
    centres = np.array([[0.05], [0.55], [math.nan], [0.9]])
    density = Density([axis], centres, np.array([0.15 if axis.ordered else 0.4]), np.array([4.0, 2.0, 1.0, 3.0]))
    drawn = density.draw(np.random.default_rng(1).random((4000, 2)))[:, 0]
    edges = np.linspace(0, 1, 201) if axis.edges is None else axis.edges
    middles = (edges[1:] + edges[:-1]) / 2
    expected = np.cumsum(np.exp(density.log(middles[:, None])) * np.diff(edges))
    found = np.searchsorted(np.sort(drawn), edges[1:], side="left") / len(drawn)
    assert np.abs(found[:-1] - expected[:-1]).max(initial=0.0) < 0.0426
    assert drawn.min() >= 0
    assert drawn.max() <= 1


def test_draws_are_drawn_wider_on_request():
    density = Density([CONTINUUM, choices(2)], np.array([[0.5, 0.25]]), np.array([0.05, 0.1]), np.ones(1))
    uniforms = np.random.default_rng(2).random((2000, 3))
    once, thrice = density.draw(uniforms), density.draw(uniforms, 3.0)
    assert thrice[:, 0].std() == pytest.approx(3 * once[:, 0].std(), rel=0.05)
    assert np.array_equal(once[:, 1], thrice[:, 1]), "a choice has no width"


def test_draws_stay_in_the_range_at_its_ends():
    for c in (0.0, 1.0):
        for h in (1e-6, 1.0):
            density = Density([CONTINUUM], np.array([[c]]), np.array([h]), np.ones(1))
            drawn = density.draw(np.array([[0.5, u] for u in (2**-53, 0.5, 1 - 2**-53)]))
            assert np.all((drawn >= 0) & (drawn <= 1))


# Bandwidths


def test_the_normal_reference_rule():
    points = np.array([[0.1, 1 / 6], [0.3, 1 / 6], [0.5, 0.5], [math.nan, 5 / 6]])
    axes = [CONTINUUM, choices(3)]
    deviations = [np.std([0.1, 0.3, 0.5]), math.sqrt((1 - (4 + 1 + 1) / 16) / 2)]
    assert spreads(axes, points) == pytest.approx(deviations)
    expected = 1.06 * np.array(deviations) * np.array([3, 4]) ** (-1 / 6)
    assert normal_reference(axes, points) == pytest.approx(expected)


@FEW
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.permutations(range(4)))
def test_the_spread_of_choices_does_not_depend_on_their_order(codes, order):
    one = np.array([[(code + 0.5) / 4] for code in codes])
    other = np.array([[(order[code] + 0.5) / 4] for code in codes])
    assert spreads([choices(4)], one) == pytest.approx(spreads([choices(4)], other))


def test_of_two_choices_the_spread_is_the_deviation_of_0_and_1():
    codes = np.array([0, 0, 1, 0, 1])
    assert spreads([choices(2)], (codes[:, None] + 0.5) / 2) == pytest.approx([codes.std()])


def test_what_is_never_active_or_always_the_same_has_no_spread():
    points = np.array([[math.nan, 0.3, 0.25], [math.nan, 0.3, 0.25]])
    assert normal_reference([CONTINUUM, CONTINUUM, choices(2)], points).tolist() == [0.0, 0.0, 0.0]
