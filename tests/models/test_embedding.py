"""The embedding: distances coordinate by coordinate, features, and positive definite kernels over all of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_points import MIXED, embedding_of, layouts, points_of, powers, scattered

from hpotune.models.embedding import INACTIVE, Embedding
from hpotune.models.kernels import KERNELS, squared_distances

law = settings(max_examples=60)
both = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
NAN = math.nan


def distance(embedding, a, b):
    """Squared, between two points."""
    one, other = embedding.features(np.array([a, b], float))
    return float((one - other) @ (one - other))


def smallest_eigenvalue(kernel, embedding, points, lengths):
    scaled = embedding.features(points) / lengths[embedding.groups]
    return float(np.linalg.eigvalsh(kernel(squared_distances(scaled, scaled)).value)[0])


def defined(count, a, b):
    """The squared distance along one coordinate, as the module defines it."""
    if math.isnan(a) or math.isnan(b):
        if math.isnan(a) and math.isnan(b):
            return 0.0
        active = b if math.isnan(a) else a
        return 1.0 if count else (active - 0.5) ** 2 + INACTIVE**2
    if count:
        return float(min(math.floor(a * count), count - 1) != min(math.floor(b * count), count - 1))
    return (a - b) ** 2


@law
@given(st.data(), layouts())
def test_a_distance_is_the_sum_of_those_along_the_coordinates(data, layout):
    a, b = data.draw(points_of(layout, 2, 2))
    expected = sum(defined(count, x, y) for (count, _), x, y in zip(layout, a, b, strict=True))
    assert distance(embedding_of(layout), a, b) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_inactive_values_are_equal_to_each_other_and_apart_from_active_ones(count):
    embedding = Embedding([count], [True])
    assert distance(embedding, [NAN], [NAN]) == 0
    for value in np.linspace(0, 1, 101):
        assert math.sqrt(distance(embedding, [NAN], [value])) >= INACTIVE


def test_an_inactive_number_is_as_far_from_all_values_as_can_be_told():
    embedding = Embedding([0], [True])
    assert distance(embedding, [NAN], [0.5]) == INACTIVE**2
    assert distance(embedding, [NAN], [0.0]) == distance(embedding, [NAN], [1.0]) == 0.25 + INACTIVE**2


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("conditional", [False, True])
def test_choices_differ_by_one_or_not_at_all(count, conditional):
    embedding = Embedding([count], [conditional])
    middles = [[(choice + 0.5) / count] for choice in range(count)] + [[NAN]] * conditional
    for i, a in enumerate(middles):
        for j, b in enumerate(middles):
            assert distance(embedding, a, b) == pytest.approx(float(i != j))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_choice_holds_from_its_lower_end_to_below_its_upper(count):
    embedding = Embedding([count], [False])
    assert distance(embedding, [1.0], [1.0 - 0.5 / count]) == 0  # the last one holds at 1, too
    for choice in range(count):
        middle = [(choice + 0.5) / count]
        assert distance(embedding, middle, [choice / count + 1e-9]) == 0
        assert distance(embedding, middle, [(choice + 1) / count - 1e-9]) == 0


@law
@given(st.data(), layouts())
def test_a_coordinate_shows_in_the_features_of_its_group_alone(data, layout):
    embedding = embedding_of(layout)
    a, b = data.draw(points_of(layout, 2, 2))
    changed = data.draw(st.integers(0, len(layout) - 1))
    other = a.copy()
    other[changed] = b[changed]
    before, after = embedding.features(np.array([a, other]))
    assert np.all(embedding.groups[before != after] == changed)


@law
@given(st.data(), layouts())
def test_a_number_is_a_feature_of_its_own_value(data, layout):
    """The gradient by this feature is thus that by the coordinate."""
    embedding = embedding_of(layout)
    points = data.draw(points_of(layout, 1))
    coordinates, columns = embedding.numbers
    assert coordinates.tolist() == [j for j, (count, _) in enumerate(layout) if not count]
    assert embedding.groups[columns].tolist() == coordinates.tolist()
    values = points[:, coordinates]
    np.testing.assert_array_equal(
        embedding.features(points)[:, columns], np.where(np.isnan(values), 0.5, values), strict=True
    )


def test_the_features_are_laid_out_coordinate_by_coordinate():
    embedding = embedding_of(MIXED)
    assert embedding.dimension == 5
    assert embedding.groups.tolist() == [0, 1, 1, 1, 2, 2, 3, 3, 3, 4]
    assert embedding.features(np.zeros((0, 5))).shape == (0, 10)
    one = math.sqrt(0.5)
    shown = embedding.features(np.array([[0.1, 0.9, 0.2, 0.1, 0.3], [0.4, 0.0, NAN, NAN, 0.6]]))
    expected = [[0.1, 0, 0, one, 0.2, 0, one, 0, 0, 0.3], [0.4, one, 0, 0, 0.5, INACTIVE, 0, 0, one, 0.6]]
    np.testing.assert_allclose(shown, expected, rtol=1e-15)


def test_a_space_of_nothing_has_no_features():
    assert Embedding([], []).features(np.zeros((3, 0))).shape == (3, 0)


def test_points_are_left_as_they_are():
    points = scattered(MIXED, 20, 0)
    before = points.copy()
    embedding_of(MIXED).features(points)
    np.testing.assert_array_equal(points, before)


def test_a_flag_for_each_coordinate_is_required():
    with pytest.raises(ValueError, match="zip"):
        Embedding([0, 2], [False])


@both
@law
@given(st.data(), layouts())
def test_kernels_have_no_negative_eigenvalue_over_mixed_conditional_points(kernel, data, layout):
    embedding = embedding_of(layout)
    points = data.draw(points_of(layout, 2, 12))
    lengths = np.array(data.draw(st.lists(powers(-1, 1), min_size=len(layout), max_size=len(layout))))
    assert smallest_eigenvalue(kernel, embedding, points, lengths) > -1e-11


@both
@pytest.mark.parametrize("seed", range(5))
def test_kernels_are_positive_definite_over_distinct_mixed_conditional_points(kernel, seed):
    points = scattered(MIXED, 30, seed)
    points[0], points[1] = [0.5, 0.5, NAN, NAN, 0.5], [0.5, 0.5, 0.5, NAN, 0.5]  # told apart by the flag alone
    assert smallest_eigenvalue(kernel, embedding_of(MIXED), points, np.full(5, 0.3)) > 1e-4
