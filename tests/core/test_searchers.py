"""The contract of a searcher, for every one in the table: a new searcher gets the whole suite.

What only some of them promise (a distribution, an even cover) is tested in test_searchers_statistics.py.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from searching import FEW, MIXED, WITH_INDEX, ask, canonical, every_searcher, finite_spaces, observed, searcher, walk
from strategies_space import spaces

import hpotune
from hpotune.expressions import parse
from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.searchers import Answer, Exhausted, Proposal
from hpotune.space import Bool, Categorical, Config, Constant, Float, Int, Space
from hpotune.strategies import SEARCHERS
from studies import study

# Purity


@every_searcher
@FEW
@given(spaces(max_size=4, discrete=True), st.randoms(use_true_random=False))
def test_equal_arguments_give_an_equal_answer(name: str, space: Space, order: random.Random) -> None:
    one = searcher(name)
    planned: list[Proposal] = []
    calls: list[tuple[Observations, Key, Answer]] = []
    for number in range(6):
        key = Key.of(7, number, "propose")
        answer = one.propose(space, observed(space, planned), key, None)
        calls.append((observed(space, planned), key, answer))
        if isinstance(answer, Exhausted):
            break
        planned.append(answer)
    order.shuffle(calls)
    copy = Space(space.parameters, space.constraints)
    for observations, key, answer in calls:
        assert one.propose(space, observations, key, None) == answer, "after other calls"
        assert searcher(name).propose(copy, observations, key, None) == answer, "a fresh instance, an equal space"


@every_searcher
def test_the_answer_is_the_same_in_another_process(name: str) -> None:
    program = """
import json, sys, hpotune
tuner = hpotune.Tuner(hpotune.Study.from_dict(json.loads(sys.argv[1])))
print(json.dumps([tuner.ask().config for _ in range(8)]))
"""
    declared = study(strategy={"searcher": name, "scheduler": "full"}, workers=8, limits={"trials": 8}).to_dict()
    tuner = hpotune.Tuner(hpotune.Study.from_dict(declared))
    here = [job.config for _ in range(8) if (job := tuner.ask()) is not None]
    assert len(here) == 8
    finished = subprocess.run(
        [sys.executable, "-c", program, json.dumps(declared)],
        env={**os.environ, "PYTHONHASHSEED": "123"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(finished.stdout) == here


@every_searcher
def test_generators_that_live_on_are_neither_read_nor_moved(name: str) -> None:
    """A user's program may use the global generators, and an answer must not depend on them."""
    answers = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - it is this generator that must stay as it is
        before = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002
        answers.append([proposal for proposal, _ in zip(walk(searcher(name), MIXED), range(4), strict=False)])
        assert (random.getstate(), repr(np.random.get_state())) == before  # noqa: NPY002
    assert answers[0] == answers[1]


@every_searcher
def test_observations_are_left_as_they_were(name: str) -> None:
    planned: list[Proposal] = []
    for proposal in walk(searcher(name), MIXED):
        tried = {MIXED.canonical(earlier.config) for earlier in planned}
        told = replace(observed(MIXED, planned), tried=tried)
        searcher(name).propose(MIXED, told, Key.of(1), None)
        assert tried == {MIXED.canonical(earlier.config) for earlier in planned}
        planned.append(proposal)


# Finite spaces


@every_searcher
@settings(max_examples=40, deadline=None)
@given(finite_spaces(), st.data())
def test_a_finite_space_ends_after_exactly_its_valid_set(
    name: str, given_space: tuple[Space, tuple[Config, ...]], data: st.DataObject
) -> None:
    """With conditions, constraints, and points that were tried before the searcher was first asked (`enqueue`)."""
    space, valid = given_space
    some = data.draw(st.lists(st.sampled_from(valid), max_size=4, unique_by=space.canonical)) if valid else []
    enqueued = [Proposal(dict(config), {}) for config in some]
    proposals = []
    for proposal in walk(searcher(name), space, enqueued):
        proposals.append(proposal)
        assert len(proposals) <= len(valid), "more proposals than configurations"
        assert space.problems(proposal.config) == []
    found = canonical(space, [proposal.config for proposal in proposals])
    assert len(set(found)) == len(found), "a configuration was proposed twice"
    assert set(found) == set(canonical(space, valid)) - set(canonical(space, some))
    for seed in range(3):
        assert isinstance(ask(searcher(name), space, [*enqueued, *proposals], seed), Exhausted)


@every_searcher
def test_the_end_of_a_space_is_told_in_words(name: str) -> None:
    space = Space([Int("a", 0, 4)])
    planned = list(walk(searcher(name), space))
    answer = ask(searcher(name), space, planned)
    assert isinstance(answer, Exhausted)
    assert "have been tried" in answer.reason
    assert "all 5 " in answer.reason


@every_searcher
def test_a_space_without_a_feasible_point_is_exhausted_at_once(name: str) -> None:
    finite = Space([Int("a", 0, 9), Bool("b")], [parse("a > 9")])
    infinite = Space([Float("x", 0.0, 1.0, grid=5)], [parse("x > 2")])
    for space in (finite, infinite):
        answer = ask(searcher(name), space, [])
        assert isinstance(answer, Exhausted)
        assert "feasible" in answer.reason


@every_searcher
def test_a_rare_feasible_point_of_a_finite_space_is_found(name: str) -> None:
    """One of 62,500: ten thousand draws miss it five times out of six, but the space can be listed."""
    space = Space([Int("a", 1, 250), Int("b", 1, 250)], [parse("a == 250"), parse("b == 250")])
    for seed in range(4):
        answer = ask(searcher(name, seed), space, [], seed)
        assert isinstance(answer, Proposal)
        assert answer.config == {"a": 250, "b": 250}


@every_searcher
@pytest.mark.parametrize(
    ("parameters", "config"),
    [
        ([], {}),
        ([Constant("c", [1, {"x": None}])], {"c": [1, {"x": None}]}),
        ([Int("a", 4, 4)], {"a": 4}),
        ([Float("x", 0.5, 0.5, grid=3)], {"x": 0.5}),
        ([Categorical("k", (None,))], {"k": None}),
    ],
)
def test_a_space_of_one_configuration(name: str, parameters: list[Any], config: Config) -> None:
    space = Space(parameters)
    first = ask(searcher(name), space, [])
    assert isinstance(first, Proposal)
    assert first.config == config
    if not parameters or not isinstance(parameters[0], Float):
        assert isinstance(ask(searcher(name), space, [first]), Exhausted)


# Any space


@every_searcher
@FEW
@given(st.data())
def test_proposals_lie_in_the_space_and_are_new(name: str, data: st.DataObject) -> None:
    space = data.draw(spaces(discrete=SEARCHERS[name].finite))
    planned: list[Proposal] = []
    for proposal, _ in zip(walk(searcher(name), space), range(8), strict=False):
        assert space.problems(proposal.config) == []
        assert space.canonical(proposal.config) not in observed(space, planned).tried
        planned.append(proposal)


@every_searcher
@FEW
@given(st.data())
def test_a_record_is_json_with_finite_numbers(name: str, data: st.DataObject) -> None:
    space = data.draw(spaces(max_size=3, discrete=SEARCHERS[name].finite))
    for proposal, _ in zip(walk(searcher(name), space), range(4), strict=False):
        record = json.loads(json.dumps(proposal.record, allow_nan=False))
        assert record == proposal.record
        if "index" in record:
            assert type(record["index"]) is int
            assert record["index"] >= 0


@every_searcher
def test_a_budget_is_allowed_and_may_be_of_any_size(name: str) -> None:
    for budget in (None, 1, 0.5, 10**9):
        answer = searcher(name).propose(MIXED, observed(MIXED, []), Key.of(7, 0, "propose"), budget)
        assert isinstance(answer, Proposal)


# The cursor


@pytest.mark.parametrize("name", WITH_INDEX)
def test_an_index_counts_on_from_the_cursor(name: str) -> None:
    space = Space([Int("a", 0, 999), Int("b", 0, 5)])
    indices = [proposal.record["index"] for proposal, _ in zip(walk(searcher(name), space), range(20), strict=False)]
    assert indices == list(range(20))
    far = Observations(trial=20, cursor=300, enqueued=0, defaulted=False, tried=frozenset())
    answer = searcher(name).propose(space, far, Key.of(1), None)
    assert isinstance(answer, Proposal)
    assert answer.record["index"] == 300


@pytest.mark.parametrize("name", WITH_INDEX)
def test_an_answer_with_an_index_depends_on_no_key(name: str) -> None:
    """So a trial that had another number, because one was enqueued before it, is the same trial."""
    answers = [searcher(name).propose(MIXED, observed(MIXED, []), Key.of(seed), None) for seed in range(3)]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("name", WITH_INDEX)
def test_points_that_were_tried_are_passed_over_and_counted(name: str) -> None:
    first, second, _ = (proposal for proposal, _ in zip(walk(searcher(name), MIXED), range(3), strict=False))
    told = Observations(1, cursor=0, enqueued=1, defaulted=False, tried={MIXED.canonical(first.config)})
    answer = searcher(name).propose(MIXED, told, Key.of(1), None)
    assert answer == second
    assert second.record["index"] > first.record["index"]


def test_sobol_passes_over_infeasible_points() -> None:
    whole, half = (Space([Float("x", 0.0, 1.0)], constraints) for constraints in ([], [parse("x > 0.5")]))
    among = [p for p, _ in zip(walk(searcher("sobol"), whole), range(16), strict=False)]
    alone = [p for p, _ in zip(walk(searcher("sobol"), half), range(8), strict=False)]
    assert alone == [proposal for proposal in among if half.feasible(proposal.config)]


@pytest.mark.parametrize("name", ["random", "sobol"])
def test_in_a_space_too_large_to_list_another_draw_follows_one_that_was_tried(name: str) -> None:
    space = Space([Int("a", 0, 10**9)])
    first = ask(searcher(name), space, [])
    assert isinstance(first, Proposal)
    told = Observations(0, cursor=0, enqueued=0, defaulted=False, tried={space.canonical(first.config)})
    second = searcher(name).propose(space, told, Key.of(7, 0, "propose"), None)
    assert isinstance(second, Proposal)
    assert second.config != first.config


def test_the_grid_goes_through_its_points_in_order() -> None:
    space = Space([Float("x", 0.0, 1.0, grid=3), Categorical("k", ("a", "b"))], [parse('x < 1 or k == "a"')])
    found = [proposal.config for proposal in walk(searcher("grid"), space)]
    assert found == [
        {"x": 0.0, "k": "a"},
        {"x": 0.0, "k": "b"},
        {"x": 0.5, "k": "a"},
        {"x": 0.5, "k": "b"},
        {"x": 1.0, "k": "a"},
    ]


def test_the_rest_of_a_finite_space_is_drawn_evenly() -> None:
    """Where draws keep hitting what was tried, one of the left is taken: each of 4 as often, within 4 sigmas."""
    space = Space([Int("a", 1, 4000)])
    left = (1, 17, 2000, 4000)
    tried = frozenset(space.canonical({"a": value}) for value in range(1, 4001) if value not in left)
    counts = dict.fromkeys(left, 0)
    draws = 120
    for number in range(draws):
        told = Observations(3996, cursor=0, enqueued=0, defaulted=False, tried=tried)
        answer = searcher("random").propose(space, told, Key.of(3, number), None)
        assert isinstance(answer, Proposal)
        counts[int(str(answer.config["a"]))] += 1
    sigma = math.sqrt(draws * 0.25 * 0.75)
    assert all(abs(count - draws / 4) < 4 * sigma for count in counts.values())
