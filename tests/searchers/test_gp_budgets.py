"""Several budgets: what the model is given, what it makes of budgets that agree or mislead, and what it records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gp_studies import CUBE, ask, declared, known, told
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.history import Observations, Results
from hpotune.keys import Key
from hpotune.searchers import Proposal
from hpotune.searchers.gp import GpSearcher
from hpotune.searchers.gp.data import MOST_OF_LEVELS, Data, gather

LINE = declared(1, {"x": {"type": "float", "low": 0, "high": 1}}).space
NOTHING = float("nan")


def results_of(
    rows: Sequence[tuple[int, float, float]], *, pending: Any = (), failed: Any = (), n: int = 12
) -> Results:
    """Of trials k at k / n: rows of a trial, its budget and its loss."""
    trials, budgets, losses = zip(*rows, strict=True) if rows else ((), (), ())
    return Results(
        points=np.arange(n)[:, None] / n,
        trials=np.array(trials, np.int64),
        budgets=np.array(budgets, np.float64),
        losses=np.array(losses, np.float64),
        pending=np.array(pending, np.int64),
        failed=np.array(failed, np.int64),
        fit=None,
    )


def rows_of(data: Data) -> list[tuple[int, float, float]]:
    """As they were told."""
    assert data.budgets is not None
    budgets = data.budgets.of_levels[0] * 10.0**data.budgets.decades
    return list(zip(data.trials.tolist(), np.round(budgets, 6).tolist(), data.losses.tolist(), strict=True))


# The data


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from([1, 3, 9])), max_size=40, unique=True))
def test_every_value_at_a_rung_is_used_with_its_budget(pairs: list[tuple[int, int]]) -> None:
    rows = [(trial, float(budget), trial + 0.1 * budget) for trial, budget in sorted(pairs, key=lambda pair: pair[1])]
    data = gather(results_of(rows))
    assert data.seen == data.ended == len({trial for trial, _ in pairs})
    budgets = {budget for _, budget, _ in rows}
    if len(budgets) < 2:
        assert data.budgets is None
        assert sorted(data.losses.tolist()) == sorted(loss for _, _, loss in rows)
        return
    assert rows_of(data) == rows
    assert data.of_levels == tuple(sorted(budgets, reverse=True))
    assert data.levels is not None
    assert [data.of_levels[level] for level in data.levels] == [budget for _, budget, _ in rows]
    assert len(data.tried) == data.seen


def test_of_budgets_close_together_only_some_are_levels_but_each_trial_has_its_latest_value() -> None:
    """Trial 0 reports at each of 16 budgets, trial 1 was stopped at 7."""
    rows = [(trial, float(budget), float(budget)) for budget in range(1, 17) for trial in (0, 1) if trial * budget <= 7]
    data = gather(results_of(rows))
    assert data.of_levels == (16.0, 8.0, 4.0, 2.0, 1.0)
    budgets = {trial: [b for t, b, _ in rows_of(data) if t == trial] for trial in (0, 1)}
    assert budgets == {0: [1.0, 2.0, 4.0, 8.0, 16.0], 1: [1.0, 2.0, 4.0, 7.0]}
    assert data.levels is not None
    assert data.levels[data.losses == 7.0].tolist() == [1], "that of 8"


def test_a_promoted_trial_that_is_out_again_is_known_and_one_that_failed_is_both() -> None:
    rows = [(0, 1.0, 0.5), (1, 1.0, 0.4), (2, 1.0, 0.3), (1, 3.0, 0.2)]
    data = gather(results_of(rows, pending=[0, 4], failed=[2, 3]))
    assert data.pending[:, 0].tolist() == [4 / 12]
    assert data.failed[:, 0].tolist() == [2 / 12, 3 / 12]
    assert sorted(data.sound[:, 0].tolist()) == [0.0, 1 / 12], "trial 2 is no success"
    assert rows_of(data) == rows, "but its value at 1 stands"
    assert (data.seen, data.ended) == (3, 4)


def test_of_very_many_each_level_has_its_share() -> None:
    generator = np.random.default_rng(1)
    counts, most = {81.0: 5, 27.0: 600, 9.0: 2000}, MOST_OF_LEVELS
    rows = [(trial, budget, generator.random()) for budget in (9.0, 27.0, 81.0) for trial in range(counts[budget])]
    data = gather(results_of(rows, n=2000))
    assert data.levels is not None
    assert np.bincount(data.levels).tolist() == [5, (most - 5) // 2, most - 5 - (most - 5) // 2]
    for level, budget in enumerate((81.0, 27.0, 9.0)):
        least = min(loss for _, at, loss in rows if at == budget)
        assert data.losses[data.levels == level].min() == least


# The model


def at_budgets(budgets: Mapping[float, tuple[Any, Any]], count: int = 30, **more: Any) -> Observations:
    """Trials over the line; for each budget which of them have a value there, and a function of x."""
    x = np.linspace(0.02, 0.98, count)
    observations = told(LINE, x, np.zeros(count), **more)
    rows = [
        (int(trial), budget, float(function(x[trial])))
        for budget, (trials, function) in budgets.items()
        for trial in np.arange(count)[trials]
    ]
    trials, at, losses = map(np.array, zip(*rows, strict=True))
    assert observations.results is not None
    results = replace(observations.results, trials=trials, budgets=at.astype(float), losses=losses)
    return replace(observations, results=results)


def bowl(optimum: float, scale: float = 1.0, shift: float = 0.0) -> Any:
    return lambda x: shift + scale * (x - optimum) ** 2


ALL = slice(None)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.05, 3.0), (20.0, -1.0)])
def test_a_low_budget_that_agrees_shows_the_way(scale: float, shift: float) -> None:
    """At the highest budget there are but four values, none near the optimum; another level and scale do not matter."""
    proposal = ask(LINE, at_budgets({1.0: (ALL, bowl(0.7)), 9.0: ([2, 9, 13, 27], bowl(0.7, scale, shift))}))
    assert abs(proposal.config["x"] - 0.7) < 0.1


def test_a_low_budget_that_misleads_is_seen_through() -> None:
    """At the highest budget there are values all over the range, and the optimum is at the other end."""
    observations = at_budgets({1.0: (ALL, bowl(0.1)), 9.0: (slice(0, 30, 4), bowl(0.9))})
    for seed in (1, 2, 3):
        assert ask(LINE, observations, seed).config["x"] > 0.8


def correlation(*budgets: tuple[float, Any, Any]) -> float:
    record = ask(LINE, at_budgets({budget: (which, function) for budget, which, function in budgets})).record
    lowest: float = record["budgets"][-1][2]
    return lowest


def test_a_budget_that_misleads_is_trusted_less() -> None:
    half = slice(0, 30, 2)
    agrees = correlation((1.0, ALL, bowl(0.5)), (9.0, half, bowl(0.5)))
    misleads = correlation((1.0, ALL, bowl(0.1)), (9.0, half, bowl(0.9)))
    assert misleads < 0.5
    assert agrees > 0.9


@pytest.mark.parametrize("acquisition", ["log_ei", "ucb"])
def test_one_budget_is_as_good_as_none(acquisition: str) -> None:
    """Bit for bit."""
    without = known(pending=[[0.1, 0.2, 0.3]], failed=[[0.9, 0.9, 0.9]])
    assert without.results is not None
    at_81 = replace(without.results, budgets=np.full(len(without.results.losses), 81.0))
    one, other = (ask(CUBE, each, acquisition=acquisition) for each in (without, replace(without, results=at_81)))
    assert one == other
    assert "budgets" not in one.record
    assert "levels" not in one.record["fit"]


def test_a_record_says_what_was_known_at_which_budget() -> None:
    third = slice(0, 30, 3)
    observations = at_budgets({1.0: (ALL, bowl(0.4)), 3.0: (third, bowl(0.5)), 9.0: ([6, 12], bowl(0.5, shift=7.0))})
    record = ask(LINE, observations).record
    budgets, counts, correlations = zip(*record["budgets"], strict=True)
    assert (budgets, counts) == ((9.0, 3.0, 1.0), (2, 10, 30))
    assert 1.0 == correlations[0] > correlations[1] > correlations[2] > 0.0
    assert record["observations"] == 42
    assert record["fitted"] == 30
    assert (len(record["fit"]["lengths"]), record["fit"]["levels"]) == (1, [9.0, 3.0, 1.0])
    assert record["mean"] == pytest.approx(7.0, abs=0.3), "of the highest budget"
    json.dumps(record, allow_nan=False)


def test_a_fit_is_kept_until_there_is_a_new_budget() -> None:
    some = {1.0: (ALL, bowl(0.4)), 3.0: (slice(0, 30, 3), bowl(0.5))}
    before = at_budgets({1.0: some[1.0]})
    first = ask(LINE, before).record["fit"]
    for budgets, anew in (({1.0: some[1.0]}, False), (some, True)):
        observations = at_budgets(budgets, fit=first)
        record = ask(LINE, observations).record
        assert ("fit" in record) == anew
    kept = ask(LINE, at_budgets(some, fit=record["fit"])).record
    assert "fit" not in kept
    assert kept["budgets"] == record["budgets"]


def test_a_trial_that_failed_on_its_way_up_keeps_others_away() -> None:
    """The lower values say that it is best at the upper end, but there the promoted ones fail."""
    observations = at_budgets({1.0: (ALL, bowl(1.0)), 3.0: (slice(0, 25, 5), bowl(1.0))}, count=30)
    assert observations.results is not None
    broken = replace(observations, results=replace(observations.results, failed=np.arange(24, 30)))
    tempted, warned = (ask(LINE, each) for each in (observations, broken))
    assert tempted.config["x"] > 0.9
    assert warned.config["x"] < 0.85
    assert warned.record["failed"] == 6
    assert 0.0 < warned.record["success"] <= 1.0


def test_what_is_equal_everywhere_is_no_trouble() -> None:
    for third in (slice(0, 30, 3), [4]):
        proposal = ask(LINE, at_budgets({1.0: (ALL, lambda x: 0.693), 3.0: (third, lambda x: 0.5)}))
        assert proposal.record["by"] == "gp"
        assert proposal.record["mean"] == pytest.approx(0.5)


def test_a_share_of_the_proposals_are_draws_and_the_others_stay_as_they_are() -> None:
    observations = known()
    drawn = 0
    for trial in range(40):
        key = Key.of(1, trial)
        mixed = GpSearcher(1, initial=1, random_fraction=0.3).propose(CUBE, observations, key, None)
        assert isinstance(mixed, Proposal)
        assert CUBE.problems(mixed.config) == []
        if mixed.record["by"] == "random":
            drawn += 1
            assert mixed.record == {"by": "random", "why": "fraction", "fraction": 0.3}
        else:
            assert mixed == GpSearcher(1, initial=1).propose(CUBE, observations, key, None)
    assert 5 <= drawn <= 20


def test_the_design_comes_before_any_draw() -> None:
    searcher = GpSearcher(1, initial=30, random_fraction=1.0)
    proposal = searcher.propose(CUBE, known(), Key.of(1), None)
    assert isinstance(proposal, Proposal)
    assert proposal.record["by"] == "sobol"
