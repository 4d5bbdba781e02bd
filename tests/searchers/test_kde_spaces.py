"""The kernel density searcher on odd histories and odd spaces, and what it is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kde_studies import EAGER, LINE, MIXED, NOTHING, SEARCHERS, asked, drawn, every_kind, loss_of, told

from hpotune.expressions import parse
from hpotune.history import Observations, Results
from hpotune.keys import Key
from hpotune.searchers import Exhausted, Proposal, RandomSearcher
from hpotune.searchers.kde import KdeSearcher, _known
from hpotune.space import Bool, Categorical, Float, Int, Ordinal, Space

# Degenerate histories and spaces


@every_kind
@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_when_everything_failed_there_is_still_a_new_point(searcher, count):
    answer = asked(searcher, MIXED, told(MIXED, drawn(MIXED, count), failed=range(count)))
    assert answer.record["by"] == "random"


@every_kind
@pytest.mark.parametrize("failed", [0, 1, 40])
def test_one_observation(searcher, failed):
    configs = drawn(MIXED, 1 + failed)
    asked(searcher, MIXED, told(MIXED, configs, losses=[1.0], failed=range(1, 1 + failed)))
    asked(replace(searcher, initial=1), MIXED, told(MIXED, configs, losses=[1.0], failed=range(1, 1 + failed)))


@every_kind
def test_a_constant_loss(searcher):
    for seed in range(5):
        assert asked(searcher, MIXED, told(MIXED, drawn(MIXED, 40), losses=[2.5] * 40), seed).record["by"] == "kde"


@every_kind
def test_a_hundred_duplicates(searcher):
    """Trials may be equal: what is enqueued twice, or confirmed."""
    for config in drawn(MIXED, 5):
        asked(searcher, MIXED, told(MIXED, [config] * 100, losses=np.arange(100.0)))
    corner = {"x": 0.0}
    assert asked(searcher, LINE, told(LINE, [corner] * 100, losses=[1.0] * 100)).config != corner


@every_kind
def test_losses_of_any_size(searcher):
    losses = [1.7e308, -1.7e308, 5e-324, 0.0, -0.0] * 4
    asked(searcher, MIXED, told(MIXED, drawn(MIXED, 20), losses=losses))


@every_kind
def test_a_parameter_of_one_value_among_others_changes_nothing(searcher):
    """Were it given a density of its own, the uniform distribution would count for less."""
    fixed = Space([*LINE.parameters, Int("a", 4, 4), Float("b", 0.5, 0.5), Categorical("c", ("only",))])
    scores = []
    for space in (LINE, fixed):
        configs = [{"x": float(x), "a": 4, "b": 0.5, "c": "only"} for x in np.linspace(0.0, 1.0, 10)]
        configs = [{name: config[name] for name in space.names} for config in configs]
        results = told(space, configs, losses=range(10)).results
        points = np.array([space.encode(config) for config in configs])
        # the rule's exponent knows the dimension, a given bandwidth does not
        given = replace(searcher, bandwidth=0.1)
        scores.append(given._model(space, results, _known(results, 1), 2).scores(points))
    assert np.allclose(scores[0], scores[1])


@every_kind
@pytest.mark.parametrize("space", [Space([]), Space([Int("a", 4, 4)]), Space([Categorical("k", (None,))])])
def test_a_space_of_one_value(searcher, space):
    only = next(iter(space.enumerate()))
    assert asked(searcher, space, told(space, [])).config == only
    for count in (1, 30):
        observations = told(space, [only] * count, losses=[1.0] * count)
        assert isinstance(searcher.propose(space, observations, Key.of(1), None), Exhausted)


@every_kind
def test_a_space_of_one_value_that_cannot_be_listed(searcher):
    """The range of a float may be one value, and still there is nothing new to be drawn from it."""
    space = Space([Float("x", 0.5, 0.5), Int("n", 0, 3)])
    configs = [{"x": 0.5, "n": n} for n in range(4)]
    answer = searcher.propose(space, told(space, configs, losses=range(4)), Key.of(1), None)
    assert isinstance(answer, Exhausted)


@every_kind
def test_a_finite_space_is_visited_once_and_completely(searcher):
    space = Space(
        [Int("a", 0, 4), Categorical("k", ("x", "y")), Bool("b", when=parse('k == "y"')), Ordinal("o", (1, 2, 4))],
        [parse("a + o <= 7")],
    )
    valid = space.enumerate()
    configs = []
    for number in range(len(valid)):
        losses = [config["a"] + (config["k"] == "x") for config in configs]
        configs.append(asked(searcher, space, told(space, configs, losses=losses), number).config)
    assert {space.canonical(config) for config in configs} == {space.canonical(config) for config in valid}
    answer = searcher.propose(space, told(space, configs, losses=range(len(configs))), Key.of(1), None)
    assert isinstance(answer, Exhausted)
    assert f"all {len(valid)} " in answer.reason


def test_what_is_left_of_a_finite_space_is_ranked_too():
    """No candidate is new: the likeliest of what is left is next, not any."""
    space = Space([Int("a", 0, 299)])
    left = (5, 125, 280)
    configs = [{"a": a} for a in range(300) if a not in left]
    narrow = replace(EAGER, bandwidth=0.002)
    for seed in range(5):
        answer = asked(narrow, space, told(space, configs, losses=[abs(c["a"] - 123) for c in configs]), seed)
        assert answer.record["by"] == "kde"
        assert answer.config == {"a": 125}


def test_far_from_all_points_neither_is_preferred():
    """Without a prior both densities vanish there, and their ratio would grow without bound."""
    configs = [{"x": float(x)} for x in np.linspace(0.0, 0.3, 20)]
    results = told(LINE, configs, losses=range(20)).results
    narrow = replace(SEARCHERS["bohb"], bandwidth=0.01)
    model = narrow._model(LINE, results, _known(results, 1), 2)
    assert model.scores(np.array([[0.9], [1.0]])).tolist() == [0.0, 0.0]
    assert np.all(np.isfinite(model.scores(np.linspace(0, 1, 101)[:, None])))


def test_rare_feasible_points_are_candidates():
    """One in a hundred: of 64 candidates there would be none, mostly."""
    space = Space([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)], [parse("abs(x - y) < 0.005")])
    configs = drawn(space, 12)
    answer = asked(EAGER, space, told(space, configs, losses=[config["x"] for config in configs]))
    assert answer.record["by"] == "kde"
    assert answer.record["candidates"] >= 2


def test_the_inactive_are_neither_good_nor_bad():
    """A branch that is bad does not spoil its parameter's range for another, and the branch itself is left."""
    space = Space([Categorical("k", ("a", "b")), Float("x", 0.0, 1.0, when=parse('k == "a"'))])
    xs = np.linspace(0.0, 1.0, 15)
    configs = [{"k": "a", "x": float(x)} for x in xs] + [{"k": "b"}]
    losses = [*(abs(xs - 0.6)), 9.0]
    answers = [asked(EAGER, space, told(space, configs, losses=losses), seed) for seed in range(10)]
    assert all(answer.config["k"] == "a" and abs(answer.config["x"] - 0.6) < 0.25 for answer in answers)


def test_the_densities_rest_on_a_bounded_number_of_points():
    xs = np.random.default_rng(0).random(20_000)
    losses = (xs - 0.3) ** 2
    points, ids = xs[:, None], np.arange(19_000)
    results = Results(
        points,
        ids,
        np.full(19_000, NOTHING),
        losses[:19_000],
        np.arange(19_000, 19_900),
        np.arange(19_900, 20_000),
        None,
    )
    answer = EAGER.propose(
        LINE, Observations(20_000, 0, 0, defaulted=False, tried=frozenset(), results=results), Key.of(1), None
    )
    assert isinstance(answer, Proposal)
    assert (answer.record["good"], answer.record["bad"]) == (250, 750)
    assert (answer.record["observations"], answer.record["pending"], answer.record["failed"]) == (19_000, 900, 100)
    assert abs(answer.config["x"] - 0.3) < 0.05


def test_without_results_it_says_so():
    bare = Observations(0, 0, 0, defaulted=False, tried=frozenset())
    with pytest.raises(ValueError, match="results"):
        KdeSearcher().propose(LINE, bare, Key.of(1), None)


# Worth having


def best_of(searcher, seed, trials):
    configs, losses = [], []
    for _ in range(trials):
        answer = searcher.propose(MIXED, told(MIXED, configs, losses=losses), Key.of(seed, len(configs)), None)
        configs.append(answer.config)
        losses.append(loss_of(answer.config))
    return min(losses)


def test_it_beats_random_search():
    """In at least 12 of 14 seeds, after 50 trials: a coin would do so once in 150 times."""
    wins = sum(best_of(EAGER, seed, 50) < best_of(RandomSearcher(), seed, 50) for seed in range(14))
    assert wins >= 12
