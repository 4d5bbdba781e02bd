"""Brackets that get fewer trials than they have room for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from rung_tales import NO_NEW, halve, member

from hpotune import events as ev
from hpotune.schedulers import New, Promote


@pytest.mark.parametrize(
    ("trials", "jobs"),
    [
        (1, {(0, 1): 1, (1, 3): 1, (3, 9): 1}),
        (2, {(0, 1): 2, (1, 3): 1, (3, 9): 1}),
        (7, {(0, 1): 7, (1, 3): 2, (3, 9): 1}),
        (9, {(0, 1): 9, (1, 3): 3, (3, 9): 1}),
        (10, {(0, 1): 10, (1, 3): 4, (3, 9): 2}),
        (15, {(0, 1): 15, (1, 3): 5, (3, 9): 2}),
    ],
)
@pytest.mark.parametrize("workers", [1, 3, 20])
def test_a_bracket_makes_do_with_the_trials_it_gets(trials: int, jobs: dict[Any, int], workers: int) -> None:
    run = halve(9, 9, trials=trials, workers=workers).run()
    assert run.jobs() == Counter(jobs)
    assert run.history.finished == "trials"
    paused = [trial.number for trial in run.history.trials if trial.state == "paused"]
    assert sorted(run.dropped()) == paused


def test_the_higher_rungs_too_are_those_of_the_trials_it_has() -> None:
    run = halve(27, 27, trials=10, workers=2).run()
    assert run.jobs() == Counter({(0, 1): 10, (1, 3): 3, (3, 9): 1, (9, 27): 1})


def test_fewer_configurations_than_the_rungs_need() -> None:
    run = halve(81, 2, count=1, workers=2).run()
    assert run.jobs() == Counter({(0, 1): 2, (1, 3): 1, (3, 9): 1, (9, 27): 1, (27, 81): 1})


def test_the_quota_of_a_closed_bracket_is_that_of_the_trials_it_has() -> None:
    run = halve(9, 9)
    for loss in (1, 2, 3, 4):
        member(run, loss)
    assert isinstance(run.wish(), New)
    wish = run.wish(NO_NEW)
    assert isinstance(wish, Promote)
    assert (wish.trial, wish.reason["of"], wish.reason["quota"]) == (0, 4, 1)


def test_a_limit_raised_before_the_first_promotion_lets_the_bracket_fill_up() -> None:
    run = halve(9, 9, trials=5)
    for loss in (1, 2, 3, 4, 5):
        member(run, loss)
    assert isinstance(run.wish(), Promote)
    run.resume(limits={"trials": 18}).run()
    assert run.jobs() == Counter({(0, 1): 18, (1, 3): 6, (3, 9): 2})


def test_a_limit_raised_after_it_opens_the_next_bracket() -> None:
    run = halve(9, 9, trials=5).run()
    assert run.jobs() == Counter({(0, 1): 5, (1, 3): 1, (3, 9): 1})
    run.resume(limits={"trials": 5 + 9}).run()
    assert run.jobs() == Counter({(0, 1): 14, (1, 3): 4, (3, 9): 2})
    assert Counter(plan.reason["bracket"] for plan in run.of(ev.TrialPlanned)) == {0: 5, 1: 9}


def test_a_trial_that_comes_to_a_sealed_bracket_goes_no_further() -> None:
    """Its proposal was under way when the last promotions took the rest of the budget."""
    run = halve(9, 9)
    for loss in (3, 4, 5):
        member(run, loss)
    run.tell(ev.TrialPromoted(0, 3, {}, run.history.n))
    late = member(run, 0.1)
    assert late not in run.dropped(), "it is the best trial so far"
    run.train(0, 1, 3, 2)
    run.settle()
    assert late in run.dropped()
    wish = run.wish()
    assert isinstance(wish, Promote)
    assert (wish.trial, wish.to) == (0, 9)
