"""Where the maximiser looks: spread over the cube, around good points, and at neighbouring values."""

from __future__ import annotations

import numpy as np
import pytest
from gp_by_hand import space_of
from gp_studies import EVERY_KIND, UNIT

from hpotune.keys import Key
from hpotune.searchers.gp.moves import around, continuous, siblings, spread

SPACE = space_of(
    {
        **EVERY_KIND,
        "many": {"type": "categorical", "choices": list(range(60))},
        "billion": {"type": "int", "low": 0, "high": 10**9},
        "one": {"type": "int", "low": 3, "high": 3},
    }
)
NAMES = [parameter.name for parameter in SPACE.searchable]
CENTRES = SPACE.settle(np.random.default_rng(1).random((4, SPACE.dimension)))


def column(name: str) -> int:
    return NAMES.index(name)


def test_the_spread_covers_the_cube_evenly_and_elsewhere_for_each_key() -> None:
    points = spread(3, 256, Key.of(1))
    assert points.shape == (256, 3)
    assert np.all((points >= 0.0) & (points <= 1.0))
    for j in range(3):
        counts = np.bincount((points[:, j] * 8).astype(int), minlength=8)
        assert counts.min() > 25, "of 32 in each eighth"
    assert not np.allclose(points, spread(3, 256, Key.of(2)))


def test_coordinates_to_climb_along_are_numbers_of_many_values() -> None:
    climbed = {name for name, yes in zip(NAMES, continuous(SPACE), strict=True) if yes}
    assert climbed == {"lr", "momentum", "width", "billion"}


@pytest.fixture(scope="module")
def near():
    """1,000 points around the centres, and the centre of each."""
    return around(CENTRES, 1000, Key.of(1), SPACE), np.resize(CENTRES, (1000, SPACE.dimension))


def test_points_around_a_centre_lie_in_the_cube_and_differ_from_it(near) -> None:
    points, centres = near
    assert np.all((points >= 0.0) & (points <= 1.0))
    assert not np.isnan(points).any()
    differs = ~np.isclose(SPACE.settle(points), centres, equal_nan=True, atol=1e-12)
    assert differs.any(axis=1).mean() > 0.95


def test_few_or_many_coordinates_move(near) -> None:
    points, centres = near
    differs = (np.abs(points - centres) > 1e-12) & ~np.isnan(centres)
    moved = differs.sum(axis=1)
    assert (moved <= 3).mean() > 0.2
    assert (moved >= 8).mean() > 0.1


def test_numbers_move_near_and_far(near) -> None:
    points, centres = near
    away = np.abs(points - centres)[:, column("lr")]
    away = away[away > 1e-12]
    assert np.sum(away < 0.02) > 20
    assert np.sum(away > 0.15) > 20


def test_a_choice_becomes_any_other(near) -> None:
    points, centres = near
    for name, size in (("optimizer", 3), ("many", 60)):
        values, old = ((x[:, column(name)] * size).astype(int) for x in (points, centres))
        changed = values != old
        assert 0.1 < changed.mean() < 0.8
        assert len(set(values[changed])) >= min(size, 40)


def test_the_same_key_gives_the_same_points() -> None:
    np.testing.assert_array_equal(around(CENTRES, 50, Key.of(1), SPACE), around(CENTRES, 50, Key.of(1), SPACE))
    assert not np.array_equal(around(CENTRES, 50, Key.of(1), SPACE), around(CENTRES, 50, Key.of(2), SPACE))


def test_siblings_differ_in_one_discrete_coordinate() -> None:
    point = np.where(np.isnan(CENTRES[0]), 0.5, CENTRES[0])
    found = siblings(SPACE, point, Key.of(1))
    differs = found != point
    assert differs.sum(axis=1).max() == 1
    changed = {NAMES[j] for j in np.flatnonzero(differs.any(axis=0))}
    assert changed == set(NAMES) - {"lr", "momentum", "one"}
    for name, size in (("depth", 6), ("optimizer", 3), ("nesterov", 2), ("batch", 4), ("dropout", 6)):
        values = np.unique((found[:, column(name)] * size).astype(int))
        assert len(values) == size, "of few values all"
    assert len(np.unique(found[:, column("many")])) > 10


def test_of_many_steps_the_near_and_the_far_are_siblings() -> None:
    space = space_of({"n": {"type": "int", "low": 0, "high": 9_999}, "x": UNIT})
    found = siblings(space, space.encode({"n": 5_000, "x": 0.5}), Key.of(1))
    values = {int(space.decode(point)["n"]) for point in found}
    assert {4_998, 4_999, 5_001, 5_002} <= values
    assert min(values) <= 4_000
    assert max(values) >= 6_000
    at_the_end = siblings(space, space.encode({"n": 0, "x": 0.5}), Key.of(1))
    assert min(space.decode(point)["n"] for point in at_the_end) == 0


def test_a_continuum_has_no_siblings() -> None:
    assert siblings(space_of({"x": UNIT}), np.array([0.5]), Key.of(1)).shape == (0, 1)
