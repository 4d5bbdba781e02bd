"""ASHA: its rule traced by hand, its corner cases, and what holds of every run."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from racing import Race, assert_same_afresh

from hpotune import events as ev
from hpotune.events import Budget
from hpotune.history import trial_loss
from hpotune.schedulers import Drop, New, Nothing, Promote, Room
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.rungs import rungs
from hpotune.tuner import Action, Propose

NO_NEW = Room(trials=0)


def race(maximum: Budget = 9, *, eta: int = 3, trials: int | None = 10, workers: int = 1, **more: Any) -> Race:
    kept = {key: more.pop(key) for key in ("resume", "checkpoints") if key in more}
    limits = {"trials": trials, **more.pop("limits", {})}
    scheduler = AshaScheduler(rungs(more.get("minimum", 1), maximum, eta), eta, trials, **kept)
    return Race(scheduler, maximum, workers=workers, study={"limits": limits, **more.pop("study", {})}, **more)


def endless(**more: Any) -> Race:
    """Without a limit of trials."""
    return race(trials=None, limits={"budget": 10_000}, **more)


def out(run: Race) -> dict[int, Budget | None]:
    """The trials that are out, and the budget to which they go."""
    return {number: job.to for number, job in run.history.open.items()}


def lowest(run: Race, losses: list[float]) -> Race:
    """New trials come to the lowest rung with these losses (nan: they fail), and pause; promotions wait."""
    at = run.scheduler.levels[0]
    for loss in losses:
        run.train(run.plan(at), 0, at, loss, "failed" if math.isnan(loss) else "completed")
    return run.settle()


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
    run = race(trials=9, loss=lambda trial, budget: 0.5).run()
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
    run = race(81, trials=trials, workers=2, loss=lambda trial, budget: -trial).run()
    completed = [trial.number for trial in run.history.trials if trial.state == "completed"]
    assert completed == [trials - 1]
    assert [event.reason["rule"] for event in run.of(ev.TrialPromoted)][-1] == "last_chance"
    assert run.history.finished == "trials"


def test_the_last_chance_waits_for_whatever_is_due() -> None:
    run = lowest(race(trials=2), [0.5])
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
    run = race(81, trials=30, workers=3, fate=lambda trial, job, attempt: "failed" if job == 3 else "completed").run()
    at_27 = [event for event in run.of(ev.JobPlanned) if event.to == 27]
    ordinary = [event for event in run.of(ev.TrialPromoted) if event.to == 27 and event.reason["rule"] == "rung"]
    assert len(at_27) - len(ordinary) == 3
    assert run.history.finished == "trials"
    run = race(81, trials=2, fate=lambda trial, job, attempt: "failed" if job == 1 else "completed").run()
    assert run.promotions() == [(0, 3), (1, 3)], "there are no more than two"


def test_all_failed() -> None:
    run = race(trials=7, workers=3, fate=lambda trial, job, attempt: "failed").run()
    assert run.history.states["failed"] == 7
    assert not run.promotions()
    assert run.history.finished == "trials"


def test_more_workers_than_trials() -> None:
    run = race(trials=4, workers=50).run()
    assert run.jobs() == Counter({(0, 1): 4, (1, 3): 1, (3, 9): 1})


def test_a_single_rung_is_plain_training() -> None:
    run = race(9, minimum=9, trials=4, workers=2).run()
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
    run = race(trials=4, workers=1, fate=lambda trial, job, attempt: "failed" if attempt == 0 else "completed").run()
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
    run = race(trials=None, limits={"budget": limit}, workers=2).run()
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


# Checkpoints


def test_with_a_limit_of_trials_a_rank_beyond_the_last_quota_is_final() -> None:
    run = lowest(race(trials=9), [1, 2, 3, 4, 5])
    assert run.dropped() == [4, 3], "the worst first"
    reason = next(event.reason for event in run.of(ev.CheckpointDropped))
    numbers = {"rank": 5, "of": 5, "quota": 3, "cutoff": 3.0, "value": 5.0}
    assert reason == {"rule": "rung", "rung": 0, "at": 1, **numbers}


def test_without_one_the_best_of_the_waiting_are_kept() -> None:
    run = lowest(endless(workers=2), [1, 2, 3, 4, 5, 6, 7])
    assert run.dropped() == [6, 5, 4]
    reason = next(event.reason for event in run.of(ev.CheckpointDropped))
    assert reason == {"rule": "checkpoints", "rung": 0, "at": 1, "rank": 7, "of": 7, "quota": 4, "value": 7.0}
    run.tell(ev.Capacity(1)).settle()
    assert sorted(run.dropped()) == [2, 3, 4, 5, 6]


def test_a_number_of_checkpoints_holds_with_a_limit_of_trials_too() -> None:
    assert lowest(race(trials=90, checkpoints=2), [1, 2, 3, 4]).dropped() == [3, 2]


def test_all_checkpoints_are_kept() -> None:
    assert race(trials=20, checkpoints="all").run().dropped() == []
    assert len(race(trials=20).run().dropped()) > 5


def test_a_dropped_trial_that_is_promoted_starts_from_zero_and_has_a_checkpoint_again() -> None:
    run = lowest(endless(checkpoints=1), [1, 2, 3])
    assert run.dropped() == [2, 1]
    run.ask()
    assert out(run) == {0: 3}
    run.end(0, 0.5)
    lowest(run, [4, 5, 6])
    wish = run.wish()
    assert isinstance(wish, Promote)
    assert wish.trial == 1
    assert isinstance(run.wish(Room(budget=3)), Promote)
    assert isinstance(run.wish(Room(budget=2.9)), New), "3, not 2, since its checkpoint is gone"
    run.tell(ev.TrialPromoted(1, 3, wish.reason, run.history.n))
    run.train(1, 0, 3, 0.4)
    run.settle()
    assert run.state.rungs[1].keeps(1)


def test_limits_that_a_resume_changes_count_from_then_on() -> None:
    run = race(trials=6, checkpoints="all").run()
    assert not run.dropped()
    run.scheduler = AshaScheduler(run.scheduler.levels, 3, 12)
    run.resume(limits={"trials": 12}).run()
    assert len(run.history.trials) == 12
    assert run.dropped()
    assert run.jobs()[0, 1] == 12


# Every run


@st.composite
def races(draw: st.DrawFn) -> Race:
    """Any rungs, limits, workers, failures, ties and non-finite losses."""
    eta, maximum = draw(st.integers(2, 4)), draw(st.sampled_from([1, 2, 4, 9, 16, 27, 30]))
    trials = draw(st.none() | st.integers(1, 40))
    limits: dict[str, Any] = {} if trials else {"budget": draw(st.integers(1, 150))}
    kinds = draw(st.lists(st.integers(0, 12), min_size=7, max_size=7))
    values = draw(st.lists(st.integers(0, 5), min_size=11, max_size=11))

    def loss(trial: int, budget: Budget) -> float:
        value = values[(trial * 3 + int(budget)) % 11]
        return math.nan if value == 5 else value / 2 + 1 / budget

    def fate(trial: int, job: int, attempt: int) -> ev.Outcome:
        kind = kinds[(trial + 2 * job + 3 * attempt) % 7]
        return "failed" if kind == 0 else "interrupted" if kind == 1 and attempt < 2 else "completed"

    return race(
        maximum,
        eta=eta,
        trials=trials,
        limits=limits,
        workers=draw(st.integers(1, 6)),
        checkpoints=draw(st.sampled_from(["auto", "all", 1, 3])),
        resume=draw(st.booleans()),
        loss=loss,
        fate=fate,
        study={"trial": {"retries": draw(st.integers(0, 1))}},
        watch=watch,
    )


def watch(run: Race, action: Action) -> None:
    """The rule, told without the scheduler's books, at every promotion, drop and new trial."""
    due = {trial: k for k in range(len(run.scheduler.levels) - 1) for trial in eligible(run, k)}
    if isinstance(action, Promote) and action.reason["rule"] == "rung":
        reason = action.reason
        assert due[action.trial] == reason["rung"] == run.scheduler.levels.index(action.to) - 1
        assert reason["rank"] <= reason["quota"] == reason["of"] // run.scheduler.eta
        assert action.trial == eligible(run, reason["rung"])[0]
    if isinstance(action, Propose | Promote) and getattr(action, "reason", {}).get("rule") != "rung":
        limited = run.declared.limits.budget is not None
        assert limited or not due, "a promotion was due"
    if isinstance(action, Drop):
        assert run.trial(action.trial).state == "paused"
        assert run.history.best is not run.trial(action.trial)
        assert not run.trial(action.trial).dropped


def eligible(run: Race, k: int) -> list[int]:
    """Who may go on from rung k, the best first."""
    entries = sorted(entry for entry in (arrived(run, trial, k) for trial in run.history.trials) if entry)
    best = entries[: len(entries) // run.scheduler.eta]
    return [
        number
        for loss, number in best
        if loss < math.inf and run.trial(number).state == "paused"
        if len(run.trial(number).jobs) == k + 1
    ]


def arrived(run: Race, trial: Any, k: int) -> tuple[float, int] | None:
    """The entry of a trial in rung k, if it has arrived there."""
    if k >= len(trial.jobs):
        return None
    job = trial.jobs[k]
    if len(trial.jobs) > k + 1 or trial.state in ("paused", "completed"):
        loss = trial_loss(trial, "last", job.to)
        return (math.inf if loss is None else loss, trial.number)
    return (math.inf, trial.number) if trial.state == "failed" else None


@settings(max_examples=60, deadline=None)
@given(races())
def test_every_run(run: Race) -> None:
    run.run()
    assert run.history.finished in {"trials", "budget"}
    assert not run.stuck()
    promotions = Counter(run.promotions())
    assert not promotions or max(promotions.values()) == 1, "no trial goes up twice from one rung"
    for trial in run.history.trials:
        assert [job.to for job in trial.jobs] == list(run.scheduler.levels[: len(trial.jobs)])
        at_top = len(trial.jobs) == len(run.scheduler.levels)
        assert trial.state in ("completed" if at_top else "paused", "failed")
    limit = run.declared.limits.budget
    assert limit is None or run.history.budget_planned <= limit
    if limit is None and any(trial.state != "failed" for trial in run.history.trials):
        failed = [trial for trial in run.history.trials if trial.state == "failed"]
        assert len(failed) >= run.scheduler.eta or "completed" in {trial.state for trial in run.history.trials}
    for event in run.events:
        if isinstance(event, ev.TrialPromoted | ev.TrialPaused | ev.CheckpointDropped):
            json.dumps(event.reason, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(races())
def test_every_decision_follows_from_the_events_before_it(run: Race) -> None:
    assert_same_afresh(run.run())


@settings(max_examples=40, deadline=None)
@given(races())
def test_a_trial_that_is_promoted_all_the_way_trains_the_largest_budget_in_all(run: Race) -> None:
    """Unless it had to start anew, since its checkpoint was gone."""
    run.run()
    dropped = set(run.dropped())
    for trial in run.history.trials:
        if run.scheduler.resume and trial.number not in dropped and not any(job.fresh for job in trial.jobs):
            starts = [job.start for job in trial.jobs]
            assert starts == [0, *(job.to for job in trial.jobs[:-1])][: len(starts)]
