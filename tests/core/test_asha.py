"""ASHA: its rule traced by hand, its corner cases, and what it does with a limit of budget."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from rung_tales import NO_NEW, asha, endless, lowest, out

from hpotune import events as ev
from hpotune.schedulers import Drop, New, Nothing, Promote, Room


def test_the_rule_of_the_paper_event_by_event() -> None:
    """Li et al. 2020, algorithm 2, with r = 1, R = 9, eta = 3 and one worker."""
    run = endless()
    run.ask()
    steps: list[tuple[int, float, dict[int, int]]] = [
        # trial, its loss where it was going, and who goes where then
        (0, 0.50, {1: 1}),  # rung 0 has 1: floor(1/3) = 0 go on
        (1, 0.30, {2: 1}),
        (2, 0.40, {1: 3}),  # rung 0 has 3: the best of them goes on
        (1, 0.20, {3: 1}),  # rung 1 has 1; in rung 0 the best has gone on already
        (3, 0.10, {3: 3}),  # rung 0 has 4: the best of them is 3 now
        (3, 0.35, {4: 1}),  # rung 1 has 2; rung 0: 3, 1, 2, 0
        (4, 0.60, {5: 1}),
        (5, 0.35, {6: 1}),  # rung 0 has 6, so that 2 go on, and 3 and 1 have; 5 is the third
        (6, 0.05, {6: 3}),
        (6, 0.30, {1: 9}),  # rung 1 has 3: 1, 6, 3. It comes before rung 0
        (1, 0.15, {7: 1}),  # 1 is trained in full; 6 is the second of 3; rung 0: 6, 3, 1 have gone on, 5 is the fourth
    ]
    for trial, loss, expected in steps:
        run.end(trial, loss)
        assert out(run) == expected, f"after {trial} came to {loss}"
    assert run.promotions() == [(1, 3), (3, 3), (6, 3), (1, 9)]
    assert run.trial(1).state == "completed"
    assert run.history.states["paused"] == 6


def test_the_numbers_of_a_promotion_and_of_a_pause() -> None:
    run = endless(study={"metric": {"name": "accuracy", "goal": "maximize"}})
    run.ask()
    for trial, accuracy in enumerate([0.5, 0.25, 0.75]):
        run.end(trial, -accuracy)
    (promotion,) = run.of(ev.TrialPromoted)
    assert (promotion.trial, promotion.to) == (2, 3)
    assert promotion.reason == {
        "rule": "rung", "rung": 0, "at": 1, "rank": 1, "of": 3, "quota": 1, "cutoff": 0.75, "value": 0.75,
    }  # fmt: skip
    pauses = {pause.trial: pause.reason for pause in run.of(ev.TrialPaused)}
    assert pauses[1] == {"rule": "rung", "rung": 0, "at": 1, "rank": 2, "of": 2, "quota": 0, "value": 0.25}


def test_equal_losses_go_on_in_the_order_of_their_numbers() -> None:
    run = asha(trials=9, loss=lambda trial, budget: 0.5).run()
    assert run.promotions() == [(0, 3), (1, 3), (2, 3), (0, 9)]


def test_what_is_not_finite_ranks_last_counts_and_never_goes_on() -> None:
    run = lowest(endless(), [math.nan, math.inf, 0.7])
    assert run.wish() == Promote(2, 3, {
        "rule": "rung", "rung": 0, "at": 1, "rank": 1, "of": 3, "quota": 1, "cutoff": 0.7, "value": 0.7,
    })  # fmt: skip
    run = lowest(endless(), [math.nan] * 3)
    assert isinstance(run.wish(), New)
    assert run.wish(NO_NEW) == Nothing()


def test_with_the_best_report_counting_the_last_one_at_the_rung_must_still_be_finite() -> None:
    """`use: best` takes such a job for completed; its trial pauses, and its checkpoint is of no use."""
    run = endless(study={"metric": {"name": "loss", "goal": "minimize", "use": "best"}})
    run.ask()
    run.tell(ev.Reported(0, 0, 0, 0.5, 0.1), ev.Reported(0, 0, 0, 1, math.nan), ev.JobEnded(0, 0, 0, "completed"))
    pause = run.wish()
    assert getattr(pause, "reason", None) == {"rule": "rung", "rung": 0, "at": 1, "rank": 1, "of": 1, "quota": 0}
    run.take(run.action())
    assert not isinstance(run.wish(), Drop), "it is the best trial so far"
    (lowest(run, [0.05]))
    assert run.dropped() == [0]
    json.dumps([event.reason for event in run.of(ev.TrialPaused)], allow_nan=False)


@pytest.mark.parametrize("trials", [1, 2, 3, 5])
def test_a_short_study_ends_with_something_trained_in_full(trials: int) -> None:
    run = asha(81, trials=trials, workers=2, loss=lambda trial, budget: -trial).run()
    completed = [trial.number for trial in run.history.trials if trial.state == "completed"]
    assert completed == [trials - 1]
    assert [event.reason["rule"] for event in run.of(ev.TrialPromoted)][-1] == "last_chance"
    assert run.history.finished == "trials"


def test_the_last_chance_waits_for_whatever_is_due() -> None:
    run = lowest(asha(trials=2), [0.5])
    run.settle()
    assert run.wish(Room(trials=1)) == New(1, {"rung": 0})
    wish = run.wish(NO_NEW)
    assert isinstance(wish, Promote)
    assert wish.reason == {"rule": "last_chance", "rung": 0, "at": 1, "rank": 1, "of": 1, "quota": 0, "value": 0.5}
    assert run.wish(Room(0, 1.9)) == Nothing(), "going on to 3 costs 2"
    run.tell(ev.TrialPlanned(1, {"lr": 0.1}, "search", run.history.n, 1, {}))
    assert run.wish(NO_NEW) == Nothing(), "one is planned"
    run.take(run.action())
    assert run.wish(NO_NEW) == Nothing(), "one is running"
    run.tell(ev.JobEnded(1, 0, 0, "interrupted", "time"))
    assert run.wish(NO_NEW) == Nothing(), "one is to be run again"
    run.take(run.action())
    run.tell(ev.JobEnded(1, 0, 1, "failed", "exit"))
    assert run.wish(NO_NEW) == Promote(0, 3, {**wish.reason, "of": 2})


def test_the_last_chance_is_given_up_after_eta_failures() -> None:
    run = asha(81, trials=30, workers=3, fate=lambda trial, job, attempt: "failed" if job == 3 else "completed").run()
    at_27 = [event for event in run.of(ev.JobPlanned) if event.to == 27]
    ordinary = [event for event in run.of(ev.TrialPromoted) if event.to == 27 and event.reason["rule"] == "rung"]
    assert len(at_27) - len(ordinary) == 3
    assert run.history.finished == "trials"
    run = asha(81, trials=2, fate=lambda trial, job, attempt: "failed" if job == 1 else "completed").run()
    assert run.promotions() == [(0, 3), (1, 3)], "there are no more than two"


def test_all_failed() -> None:
    run = asha(trials=7, workers=3, fate=lambda trial, job, attempt: "failed").run()
    assert run.history.states["failed"] == 7
    assert not run.promotions()
    assert run.history.finished == "trials"


def test_more_workers_than_trials() -> None:
    run = asha(trials=4, workers=50).run()
    assert run.jobs() == Counter({(0, 1): 4, (1, 3): 1, (3, 9): 1})


def test_a_single_rung_is_plain_training() -> None:
    run = asha(9, minimum=9, trials=4, workers=2).run()
    assert run.jobs() == Counter({(0, 9): 4})
    assert run.history.states["completed"] == 4


def test_a_failed_promotion_keeps_the_lower_rung_and_ranks_last_in_the_new_one() -> None:
    run = endless(workers=3)
    lowest(run, [0.1, 0.2, 0.3])
    run.ask()
    run.end(0, outcome="failed")
    rung_0, rung_1, _ = run.state.rungs
    assert rung_0.standings.rank(0) == 1
    assert rung_1.standings.entries == [(math.inf, 0)]


def test_an_attempt_that_will_be_made_again_is_no_arrival() -> None:
    run = endless(study={"trial": {"retries": 1}})
    run.ask()
    run.end(0, outcome="failed")
    assert len(run.state.rungs[0].standings) == 0
    run.end(0, outcome="interrupted")
    assert len(run.state.rungs[0].standings) == 0
    run.end(0, 0.5)
    assert run.state.rungs[0].standings.entries == [(0.5, 0)]


def test_a_revived_trial_leaves_the_rung_where_it_ranked_last() -> None:
    run = asha(trials=4, workers=1, fate=lambda trial, job, attempt: "failed" if attempt == 0 else "completed").run()
    assert run.state.rungs[0].standings.entries == [(math.inf, n) for n in range(4)]
    run.resume()
    assert run.state.rungs[0].standings.entries == [(math.inf, n) for n in range(4)]
    assert not run.state.traffic.under_way
    run.resume(retry_failed=True)
    assert run.state.rungs[0].standings.entries == []
    run.run()
    assert [entry for _, entry in run.state.rungs[0].standings.entries] == [0, 1, 2, 3]
    assert run.jobs()[0, 1] == 4
    assert run.trial(0).state == "failed", "its first attempt at 3 failed"


# Budget


def test_a_promotion_that_the_budget_does_not_take_leaves_room_for_cheaper_ones() -> None:
    run = lowest(endless(), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    for trial in (0, 1, 2):
        run.tell(ev.TrialPromoted(trial, 3, {}, run.history.n))
        run.train(trial, 1, 3, 0.1)
    lowest(run, [0.01])
    assert run.wish(Room(budget=6)) == Promote(0, 9, getattr(run.wish(), "reason", {}))
    cheaper = run.wish(Room(budget=5.9))
    assert isinstance(cheaper, Promote)
    assert (cheaper.trial, cheaper.to) == (6, 3)
    assert run.wish(Room(budget=1)) == New(1, {"rung": 0})
    assert run.wish(Room(budget=0.9)) == Nothing()


@pytest.mark.parametrize("limit", [0.5, 1, 2, 3, 5, 9, 20, 33.5, 100])
def test_the_limit_of_budget_is_kept_and_used(limit: float) -> None:
    run = asha(trials=None, limits={"budget": limit}, workers=2).run()
    assert run.history.budget_planned <= limit
    assert limit - run.history.budget_planned < 1, "a new trial costs 1"
    assert run.history.finished == "budget"


@pytest.mark.parametrize(("resume", "cost"), [(True, 2), (False, 3)])
def test_what_a_promotion_costs(resume: bool, cost: int) -> None:
    run = lowest(endless(resume=resume), [0.1, 0.2, 0.3])
    assert isinstance(run.wish(Room(budget=cost)), Promote)
    assert isinstance(run.wish(Room(budget=cost - 0.1)), New)
    run.ask()
    assert run.history.open[0].start == 3 - cost
