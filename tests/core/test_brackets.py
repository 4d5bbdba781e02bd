"""Successive halving and Hyperband: their jobs against the tables, their corner cases, and a limit of budget."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from rung_tales import halve, hyperband, member

from hpotune import events as ev
from hpotune.schedulers import New, Nothing, Promote, Room


@pytest.mark.parametrize("workers", [1, 4, 300])
def test_the_jobs_of_hyperband_are_those_of_the_table(workers: int) -> None:
    """Li et al. 2018, R = 81 and eta = 3."""
    run = hyperband(count=5, workers=workers).run()
    started = {(0, 1): 81, (0, 3): 34, (0, 9): 15, (0, 27): 8, (0, 81): 5}
    promoted = {(1, 3): 27, (3, 9): 9 + 11, (9, 27): 3 + 3 + 5, (27, 81): 1 + 1 + 1 + 2}
    assert run.jobs() == Counter(started | promoted)
    assert run.history.finished == "complete"
    assert run.history.states["completed"] == 10
    assert [(plan.reason["bracket"], plan.budget) for plan in run.of(ev.TrialPlanned)] == [
        (s, 3**s) for s, n in enumerate([81, 34, 15, 8, 5]) for _ in range(n)
    ]


def test_brackets_come_again_cyclically() -> None:
    run = hyperband(9, count=7, workers=5).run()
    sizes = Counter(plan.reason["bracket"] for plan in run.of(ev.TrialPlanned))
    assert sizes == {0: 9, 1: 5, 2: 3, 3: 9, 4: 5, 5: 3, 6: 9}
    assert run.history.finished == "complete"


def test_a_bracket_of_successive_halving_event_by_event() -> None:
    run = halve(9, 6, workers=1)
    run.ask()
    for trial, loss in enumerate([5, 1, 3, 2, 4]):
        run.end(trial, loss)
    assert not run.promotions(), "a rung waits for all of its trials"
    run.end(5, 6)
    assert run.promotions() == [(1, 3)]
    run.end(1, 7)  # it goes on with one worker, though its value is worse now
    assert run.promotions() == [(1, 3), (3, 3)]
    run.end(3, 0.5)
    assert run.promotions() == [(1, 3), (3, 3), (3, 9)]
    run.end(3, 0.4)
    assert run.trial(3).state == "completed"
    assert run.trial(6).jobs[0].to == 1, "the next bracket"


def test_the_numbers_of_decisions() -> None:
    run = halve(9, 6, study={"metric": {"name": "accuracy", "goal": "maximize"}})
    run.ask()
    for trial, accuracy in enumerate([0.125, 0.75, 0.25, 0.5, 0.0, 0.0625]):
        run.end(trial, -accuracy)
    reasons = {event.trial: event.reason for event in run.of(ev.TrialPromoted)}
    place = {"rule": "rung", "bracket": 0, "rung": 0, "at": 1}
    assert reasons == {1: {**place, "rank": 1, "of": 6, "quota": 2, "cutoff": 0.5, "value": 0.75}}
    pauses = {event.trial: event.reason for event in run.of(ev.TrialPaused)}
    assert pauses[0] == {**place, "rank": 1, "of": 1, "quota": 2, "cutoff": 0.125, "value": 0.125}
    drops = {event.trial: event.reason for event in run.of(ev.CheckpointDropped)}
    assert drops[0] == {**place, "rank": 3, "of": 3, "quota": 2, "cutoff": 0.25, "value": 0.125}


def test_equal_losses_go_on_in_the_order_of_their_numbers() -> None:
    run = halve(9, 9, loss=lambda trial, budget: 1.0, count=1, workers=4).run()
    assert run.promotions() == [(0, 3), (1, 3), (2, 3), (0, 9)]


def test_idle_workers_open_the_next_bracket_and_the_older_one_comes_first() -> None:
    run = halve(9, 3, workers=2)
    run.ask()
    run.end(0, 1)
    run.end(1, 2)
    assert [(plan.trial, plan.reason) for plan in run.of(ev.TrialPlanned)][2:] == [
        (2, {"bracket": 0, "rung": 0}), (3, {"bracket": 1, "rung": 0}),
    ]  # fmt: skip
    run.end(3, 0.1)
    run.end(4, 0.2)
    run.end(5, 0.3)
    assert [trial for trial, _ in run.promotions()] == [3], "bracket 0 still waits for trial 2"
    run.end(2, 3)
    assert [trial for trial, _ in run.promotions()] == [3, 0]


def test_failed_and_non_finite_trials_never_go_on_and_the_next_rung_is_that_much_smaller() -> None:
    bad = {0, 1, 2, 3, 4, 5, 6}
    run = halve(9, 9, count=1, workers=3, loss=lambda trial, budget: math.nan if trial in bad else trial).run()
    assert run.promotions() == [(7, 3), (8, 3), (7, 9)]
    assert run.history.finished == "complete"


def test_all_failed_in_a_rung() -> None:
    run = halve(9, 9, count=2, workers=4, fate=lambda trial, job, attempt: "failed" if job == 1 else "completed").run()
    assert run.jobs() == Counter({(0, 1): 18, (1, 3): 6})
    assert run.history.finished == "complete"
    run = halve(9, 9, trials=20, workers=4, fate=lambda trial, job, attempt: "failed").run()
    assert run.history.states["failed"] == 20


def test_more_workers_than_trials() -> None:
    run = halve(9, 9, trials=9, workers=50).run()
    assert run.jobs() == Counter({(0, 1): 9, (1, 3): 3, (3, 9): 1})
    assert run.history.finished == "trials"


def test_an_attempt_that_will_be_made_again_is_waited_for() -> None:
    run = halve(9, 3, workers=3, study={"trial": {"retries": 1}, "limits": {"trials": 3}})
    run.ask()
    run.end(0, 1)
    run.end(1, 2)
    run.end(2, outcome="failed")
    run.end(2, outcome="interrupted")
    assert run.history.open.keys() == {2}
    run.end(2, 0.5)
    assert run.promotions() == [(2, 3)]


# Budget


@pytest.mark.parametrize(("resume", "cost"), [(True, 2), (False, 3)])
def test_what_a_promotion_costs(resume: bool, cost: int) -> None:
    run = halve(9, 3, resume=resume)
    for loss in (1, 2, 3):
        member(run, loss)
    assert isinstance(run.wish(Room(budget=cost)), Promote)
    assert run.wish(Room(budget=cost - 0.1)) == New(1, {"bracket": 1, "rung": 0})
    assert run.wish(Room(budget=0.9)) == Nothing()


@pytest.mark.parametrize("limit", [0.5, 1, 5, 12, 20, 33.5, 100, 400])
def test_the_limit_of_budget_is_kept(limit: float) -> None:
    run = hyperband(27, workers=3, study={"limits": {"budget": limit}}).run()
    assert run.history.budget_planned <= limit
    assert run.history.finished == "budget"


def test_promotions_left_out_for_want_of_budget_are_made_up_for_when_the_limit_is_raised() -> None:
    run = halve(9, 9, count=1, study={"limits": {"budget": 9 + 2 + 2}}).run()
    assert run.jobs() == Counter({(0, 1): 9, (1, 3): 2})
    run.resume(limits={"budget": 100}).run()
    assert run.jobs() == Counter({(0, 1): 9, (1, 3): 3, (3, 9): 1})
    assert run.history.finished == "complete"
