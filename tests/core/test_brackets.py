"""Successive halving and Hyperband: their jobs against the tables, their corner cases, and what holds of every run."""

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
from hpotune.schedulers import Drop, New, Nothing, Promote, Room
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.rungs import brackets, halving, rungs
from hpotune.tuner import Action

NO_NEW = Room(trials=0)


def halve(maximum: Budget = 9, n: int | None = None, *, eta: int = 3, **more: Any) -> Race:
    """Successive halving."""
    kept = {key: more.pop(key) for key in ("resume", "checkpoints", "count") if key in more}
    kind = halving(rungs(more.get("minimum", 1), maximum, eta), eta, n)
    limits = {"limits": {"trials": more.pop("trials", 1000)}}
    return Race(SynchronousScheduler((kind,), eta, **kept), maximum, study={**limits, **more.pop("study", {})}, **more)


def hyperband(maximum: Budget = 81, *, eta: int = 3, count: int | None = None, **more: Any) -> Race:
    kinds = brackets(rungs(more.get("minimum", 1), maximum, eta), eta)
    limits = {"limits": {"trials": more.pop("trials", 1000)}}
    return Race(SynchronousScheduler(kinds, eta, count), maximum, study={**limits, **more.pop("study", {})}, **more)


def member(run: Race, loss: float | None, bracket: int = 0, outcome: ev.Outcome = "completed") -> int:
    """A trial of a bracket that comes to its lowest rung, and pauses."""
    at = run.scheduler.levels[0]
    number = run.plan(at, {"bracket": bracket, "rung": 0})
    run.train(number, 0, at, loss, outcome)
    run.settle()
    return number


def promote(run: Race) -> Promote:
    """The promotion that is due, carried out as far as its launch."""
    wish = run.wish()
    assert isinstance(wish, Promote)
    run.take(wish)
    start = run.trial(wish.trial).jobs[-1].to or 0
    run.begin(wish.trial, start, wish.to)
    return wish


def arrive(run: Race, trial: int, loss: float | None, outcome: ev.Outcome = "completed") -> None:
    name = (trial, *run.attempt(trial))
    if loss is not None:
        run.tell(ev.Reported(*name, run.history.open[trial].to, loss))
    run.tell(ev.JobEnded(*name, outcome, "exit" if outcome == "failed" else None))
    run.settle()


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


# Closed brackets


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


# Trials that a resume revives


def failing_once(run: Race, trial: int) -> None:
    """Trials 0 to 2 come to the lowest rung; one of them fails."""
    for number in range(3):
        member(run, None if number == trial else number + 1.0, outcome="failed" if number == trial else "completed")


def test_a_revived_trial_is_waited_for_while_its_rung_is_not_decided() -> None:
    run = halve(9, 3)
    failing_once(run, 2)
    assert isinstance(run.wish(), Promote)
    run.resume(retry_failed=True)
    assert isinstance(run.wish(), New), "it waits for 2 again"
    run.train(2, 0, 1, 0.1)
    run.settle()
    wish = run.wish()
    assert isinstance(wish, Promote)
    assert wish.trial == 2


def test_a_revived_trial_goes_no_further_if_its_rung_has_been_decided() -> None:
    run = halve(9, 3)
    failing_once(run, 2)
    promote(run)
    run.resume(retry_failed=True)
    run.train(2, 0, 1, 0.1)
    run.settle()
    assert isinstance(run.wish(), New), "0 is on its way"
    run.train(0, 1, 3, 0.5)
    run.settle()
    assert 2 in run.dropped()
    wish = run.wish()
    assert isinstance(wish, Promote)
    assert (wish.trial, wish.to) == (0, 9)


def test_a_rung_that_all_failed_in_goes_on_with_who_is_revived() -> None:
    run = halve(
        9, 3, count=1, trials=3, fate=lambda trial, job, attempt: "failed" if attempt == 0 else "completed"
    ).run()
    assert run.history.states["failed"] == 3
    run.resume(retry_failed=True).run()
    assert run.promotions() == [(0, 3)]
    run.resume(retry_failed=True).run()
    assert run.promotions() == [(0, 3), (0, 9)]
    run.resume(retry_failed=True).run()
    assert run.trial(0).state == "completed"


def test_the_target_stops_a_trial_and_a_later_session_does_not_wait_for_it() -> None:
    run = halve(9, 3, trials=3, workers=3, study={"metric": {"name": "loss", "goal": "minimize", "target": 1}})
    run.ask()
    run.end(0, 1)
    run.settle()
    assert run.trial(1).state == "stopped"
    arrive(run, 1, None, "stopped")
    arrive(run, 2, None, "stopped")
    run.tell(ev.StudyResumed([], run.declared.replace(metric={"name": "loss", "goal": "minimize"}).to_dict()))
    run.run()
    assert run.promotions() == [(0, 3), (0, 9)]


# Checkpoints


def test_a_checkpoint_goes_as_soon_as_its_trial_can_no_longer_be_promoted() -> None:
    run = halve(9, 9)
    for loss, dropped in [(5, []), (4, []), (3, []), (6, [3]), (2, [3, 0]), (1, [3, 0, 1])]:
        member(run, loss)
        assert run.dropped() == dropped
    assert len(run.dropped()) == 3
    for loss in (7, 8, 9):
        member(run, loss)
    assert run.dropped() == [3, 0, 1, 6, 7, 8]
    kept = {trial.number for trial in run.history.trials if not trial.dropped}
    for _ in range(3):
        promote(run)
    assert {trial for trial, _ in run.promotions()} == kept


def test_all_checkpoints_are_kept() -> None:
    assert halve(9, 9, count=2, checkpoints="all", workers=3).run().dropped() == []
    run = halve(9, 9, count=2, workers=3).run()
    paused = [trial.number for trial in run.history.trials if trial.state == "paused"]
    assert sorted(run.dropped()) == paused


def test_the_best_trial_keeps_its_checkpoint_until_it_is_that_no_more() -> None:
    """A trial whose last report is not finite ranks last, but its best one may be the best of all."""
    run = halve(9, 3, study={"metric": {"name": "loss", "goal": "minimize", "use": "best"}})
    number = run.plan(1, {"bracket": 0, "rung": 0})
    run.begin(number, 0, 1)
    run.tell(ev.Reported(0, 0, 0, 0.5, 0.1), ev.Reported(0, 0, 0, 1, math.nan), ev.JobEnded(0, 0, 0, "completed"))
    run.settle()
    assert run.dropped() == []
    member(run, 0.05)
    assert run.dropped() == [0]


# Every run


@st.composite
def races(draw: st.DrawFn) -> Race:
    """Any rungs, brackets, limits, workers, failures, ties and non-finite losses."""
    eta, maximum = draw(st.integers(2, 4)), draw(st.sampled_from([1, 2, 4, 9, 16, 27, 30]))
    limits = draw(
        st.one_of(
            st.fixed_dictionaries({"trials": st.integers(1, 60)}),
            st.fixed_dictionaries({"budget": st.integers(1, 200)}),
        )
    )
    kinds = draw(st.lists(st.integers(0, 12), min_size=7, max_size=7))
    values = draw(st.lists(st.integers(0, 5), min_size=11, max_size=11))
    levels = rungs(1, maximum, eta)
    plans = draw(st.sampled_from([brackets(levels, eta), (halving(levels, eta),), (halving(levels, eta, 5),)]))
    count = draw(st.none() | st.integers(1, 4))
    scheduler = SynchronousScheduler(plans, eta, count, draw(st.booleans()), draw(st.sampled_from(["auto", "all"])))

    def loss(trial: int, budget: Budget) -> float:
        value = values[(trial * 3 + int(budget)) % 11]
        return math.nan if value == 5 else value / 2 + 1 / budget

    def fate(trial: int, job: int, attempt: int) -> ev.Outcome:
        kind = kinds[(trial + 2 * job + 3 * attempt) % 7]
        return "failed" if kind == 0 else "interrupted" if kind == 1 and attempt < 2 else "completed"

    study = {"limits": limits, "trial": {"retries": draw(st.integers(0, 1))}}
    return Race(scheduler, maximum, loss, fate, draw(st.integers(1, 6)), study=study, watch=watch)


def watch(run: Race, action: Action) -> None:
    """What holds at every promotion and drop, told without the scheduler's books."""
    if isinstance(action, Promote):
        reason, trial = action.reason, run.trial(action.trial)
        assert trial.state == "paused"
        assert not trial.dropped
        assert reason["rank"] <= reason["quota"]
        k = reason["rung"]
        others = [other for other in run.history.trials if bracket_of(run, other.number) == reason["bracket"]]
        assert not [other for other in others if len(other.jobs) == k + 1 and other.state in ("planned", "running")]
        assert sum(len(other.jobs) > k + 1 for other in others) < reason["quota"]
    if isinstance(action, Drop):
        assert run.trial(action.trial).state == "paused"
        assert run.history.best is not run.trial(action.trial)
        assert not run.trial(action.trial).dropped


def bracket_of(run: Race, trial: int) -> int:
    planned = next(event for event in run.of(ev.TrialPlanned) if event.trial == trial)
    return int(planned.reason["bracket"])


@settings(max_examples=60, deadline=None)
@given(races())
def test_every_run(run: Race) -> None:
    run.run()
    assert run.history.finished in {"trials", "budget", "complete"}
    assert not run.stuck()
    promotions = Counter(run.promotions())
    assert not promotions or max(promotions.values()) == 1, "no trial goes up twice from one rung"
    scheduler = run.scheduler
    sizes = Counter(plan.reason["bracket"] for plan in run.of(ev.TrialPlanned))
    assert list(sizes) == list(range(len(sizes))), "brackets are opened one after the other"
    assert scheduler.count is None or len(sizes) <= scheduler.count
    for number, size in sizes.items():
        planned = scheduler.kinds[number % len(scheduler.kinds)].sizes[0]
        assert size == planned or (size < planned and number == len(sizes) - 1)
    limit = run.declared.limits.budget
    assert limit is None or run.history.budget_planned <= limit
    for event in run.events:
        if isinstance(event, ev.TrialPromoted | ev.TrialPaused | ev.CheckpointDropped):
            json.dumps(event.reason, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(races())
def test_without_failures_and_limits_in_the_way_the_jobs_are_those_of_the_plan(run: Race) -> None:
    plan = run.scheduler
    sure = SynchronousScheduler(plan.kinds, plan.eta, 3)
    run = Race(sure, run.maximum, workers=run.workers, study={"limits": {"trials": 100_000}}).run()
    expected: Counter[tuple[Budget, Budget]] = Counter()
    for number in range(3):
        kind = plan.kinds[number % len(plan.kinds)]
        for start, to, size in zip((0, *kind.budgets), kind.budgets, kind.sizes, strict=False):
            expected[start, to] += size
    assert run.jobs() == expected


@settings(max_examples=40, deadline=None)
@given(races())
def test_every_decision_follows_from_the_events_before_it(run: Race) -> None:
    assert_same_afresh(run.run())
