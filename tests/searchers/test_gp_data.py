"""What the model is given: each trial once, with its latest value; and of very many a bounded, sensible part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.history import Results
from hpotune.searchers.gp.data import MOST, gather


def results_of(points, trials, losses, *, pending=(), failed=()) -> Results:
    return Results(
        points=np.asarray(points, np.float64),
        trials=np.asarray(trials, np.int64),
        budgets=np.full(len(trials), np.nan),
        losses=np.asarray(losses, np.float64),
        pending=np.asarray(pending, np.int64),
        failed=np.asarray(failed, np.int64),
        fit=None,
    )


def many(count: int, seed: int = 1, d: int = 3):
    """So many trials, of which each tenth has failed and each tenth is pending; of the others, points and losses."""
    points = np.random.default_rng(seed).random((count, d))
    points[::7, -1] = np.nan
    trials = np.arange(count)
    failed, pending = trials[3::10], trials[7::10]
    valued = np.setdiff1d(trials, np.concatenate([failed, pending]))
    losses = np.random.default_rng(seed + 1).permutation(len(valued)) / len(valued)
    return results_of(points, valued, losses, pending=pending, failed=failed)


def rows(points) -> list[tuple[float, ...]]:
    return [tuple(row) for row in np.where(np.isnan(points), -1.0, points).tolist()]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 11), max_size=60), st.randoms(use_true_random=False))
def test_each_trial_counts_once_with_its_latest_value(trials: list[int], random) -> None:
    """A promoted trial has one value for each budget that it was trained to."""
    points = np.arange(12.0)[:, None] / 12
    losses = [random.random() for _ in trials]
    expected = dict(sorted(dict(zip(trials, losses, strict=True)).items()))
    data = gather(results_of(points, trials, losses))
    found = dict(zip((data.points[:, 0] * 12).round().astype(int).tolist(), data.losses.tolist(), strict=True))
    assert found == expected
    assert len(data.losses) == data.seen == data.ended == len(expected)


def test_all_of_few_trials_are_used() -> None:
    results = many(MOST)
    data = gather(results)
    assert rows(data.points) == rows(results.points[results.trials])
    assert data.losses.tolist() == results.losses.tolist()
    assert rows(data.failed) == rows(results.points[results.failed])
    assert rows(data.pending) == rows(results.points[results.pending])
    assert (data.seen, data.ended) == (len(results.trials), len(results.trials) + len(results.failed))


def test_a_trial_that_is_out_again_keeps_its_value_and_is_not_waited_for() -> None:
    data = gather(results_of([[0.1], [0.2], [0.3]], [0, 1], [3.0, 2.0], pending=[1, 2]))
    assert dict(zip(data.points[:, 0].tolist(), data.losses.tolist(), strict=True)) == {0.1: 3.0, 0.2: 2.0}
    assert data.pending.tolist() == [[0.3]]


def test_nothing_is_nothing() -> None:
    data = gather(results_of(np.empty((0, 2)), [], []))
    assert (data.points.shape, data.losses.shape, data.failed.shape, data.pending.shape) == (
        (0, 2),
        (0,),
        (0, 2),
        (0, 2),
    )
    assert data.ended == 0


# Very many


@pytest.fixture(scope="module")
def results() -> Results:
    return many(4 * MOST)


def test_of_very_many_a_bounded_number_is_used(results: Results) -> None:
    for count in (MOST + MOST // 3, 2 * MOST, 4 * MOST):
        data = gather(many(count))
        assert len(data.points) == len(data.losses) == min(MOST, len(many(count).trials))
        assert data.seen == len(many(count).trials)
    assert len(gather(results).failed) <= MOST


def test_each_is_used_once_and_with_its_own_loss(results: Results) -> None:
    data = gather(results)
    loss_of = dict(zip(rows(results.points[results.trials]), results.losses.tolist(), strict=True))
    assert len(set(rows(data.points))) == len(data.points)
    assert [loss_of[row] for row in rows(data.points)] == data.losses.tolist()


def test_the_best_of_very_many_are_used(results: Results) -> None:
    used = gather(results).losses
    best = np.sort(results.losses)
    assert used.min() == best[0]
    assert np.isin(best[: MOST // 4], used).all()


def nearest_to_the_best(results: Results):
    """The places of the evaluations by their distance from the best; what is inactive counts as the middle."""
    valued = np.where(np.isnan(results.points), 0.5, results.points)[results.trials]
    return np.argsort(np.linalg.norm(valued - valued[results.losses.argmin()], axis=1))[: MOST // 2]


def test_the_nearest_to_the_best_are_used(results: Results) -> None:
    assert np.isin(results.losses[nearest_to_the_best(results)], gather(results).losses).all()


def test_the_others_are_spread_over_time(results: Results) -> None:
    """Of those that are neither good nor near, each quarter of the time gives at least half its share."""
    used = np.isin(results.losses, gather(results).losses)
    used[nearest_to_the_best(results)] = False
    used[np.argsort(results.losses)[: MOST // 4]] = False
    others = np.flatnonzero(used)
    assert len(others) >= 20
    assert np.bincount(others * 4 // len(results.losses), minlength=4).min() > len(others) / 8


def test_a_subset_is_the_same_each_time_and_of_what_is_the_same(results: Results) -> None:
    one, two = gather(results), gather(many(4 * MOST))
    assert rows(one.points) == rows(two.points)
    assert one.losses.tolist() == two.losses.tolist()


def test_equal_losses_are_no_trouble() -> None:
    count = 2 * MOST
    points = np.random.default_rng(1).random((count, 2))
    data = gather(results_of(points, np.arange(count), np.ones(count)))
    assert len(set(rows(data.points))) == MOST


def test_of_very_many_failures_the_latest_count() -> None:
    count = 2 * MOST
    points = np.random.default_rng(1).random((count, 2))
    data = gather(results_of(points, [0, 1], [1.0, 2.0], failed=np.arange(2, count)))
    assert 0 < len(data.failed) < MOST
    assert rows(data.failed) == rows(points[-len(data.failed) :])
