"""The maximiser against exhaustive search and known optima, on acquisition functions made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gp_by_hand import ByHand, config, ranked_by, space_of, valley
from gp_studies import EVERY_KIND, UNIT, cube, posterior

from hpotune.keys import Key
from hpotune.searchers.gp import maximise as module
from hpotune.searchers.gp.maximise import maximise, rank_all
from hpotune.searchers.gp.surrogate import Surrogate, make_acquisition
from hpotune.space import Space

GRID = {
    "a": {"type": "int", "low": 0, "high": 4},
    "b": {"type": "ordinal", "choices": [8, 16, 32]},
    "c": {"type": "categorical", "choices": ["u", "v", "w", "x"]},
    "d": {"type": "bool"},
    "e": {"type": "float", "low": 0, "high": 1, "step": 0.25, "when": 'c != "u"'},
}


def table(space: Space, seed: int, coupling: float) -> Callable[[Any], Any]:
    """A value for each bin of each coordinate, and `coupling` times one for each pair of bins."""
    generator = np.random.default_rng(seed)
    sizes = [size or 1 for size in space.axis_sizes]
    single = [generator.normal(size=size + 1) for size in sizes]
    pairs = {(i, j): generator.normal(size=(sizes[i] + 1, sizes[j] + 1)) for j in range(len(sizes)) for i in range(j)}

    def function(points):
        bins = np.where(np.isnan(points), sizes, np.nan_to_num(points) * sizes).astype(int)
        total = sum(values[bins[:, j]] for j, values in enumerate(single))
        return total + coupling * sum(values[bins[:, i], bins[:, j]] for (i, j), values in pairs.items())

    return function


# The answer


@pytest.mark.parametrize("seed", range(4))
def test_points_are_valid_settled_and_ranked(seed: int) -> None:
    space = space_of(EVERY_KIND, "width * depth <= 1000")
    embedding, objective = posterior(space, 15, seed)
    acquisition = make_acquisition("log_ei", float(objective.targets.min()), 0.0, "auto", seen=15, dimension=9)
    surrogate = Surrogate(embedding, objective, None, acquisition)
    incumbents = space.settle(np.random.default_rng(seed).random((3, space.dimension)))
    points, scores = maximise(space, surrogate, incumbents, Key.of(seed))
    assert np.all(np.diff(scores) <= 0.0)
    np.testing.assert_allclose(scores, surrogate.scores(points), rtol=1e-9, atol=1e-9)
    configs = [config(space, point) for point in points]
    assert all(space.problems(one) == [] for one in configs)
    assert all(space.feasible(one) for one in configs)
    np.testing.assert_allclose(space.settle(points), points, atol=1e-12)


def test_equal_arguments_give_equal_points_and_another_key_gives_others() -> None:
    space = space_of(EVERY_KIND)
    function = valley(np.linspace(0.2, 0.8, space.dimension))
    one, again, other = (ranked_by(space, function, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.points, again.points)
    np.testing.assert_array_equal(one.scores, again.scores)
    assert not np.array_equal(one.points[:50], other.points[:50])


def test_all_that_was_looked_at_is_returned() -> None:
    """So that there is another where the best have been tried."""
    space = space_of(cube(3))
    ranked = ranked_by(space, valley([0.3, 0.3, 0.3]))
    assert len(ranked.points) == len(ranked.scores) > 100
    spread = ranked.points[np.argsort(ranked.points[:, 0])]
    assert spread[0, 0] < 0.05
    assert spread[-1, 0] > 0.95


def test_a_list_is_ranked_with_ties_in_its_own_order() -> None:
    space = space_of(cube(1))
    points = np.linspace(0, 1, 11)[:, None]
    ranked = rank_all(ByHand(space, lambda x: np.floor(3 * x[:, 0])), points)  # type: ignore[arg-type]
    assert (ranked.points[:, 0] * 10).round().tolist() == [10, 7, 8, 9, 4, 5, 6, 0, 1, 2, 3]
    assert ranked.scores.tolist() == [3, 2, 2, 2, 1, 1, 1, 0, 0, 0, 0]


# Against exhaustive search


@pytest.mark.parametrize("coupling", [0.0, 0.3])
def test_a_mixed_grid_is_searched_as_well_as_exhaustively(monkeypatch: pytest.MonkeyPatch, coupling: float) -> None:
    """Steps alone, from few candidates. A separable function has one peak (10 of 10). Of a coupled one, which may have
    several, the best is found by at least 8 of 10.
    """
    monkeypatch.setattr(module, "_SPREAD", 16)
    space = space_of(GRID, "a <= 3 or d == true")
    configs = space.enumerate()
    assert configs is not None
    everything = np.array([space.encode(one) for one in configs])
    assert len(everything) > 300
    found = 0
    for seed in range(10):
        function = table(space, seed, coupling)
        found += ranked_by(space, function, seed).scores[0] == function(everything).max()
    assert found >= (10 if coupling == 0.0 else 8)


def test_choices_are_searched_with_the_numbers_that_depend_on_them() -> None:
    """A valley at another place for each choice: neither steps nor ascent alone come to the bottom; 10 of 10."""
    space = space_of({"k": {"type": "categorical", "choices": list("abcdef")}, **cube(4)})
    for seed in range(10):
        generator = np.random.default_rng(seed)
        optima, levels = generator.random((6, 4)), generator.random(6)

        def function(points, optima=optima, levels=levels):
            choice = (points[:, 0] * 6).astype(int)
            return -np.sum((points[:, 1:] - optima[choice]) ** 2, axis=1) - levels[choice]

        assert ranked_by(space, function, seed).scores[0] > -levels.min() - 1e-6


# Single kinds of parameters


def test_a_smooth_peak_is_climbed_to_its_top() -> None:
    for d in (1, 2, 5, 20):
        optimum = np.random.default_rng(d).random(d)
        ranked = ranked_by(space_of(cube(d)), valley(optimum))
        np.testing.assert_allclose(ranked.points[0], optimum, atol=1e-4)


def test_a_peak_in_a_corner_is_reached() -> None:
    best = ranked_by(space_of(cube(4)), valley([1.5, -0.5, 1.0, 0.0])).points[0]
    np.testing.assert_allclose(best, [1, 0, 1, 0], atol=1e-6)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("optimum", [3, 1_000, 123_456_789])
def test_a_whole_number_among_a_billion(log: bool, optimum: int) -> None:
    """Too many values to step through: it is climbed as a continuum would be."""
    space = space_of({"n": {"type": "int", "low": 1, "high": 10**9, "log": log}, "x": UNIT})
    target = space.encode({"n": optimum, "x": 0.4})
    best = ranked_by(space, valley(target, [10.0, 1.0])).points[0]
    assert best == pytest.approx(target, abs=0.03 if log and optimum < 10 else 1e-3)
    assert space.encode(config(space, best))[0] == best[0], "a value that can be run"


@pytest.mark.parametrize("log", [False, True])
def test_a_whole_number_among_many_is_found_to_the_digit(log: bool) -> None:
    """Where there is no slope to follow, only better and worse: 10 of 10."""
    space = space_of({"n": {"type": "int", "low": 1, "high": 50_000, "log": log}, "x": UNIT})
    for seed in range(10):
        optimum = 1 + int(np.random.default_rng(seed).integers(50_000))

        def function(points, optimum=optimum):
            return -np.array([abs(config(space, point)["n"] - optimum) for point in points])

        assert config(space, ranked_by(space, function, seed).points[0])["n"] == optimum


def test_ordinals_steps_and_many_choices() -> None:
    """Separable, with one best of 30 choices, 50 steps, 7 ordinals and 40 ints: all of them right, 10 of 10."""
    space = space_of(
        {
            "k": {"type": "categorical", "choices": [f"c{number}" for number in range(30)]},
            "s": {"type": "float", "low": 0, "high": 4.9, "step": 0.1},
            "o": {"type": "ordinal", "choices": [1, 2, 4, 8, 16, 32, 64]},
            "n": {"type": "int", "low": 1, "high": 40},
            "x": UNIT,
        }
    )
    for seed in range(10):
        generator = np.random.default_rng(seed)
        bins = [int(generator.integers(size)) for size in (30, 50, 7, 40)]
        target = (np.array(bins) + 0.5) / (30, 50, 7, 40)

        def function(points, target=target):
            right = np.abs(points[:, 0] - target[0]) < 1e-9
            others = np.abs(points[:, 1:4] - target[1:]).sum(axis=1)
            return 0.5 * right - others - (points[:, 4] - 0.3) ** 2

        best = ranked_by(space, function, seed).points[0]
        assert best[:4] == pytest.approx(target, abs=1e-9)


def test_around_the_incumbents_a_narrow_peak_is_found() -> None:
    """Too narrow for candidates that are spread over the cube."""
    d = 20
    incumbent = np.random.default_rng(1).random(d)

    def function(points):
        return np.where(np.linalg.norm(points - incumbent, axis=1) < 0.2, valley(incumbent + 0.01)(points), -100.0)

    assert ranked_by(space_of(cube(d)), function).scores[0] == -100.0
    best = ranked_by(space_of(cube(d)), function, incumbents=[incumbent]).points[0]
    np.testing.assert_allclose(best, incumbent + 0.01, atol=1e-3)


def test_incumbents_are_looked_at_themselves() -> None:
    incumbents = np.random.default_rng(1).random((3, 4))
    points = ranked_by(space_of(cube(4)), valley([0.5] * 4), incumbents=incumbents).points
    for incumbent in incumbents:
        assert np.abs(points - incumbent).max(axis=1).min() < 1e-12


def test_few_coordinates_change_at_a_time_in_many_dimensions() -> None:
    """An improvement that needs one coordinate to change a lot and 49 to stay as they are; without a slope to follow.

    One of 50 coordinates by more than 0.2: of all spread candidates none is there. 10 of 10.
    """
    d = 50
    for seed in range(10):
        incumbent = 0.3 + 0.4 * np.random.default_rng(seed).random(d)

        def function(points, incumbent=incumbent):
            moved = np.abs(points - incumbent)
            return np.where((moved > 1e-9).sum(axis=1) <= 4, np.floor(moved.max(axis=1) * 10), -1.0)

        assert ranked_by(space_of(cube(d)), function, seed, [incumbent]).scores[0] >= 2.0
