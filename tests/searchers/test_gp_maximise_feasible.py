"""The maximiser under conditions and constraints."""

from __future__ import annotations

import numpy as np
import pytest
from gp_by_hand import config, ranked_by, space_of, valley
from gp_studies import UNIT, cube

from hpotune.searchers.gp import maximise as module


def test_what_depends_on_a_number_is_searched_where_it_is_active() -> None:
    space = space_of({"x": {"type": "float", "low": -3, "high": 3}, "y": {**UNIT, "when": "x > 1.5"}})

    def function(points):
        bonus = np.where(np.isnan(points[:, 1]), 0.0, 2.0 - 10 * (np.nan_to_num(points[:, 1]) - 0.7) ** 2)
        return bonus - 2 * points[:, 0]

    ranked = ranked_by(space, function)
    best = config(space, ranked.points[0])
    assert best["x"] == pytest.approx(1.5, abs=0.2)
    assert best["y"] == pytest.approx(0.7, abs=0.1)
    assert 0.45 < ranked.scores[0] <= 0.5, "of at most 2 - 2 * 0.75"


def test_an_optimum_on_the_border_of_the_feasible_is_approached() -> None:
    space = space_of({"x": UNIT, "y": UNIT, "n": {"type": "int", "low": 1, "high": 9}}, "x + y <= 0.9", "n * x <= 3")
    ranked = ranked_by(space, lambda points: points[:, 0] + points[:, 1] + points[:, 2])
    assert all(space.feasible(config(space, point)) for point in ranked.points)
    assert ranked.scores[0] > 0.9 + 17 / 18 - 0.02


def test_an_ascent_that_leaves_the_feasible_is_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 1 the ascent goes to 10, beyond the 2 that are allowed; hardly a candidate is better than the start."""
    monkeypatch.setattr(module, "_SPREAD", 4)
    monkeypatch.setattr(module, "_AROUND", 4)
    names = " + ".join(f"x{number}" for number in range(10))
    space = space_of(cube(10), f"{names} <= 2")
    ranked = ranked_by(space, lambda points: points.sum(axis=1), incumbents=[np.full(10, 0.1)])
    assert 1.8 < ranked.scores[0] <= 2.0 + 1e-12


def test_an_ascent_sees_what_is_inactive_as_inactive() -> None:
    """Where y is inactive the peak is elsewhere in x."""
    kinds = {"type": "categorical", "choices": ["without", "with"]}
    space = space_of({"k": kinds, "x": UNIT, "y": {**UNIT, "when": 'k == "with"'}})

    def function(points):
        without = np.isnan(points[:, 2])
        return np.where(without, -((points[:, 1] - 0.2) ** 2), -((points[:, 1] - 0.8) ** 2) - 0.5)

    best = config(space, ranked_by(space, function).points[0])
    assert best == {"k": "without", "x": pytest.approx(0.2, abs=1e-6)}


@pytest.mark.parametrize("constraint", ["abs(x0 - x1) + abs(x1 - x2) <= 0.03", "x0 <= 0.1 and x1 <= 0.1 and x2 >= 0.9"])
def test_where_hardly_anything_is_feasible(monkeypatch: pytest.MonkeyPatch, constraint: str) -> None:
    """A thousandth of the cube, in which no candidate lies: the best that is feasible is approached all the same."""
    monkeypatch.setattr(module, "_SPREAD", 8)
    monkeypatch.setattr(module, "_DRAWN", 16)
    space = space_of(cube(3), constraint)
    ranked = ranked_by(space, valley([0.05, 0.05, 0.95]))
    assert space.feasible_points(ranked.points).all()
    best = -2 * 0.45**2 if "abs" in constraint else 0.0
    assert ranked.scores[0] > best * 1.5 - 0.02


def test_where_nothing_feasible_is_found_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DRAWN", 1)
    ranked = ranked_by(space_of({"x": UNIT, "n": {"type": "int", "low": 0, "high": 10**9}}, "n == 5"), valley([0, 0]))
    assert ranked.points.shape == (0, 2)
    assert ranked.scores.shape == (0,)
