"""The searcher by kernel densities: what it learns from, what it proposes, and that it is worth having.

What every searcher promises is in tests/core/test_searchers.py.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from kde_studies import EAGER, FEW, LINE, MIXED, SEARCHERS, asked, drawn, every_kind, loss_of, told

from hpotune.keys import Key
from hpotune.searchers.kde import KdeSearcher
from hpotune.space import Space

# Pure, and blind to all but the order of the losses


@every_kind
@FEW
@given(st.integers(2, 30), st.integers(0, 10**6))
def test_a_fresh_searcher_answers_the_same(searcher, count, seed):
    configs = drawn(MIXED, count + 1, seed)
    observations = told(MIXED, configs, losses=[loss_of(c) for c in configs[:-1]], pending=[count])
    first = asked(searcher, MIXED, observations, seed)
    asked(searcher, MIXED, told(MIXED, configs[:2], losses=[1, 2]), seed + 1)
    copy = Space(MIXED.parameters, MIXED.constraints)
    assert replace(searcher).propose(copy, observations, Key.of(seed, count + 1, "propose"), 81.0) == first


@every_kind
@FEW
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=25), st.sampled_from([np.exp, np.cbrt, lambda x: 1e9 * x]))
def test_only_the_order_of_the_losses_counts(searcher, losses, change):
    configs = drawn(MIXED, len(losses))
    one, other = (told(MIXED, configs, losses=values) for values in (losses, change(np.array(losses, float))))
    assert asked(searcher, MIXED, one) == asked(searcher, MIXED, other)


# What it learns from


def test_there_is_no_model_before_enough_evaluations():
    configs = drawn(MIXED, 9)
    few = asked(KdeSearcher(), MIXED, told(MIXED, configs[:8], losses=range(8)))
    assert few.record == {"by": "random", "why": "too_few", "observations": 8, "needed": 9}
    enough = asked(KdeSearcher(random_fraction=0.0), MIXED, told(MIXED, configs, losses=range(9)))
    assert enough.record["by"] == "kde"
    # the least of each density is one more than there are dimensions, so at first they overlap
    assert {name: enough.record[name] for name in ("good", "bad", "observations")} == {
        "good": 7,
        "bad": 7,
        "observations": 9,
    }


def test_a_share_of_the_proposals_is_random():
    """A third: of 600 proposals 200, within four standard deviations."""
    configs = drawn(LINE, 10)
    observations = told(LINE, configs, losses=range(10))
    records = [asked(KdeSearcher(), LINE, observations, seed).record for seed in range(600)]
    random = [record for record in records if record["by"] == "random"]
    assert all(record == {"by": "random", "why": "fraction", "fraction": 1 / 3} for record in random)
    assert abs(len(random) - 200) < 4 * math.sqrt(600 * 2 / 9)


def test_it_proposes_where_the_good_are():
    xs = np.linspace(0.0, 1.0, 21)
    observations = told(LINE, [{"x": float(x)} for x in xs], losses=(xs - 0.7) ** 2)
    for searcher in SEARCHERS.values():
        found = [asked(searcher, LINE, observations, seed).config["x"] for seed in range(20)]
        assert abs(np.median(found) - 0.7) < 0.15


def test_the_score_is_that_of_the_record():
    configs = drawn(MIXED, 20)
    answer = asked(
        EAGER, MIXED, told(MIXED, configs, losses=[loss_of(c) for c in configs[:17]], failed=[17, 18], pending=[19])
    )
    record = dict(answer.record)
    assert record.pop("score") > 0
    assert record == {
        "by": "kde",
        "good": 3,
        "bad": 17,
        "observations": 17,
        "failed": 2,
        "pending": 1,
        "budget": None,
        "candidates": 64,
    }


def test_the_highest_budget_with_enough_evaluations_is_modelled():
    """At budget 1 the left is good; at 3, of fewer trials, the right; at 9 there are too few."""
    xs = np.linspace(0.02, 0.98, 25)
    configs = [{"x": float(x)} for x in xs]
    top = range(0, 25, 2)
    losses = [*xs, *(1 - xs[k] for k in top), 0.5]
    budgets = [1] * 25 + [3] * len(top) + [9]
    observations = told(LINE, configs, losses=losses, budgets=budgets, trials=[*range(25), *top, 0])
    answer = asked(SEARCHERS["bohb"], LINE, observations)
    assert answer.record["budget"] == 3.0
    assert answer.record["observations"] == 13
    assert answer.config["x"] > 0.5
    lower = asked(replace(SEARCHERS["bohb"], initial=20), LINE, observations)
    assert lower.record["budget"] == 1.0
    assert lower.config["x"] < 0.5
    none = asked(replace(SEARCHERS["bohb"], initial=40), LINE, observations)
    assert none.record == {"by": "random", "why": "too_few", "observations": 25, "needed": 40}


def test_a_promoted_trial_that_is_under_way_is_as_good_as_its_value():
    """It is pending, but it has the value that the model is of."""
    xs = np.linspace(0.0, 1.0, 12)
    configs = [{"x": float(x)} for x in xs]
    still, promoted = (told(LINE, configs, losses=xs, budgets=[1] * 12, pending=p) for p in ([], [0, 1]))
    assert asked(EAGER, LINE, promoted) == asked(EAGER, LINE, still)


def test_a_failed_trial_is_bad_whatever_it_had_reached():
    xs = np.linspace(0.0, 1.0, 20)
    configs = [{"x": float(x)} for x in xs]
    answer = asked(EAGER, LINE, told(LINE, configs, losses=xs, budgets=[1] * 20, failed=range(6)))
    assert (answer.record["observations"], answer.record["failed"]) == (14, 6)
    assert answer.config["x"] > 0.2
    assert asked(EAGER, LINE, told(LINE, configs, losses=xs, budgets=[1] * 20)).config["x"] < 0.2


@every_kind
def test_what_is_under_way_repels(searcher):
    """With the same history, one more pending trial at what was proposed makes it propose something further away."""
    configs = drawn(LINE, 12)
    losses = [(config["x"] - 0.4) ** 2 for config in configs]
    moved = 0
    for seed in range(20):
        key = Key.of(seed)
        before = told(LINE, configs, losses=losses)
        first = searcher.propose(LINE, before, key, None)
        with_pending = told(LINE, [*configs, first.config], losses=losses, pending=[12])
        second = searcher.propose(LINE, with_pending, key, None)
        assert second.config != first.config
        ignored = replace(before, tried=with_pending.tried)  # what it would be if it were only not to be repeated
        third = searcher.propose(LINE, ignored, key, None)
        moved += abs(second.config["x"] - first.config["x"]) >= abs(third.config["x"] - first.config["x"])
        assert second.record["score"] != third.record["score"]
    assert moved == 20


def test_sixteen_at_once_are_spread():
    configs = drawn(MIXED, 30)
    losses = [loss_of(config) for config in configs]
    planned = list(configs)
    for number in range(16):
        observations = told(MIXED, planned, losses=losses, pending=range(30, 30 + number))
        planned.append(asked(EAGER, MIXED, observations).config)
    assert len({MIXED.canonical(config) for config in planned}) == 46
