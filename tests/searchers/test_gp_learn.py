"""Hyperparameters: when they are fitted, what they are kept as, and what scale, shift and failure mean to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gp_studies import EVERY_KIND, Run, ask, cube, declared, every_kind, run, told

from hpotune.models.fit import MOST_EVALUATIONS, Objective, Priors, fit
from hpotune.models.gp import NotPositiveDefinite
from hpotune.searchers.gp import learn as module
from hpotune.searchers.gp.data import Data, gather
from hpotune.searchers.gp.learn import Fitted, Learned, learn
from hpotune.searchers.gp.searcher import GpSearcher, embedding_of

MIXED = declared(1, EVERY_KIND).space
CUBE = declared(1, cube(3)).space


def data_of(space, count: int, *, failed: int = 0, pending: int = 0, bend: Callable[[Any], Any] = lambda y: y) -> Data:
    """Trials of a smooth loss, which `bend` changes."""
    rows = np.random.default_rng(1).random((count + failed + pending, space.dimension))
    losses = bend(np.nansum((space.settle(rows[:count]) - 0.4) ** 2, axis=1))
    points, failures, out = np.split(rows, [count, count + failed])
    results = told(space, points, losses, failed=failures, pending=out).results
    assert results is not None
    return gather(results)


def learned_of(space, data: Data, last=None, kernel: str = "matern52") -> Learned:
    return learn(embedding_of(space), data, last, Priors.of(space.dimension), kernel)


# When


@pytest.fixture(scope="module")
def long_run() -> Run:
    return run(declared(60, cube(2)), lambda config: sum((value - 0.3) ** 2 for value in config.values()))


def test_hyperparameters_are_fitted_as_the_data_grow_by_a_tenth(long_run: Run) -> None:
    by_model = [record for record in long_run.records if record["by"] == "gp"]
    assert len(by_model) > 40
    latest = by_model[0]["observations"]
    for record in by_model:
        seen = record["observations"]
        grown = seen >= max(1.1 * latest, latest + 1)
        assert ("fit" in record) == grown or record is by_model[0]
        latest = seen if "fit" in record else latest
        assert record["fitted"] == latest
    counts = [record["observations"] for record in by_model if "fit" in record]
    assert counts[:3] == [counts[0], counts[0] + 1, counts[0] + 2], "at first each time"
    assert len([count for count in counts if count >= 20]) < 20, "later seldom"


def test_a_fit_stands_in_the_record_with_a_length_for_each_parameter() -> None:
    result = run(declared(20, EVERY_KIND), every_kind)
    fits = [record["fit"] for record in result.records if "fit" in record]
    assert len(fits) > 5
    for kept in fits:
        assert len(kept["lengths"]) == result.space.dimension
        assert min(*kept["lengths"], kept["signal"], kept["noise"]) > 0.0
        assert "success" not in kept


@pytest.mark.parametrize("failed", [0, 5])
@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
def test_in_between_the_last_fit_is_used_as_it_was(failed: int, kernel: str) -> None:
    first = learned_of(MIXED, data_of(MIXED, 20, failed=failed), None, kernel)
    assert first.fitted_now
    kept = json.loads(json.dumps(first.fitted.record(), allow_nan=False))
    second = learned_of(MIXED, data_of(MIXED, 21, failed=failed), kept, kernel)
    assert not second.fitted_now
    assert "fit" not in second.record()
    assert second.record()["fitted"] == first.record()["fitted"] == 20 + failed
    assert second.fitted.record() == first.fitted.record()
    for one, two in ((first.objective, second.objective), (first.success, second.success)):
        if one is not None and two is not None:
            h, same = one.hyperparameters, two.hyperparameters
            assert h.lengths.tolist() == same.lengths.tolist()
            assert (h.signal, h.noise, h.kernel) == (same.signal, same.noise, same.kernel)
            assert h.kernel == kernel
            assert len(two.targets) == len(one.targets) + 1
    assert (first.success is None) == (second.success is None) == (failed == 0)
    third = learned_of(MIXED, data_of(MIXED, 28, failed=failed), kept, kernel)
    assert third.fitted_now
    assert third.record()["fitted"] == 28 + failed


def test_a_fit_comes_back_from_its_record() -> None:
    fitted = learned_of(MIXED, data_of(MIXED, 15, failed=4)).fitted
    again = Fitted.read(json.loads(json.dumps(fitted.record())), "matern52")
    assert again.record() == fitted.record()
    assert again.ended == fitted.ended == 19
    assert again.success is not None


def test_the_first_failure_is_learned_from_at_once() -> None:
    kept = learned_of(CUBE, data_of(CUBE, 40)).fitted.record()
    again = learned_of(CUBE, data_of(CUBE, 40, failed=1), kept)
    assert again.fitted_now
    assert again.success is not None


def test_the_last_fit_is_a_start_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the objective and of success; the first fit has other starts alone."""
    starts: list[list[Any]] = []

    def spied(objective: Objective, places: Any, *more: Any) -> Any:
        starts.append([(place.lengths.tolist(), place.signal, place.noise) for place in places])
        return fit(objective, places, *more)

    monkeypatch.setattr(module, "fit", spied)
    kept = learned_of(CUBE, data_of(CUBE, 12, failed=4)).fitted.record()
    learned_of(CUBE, data_of(CUBE, 20, failed=5), kept)
    first, first_of_success, second, second_of_success = starts
    for before, after, last in ((first, second, kept), (first_of_success, second_of_success, kept["success"])):
        assert len(after) == len(before) + 1 > 2
        assert [place for place in after if place not in before] == [(last["lengths"], last["signal"], last["noise"])]


# How much


def test_a_refit_costs_a_bounded_number_of_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the likelihood of success, where there are failures, among them."""
    made: list[Objective] = []

    class Counted(Objective):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr(module, "Objective", Counted)
    for count, failed in ((3, 0), (10, 0), (20, 3), (80, 20), (300, 0), (4, 300)):
        for space in (CUBE, MIXED):
            kept = None
            for further in (0, count // 2 + 1):  # the second fit has one start more
                made.clear()
                kept = learned_of(space, data_of(space, count + further, failed=failed), kept).fitted.record()
                assert sum(objective.evaluations for objective in made) <= min(MOST_EVALUATIONS, 40)
            assert failed == 300 or [objective.evaluations > 0 for objective in made] == [True] * (1 + (failed > 0))


# Scale and shift


def noisy(failed: int, bend: Callable[[Any], Any] = lambda y: y) -> Data:
    noise = np.random.default_rng(9).normal(scale=0.05, size=24)
    return data_of(CUBE, 24, failed=failed, pending=2, bend=lambda losses: bend(losses + noise))


def scores_of(data: Data, kept, points) -> Any:
    """The acquisition on a fixed set, with the hyperparameters fitted anew."""
    learned = learned_of(CUBE, data, kept)
    embedding = embedding_of(CUBE)
    searcher = GpSearcher(1)
    surrogate, _ = searcher._surrogate(CUBE, embedding, data, learned)
    return surrogate.scores(points)


@pytest.mark.parametrize("failed", [0, 4])
@pytest.mark.parametrize(("scale", "shift"), [(3.7, 0.0), (1e-9, 0.0), (1e12, 0.0), (1.0, 5.0), (0.01, -123.0)])
def test_scale_and_shift_do_not_move_the_acquisition(failed: int, scale: float, shift: float) -> None:
    points = np.random.default_rng(3).random((300, 3))
    moved = noisy(failed, lambda losses: scale * losses + shift)
    expected = scores_of(noisy(failed), None, points)
    assert np.ptp(expected) > 1.0
    np.testing.assert_allclose(scores_of(moved, None, points), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("exponent", [-300, -20, -1, 1, 30, 500])
def test_a_power_of_two_changes_nothing_at_all(exponent: int) -> None:
    points = np.random.default_rng(3).random((300, 3))
    moved = noisy(3, lambda losses: np.ldexp(losses, exponent))
    np.testing.assert_array_equal(scores_of(moved, None, points), scores_of(noisy(3), None, points))


# What is said in the loss's own units


def test_what_is_expected_is_in_units_of_the_loss() -> None:
    """At the observations themselves, of a smooth loss: the loss, nearly without doubt."""
    for scale, shift in ((1.0, 0.0), (1e-3, 7.0), (1e6, -1e6)):
        moved = data_of(CUBE, 40, bend=lambda losses, by=scale, and_by=shift: by * losses + and_by)
        learned = learned_of(CUBE, moved)
        mean, variance = learned.objective.predict(embedding_of(CUBE).features(moved.points))
        for z, sd, loss in zip(mean, np.sqrt(variance), moved.losses, strict=True):
            expected, doubt = learned.expected(float(z), float(sd))
            assert expected == pytest.approx(loss, abs=0.05 * scale)
            slope = (learned.loss(float(z) + 1e-3) - learned.loss(float(z) - 1e-3)) / 2e-3
            assert doubt == pytest.approx(slope * sd, rel=0.1)
            assert 0.0 < doubt < 0.1 * scale


def test_no_more_is_expected_than_the_worst_that_was_seen() -> None:
    """A transform that bends the worst cannot be undone far beyond them."""
    data = data_of(CUBE, 20, bend=lambda losses: np.where(losses > np.median(losses), np.exp(40 * losses), losses))
    losses, learned = data.losses, learned_of(CUBE, data)
    levels = [learned.loss(z) for z in np.linspace(-5, 50, 200)]
    assert levels == sorted(levels)
    assert levels[-1] == losses.max()
    assert np.all(np.isfinite(levels))
    mean, sd = learned.expected(40.0, 60.0)
    assert mean == losses.max()
    assert 0.0 <= sd < np.inf


# A numerical failure that has a name


def broken(*args: Any, **kwargs: Any) -> Any:
    raise NotPositiveDefinite("the covariance is not positive definite, not even with jitter 1")


@pytest.mark.parametrize("failed", [0, 4])
def test_a_fit_that_fails_is_journalled_and_does_without(monkeypatch: pytest.MonkeyPatch, failed: int) -> None:
    generator = np.random.default_rng(1)
    points = generator.random((20, 3))
    observations = told(CUBE, points, ((points - 0.5) ** 2).sum(axis=1), failed=generator.random((failed, 3)))
    assert "fallback" not in ask(CUBE, observations).record
    monkeypatch.setattr(module, "fit", broken)
    proposal = ask(CUBE, observations)
    assert proposal.record["fallback"] == "the covariance is not positive definite, not even with jitter 1"
    assert proposal.record["by"] == "gp", "not at random"
    assert "fit" in proposal.record
    assert proposal.record["fitted"] == 20 + failed
    assert max(abs(float(value) - 0.5) for value in proposal.config.values()) < 0.4, "it is still a model"
    again = learned_of(CUBE, data_of(CUBE, 20, failed=failed), proposal.record["fit"])
    assert not again.fitted_now
    assert again.fallback is None, "what was used in its place serves until the next fit"


def test_what_cannot_be_factorised_in_between_is_journalled_too(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = learned_of(CUBE, data_of(CUBE, 20)).fitted.record()
    condition = module._condition

    def picky(embedding, data, fitted, *, fitted_now):
        if not fitted_now:
            broken()
        return condition(embedding, data, fitted, fitted_now=fitted_now)

    monkeypatch.setattr(module, "_condition", picky)
    learned = learned_of(CUBE, data_of(CUBE, 20), kept)
    assert learned.fallback is not None
    assert learned.fitted_now
    assert learned.record()["fallback"] == learned.fallback


def test_another_error_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "fit", wrong)
    points = np.random.default_rng(1).random((20, 3))
    with pytest.raises(ZeroDivisionError):
        ask(CUBE, told(CUBE, points, points.sum(axis=1)))
