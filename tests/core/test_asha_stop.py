"""ASHA in its stopping form: who is stopped, at which report, and what becomes of attempts that are made again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from racing import Race, assert_same_afresh

from hpotune import events as ev
from hpotune.events import Budget
from hpotune.schedulers import New, Nothing, Room, Stop, Wish
from hpotune.schedulers.asha_stop import AshaStopScheduler
from hpotune.schedulers.rungs import rungs


def race(maximum: Budget = 9, *, eta: int = 3, trials: int = 10, workers: int = 9, **more: Any) -> Race:
    scheduler = AshaStopScheduler(rungs(1, maximum, eta), eta)
    study = {"limits": {"trials": trials}, **more.pop("study", {})}
    more.setdefault("reports", lambda start, to: list(range(1, int(to) + 1)))
    return Race(scheduler, maximum, workers=workers, study=study, **more)


def started(trials: int, **more: Any) -> Race:
    """So many trials are out."""
    run = race(trials=trials, workers=trials, **more)
    for _ in range(trials):
        run.begin(run.plan(9), 0, 9)
    return run


def report(run: Race, trial: int, budget: Budget | None, loss: float) -> Wish:
    """A report, and what is wished for then."""
    run.tell(ev.Reported(trial, *run.attempt(trial), budget, run.history.sign * loss))
    return run.wish()


def entries(run: Race, rung: int) -> list[tuple[float, int]]:
    return list(run.state.standings[rung].entries)


def test_every_trial_is_one_job_to_the_end() -> None:
    run = race()
    assert run.wish() == New(9, {})
    assert run.wish(Room(0)) == run.wish(Room(budget=8)) == Nothing()
    assert run.scheduler.needs_reports
    assert run.scheduler.levels == (1, 3, 9)


def test_the_rule_event_by_event() -> None:
    run = started(7)
    steps: Iterable[tuple[int, Budget, float, str]] = [
        (0, 1, 0.5, "goes on: there are fewer than eta"),
        (1, 1, 0.9, "goes on: there are fewer than eta, though it ranks last"),
        (2, 1, 0.6, "stop"),  # rank 2 of 3, floor(3/3) = 1
        (3, 1, 0.4, "goes on"),  # rank 1 of 4
        (4, 1, 0.45, "stop"),  # rank 2 of 5
        (5, 1, 0.45, "stop"),  # rank 3 of 6, floor(6/3) = 2: a tie goes to the smaller number
        (0, 2, 9.9, "goes on: no rung at 2"),
        (0, 3, 0.5, "goes on: the first in rung 1"),
        (1, 3, 0.2, "goes on"),
        (3, 3, 0.3, "stop"),  # rank 2 of 3 in rung 1
        (0, 9, 9.9, "goes on: nobody is stopped at the top"),
    ]
    for trial, budget, loss, verdict in steps:
        wish = report(run, trial, budget, loss)
        assert isinstance(wish, Stop) == (verdict == "stop"), (trial, budget, verdict)
        if isinstance(wish, Stop):
            assert wish.trial == trial
            run.take(wish)
            assert run.wish() == Nothing()


def test_the_numbers_of_a_stop() -> None:
    run = started(3, study={"metric": {"name": "accuracy", "goal": "maximize"}})
    report(run, 0, 1, -0.5)
    report(run, 1, 1, -0.75)
    reason = {"rule": "rung", "rung": 0, "at": 1, "rank": 3, "of": 3, "quota": 1, "cutoff": 0.75, "value": 0.25}
    assert report(run, 2, 1, -0.25) == Stop(2, reason)


def test_a_report_that_is_not_finite_ranks_last() -> None:
    run = started(5)
    assert report(run, 0, 1, math.nan) == Nothing(), "there are fewer than eta"
    assert report(run, 1, 1, math.inf) == Nothing()
    wish = report(run, 2, 1, 1e300)
    assert wish == Nothing(), "the best of three"
    wish = report(run, 3, 1, math.nan)
    assert wish == Stop(3, {"rule": "rung", "rung": 0, "at": 1, "rank": 4, "of": 4, "quota": 1, "cutoff": 1e300})
    assert entries(run, 0) == [(1e300, 2), (math.inf, 0), (math.inf, 1), (math.inf, 3)]
    run.take(wish)
    assert report(run, 2, 3, math.nan) == Nothing()
    assert entries(run, 1) == [(math.inf, 2)]


def test_of_three_that_are_not_finite_none_but_the_first_two_goes_on() -> None:
    run = started(3)
    assert [isinstance(report(run, trial, 1, math.nan), Stop) for trial in range(3)] == [False, False, True]


def test_a_report_that_skips_rungs_enters_each() -> None:
    run = started(3)
    report(run, 0, 2, 0.5)
    assert (entries(run, 0), entries(run, 1)) == ([(0.5, 0)], []), "its own loss, since there is none at 1"
    report(run, 0, 9, 0.25)
    assert entries(run, 1) == [(0.5, 0)], "the value at 3 is that of its report at 2"
    report(run, 1, 9, 0.75)
    assert (entries(run, 0)[1], entries(run, 1)[1]) == ((0.75, 1), (0.75, 1))


def test_it_is_judged_at_each_of_them_and_enters_none_beyond_the_one_that_stops_it() -> None:
    run = started(3)
    report(run, 0, 1, 0.1)
    report(run, 1, 1, 0.2)
    wish = report(run, 2, 9, 0.3)
    assert isinstance(wish, Stop)
    assert wish.reason["rung"] == 0
    assert entries(run, 1) == []


def test_the_best_report_counts_if_the_study_says_so() -> None:
    run = started(2, study={"metric": {"name": "loss", "goal": "minimize", "use": "best"}})
    report(run, 0, 1, 0.1)
    report(run, 0, 2, 0.3)
    report(run, 0, 3, 0.2)
    assert entries(run, 1) == [(0.1, 0)]


def test_late_and_stale_reports_and_those_without_a_budget_change_nothing() -> None:
    run = started(3)
    report(run, 0, 1, 0.1)
    report(run, 1, 1, 0.2)
    report(run, 0, None, 0.7)
    run.take(report(run, 2, 1, 0.3))
    before = [entries(run, k) for k in range(2)]
    run.tell(ev.Reported(2, 0, 0, 3, 0.01, late=True), ev.Reported(0, 0, 7, 3, 0.01), ev.Reported(0, 1, 0, 3, 0.01))
    assert [entries(run, k) for k in range(2)] == before
    assert run.wish() == Nothing()


def test_a_stop_is_only_wished_for_while_the_trial_is_out() -> None:
    run = started(3)
    report(run, 0, 1, 0.1)
    report(run, 1, 1, 0.2)
    assert isinstance(report(run, 2, 1, 0.3), Stop)
    run.tell(ev.JobEnded(2, 0, 0, "completed"))
    assert run.wish() == Nothing()


@pytest.mark.parametrize(("outcome", "retries"), [("interrupted", 0), ("lost", 0), ("failed", 1)])
def test_entries_of_an_attempt_stand_until_the_next_one_replaces_them(outcome: ev.Outcome, retries: int) -> None:
    run = started(3, study={"trial": {"retries": retries}})
    report(run, 0, 1, 0.1)
    report(run, 0, 3, 0.2)
    run.tell(ev.JobEnded(0, 0, 0, outcome, "exit"))
    assert (entries(run, 0), entries(run, 1)) == ([(0.1, 0)], [(0.2, 0)])
    run.begin(0, 0, 9)
    report(run, 0, 1, 0.5)
    assert (entries(run, 0), entries(run, 1)) == ([(0.5, 0)], [(0.2, 0)])
    report(run, 0, 3, 0.4)
    assert entries(run, 1) == [(0.4, 0)]


def test_an_attempt_that_goes_on_from_a_checkpoint_leaves_what_was_entered_below_it() -> None:
    run = started(3)
    report(run, 0, 1, 0.5)
    run.tell(ev.JobEnded(0, 0, 0, "interrupted", "time"))
    run.begin(0, 0, 9)
    report(run, 0, 2, 0.01)
    assert entries(run, 0) == [(0.5, 0)], "its value at 2 is none at 1"
    report(run, 0, 3, 0.02)
    assert entries(run, 1) == [(0.02, 0)]


def test_a_repeated_attempt_is_judged_anew() -> None:
    run = started(3)
    report(run, 2, 1, 0.3)
    run.tell(ev.JobEnded(2, 0, 0, "interrupted", "time"))
    report(run, 0, 1, 0.1)
    report(run, 1, 1, 0.05)
    run.begin(2, 0, 9)
    assert isinstance(report(run, 2, 1, 0.3), Stop), "it was the first of one, and is the last of three now"


def test_a_failed_trial_enters_the_rung_that_it_was_on_its_way_to() -> None:
    run = started(3)
    report(run, 0, 1, 0.5)
    run.tell(ev.JobEnded(0, 0, 0, "failed", "exit"))
    run.tell(ev.JobEnded(1, 0, 0, "failed", "exit"))
    assert (entries(run, 0), entries(run, 1)) == ([(0.5, 0), (math.inf, 1)], [(math.inf, 0)])


def test_a_revived_trial_replaces_the_entry_of_its_failure() -> None:
    run = started(3)
    run.tell(ev.JobEnded(0, 0, 0, "failed", "exit"))
    run.resume(retry_failed=True)
    run.begin(0, 0, 9)
    report(run, 0, 1, 0.5)
    assert entries(run, 0) == [(0.5, 0)]


def test_one_rung_stops_nobody() -> None:
    run = Race(AshaStopScheduler((9,)), 9, study={"limits": {"trials": 5}}).run()
    assert run.history.states["completed"] == 5


@st.composite
def races(draw: st.DrawFn) -> Race:
    """Any rungs, workers, reports, failures, ties and non-finite losses."""
    eta, maximum = draw(st.integers(2, 4)), draw(st.sampled_from([1, 2, 4, 9, 16, 30]))
    kinds = draw(st.lists(st.integers(0, 12), min_size=7, max_size=7))
    values = draw(st.lists(st.integers(0, 5), min_size=11, max_size=11))
    every = draw(st.integers(1, 4))

    def loss(trial: int, budget: Budget) -> float:
        value = values[(trial * 3 + int(budget)) % 11]
        return math.nan if value == 5 else value / 2 + 1 / budget

    def fate(trial: int, job: int, attempt: int) -> ev.Outcome:
        kind = kinds[(trial + 3 * attempt) % 7]
        return "failed" if kind == 0 else "interrupted" if kind == 1 and attempt < 2 else "completed"

    return race(
        maximum,
        eta=eta,
        trials=draw(st.integers(1, 25)),
        workers=draw(st.integers(1, 6)),
        loss=loss,
        fate=fate,
        reports=lambda start, to: [*range(every, int(to), every), to],
        study={"trial": {"retries": draw(st.integers(0, 1))}},
    )


@settings(max_examples=60, deadline=None)
@given(races())
def test_every_run(run: Race) -> None:
    run.run()
    assert run.history.finished == "trials"
    assert not run.stuck()
    for event in run.of(ev.TrialStopped):
        reason = event.reason
        assert reason["of"] >= run.scheduler.eta
        assert reason["quota"] == reason["of"] // run.scheduler.eta
        assert reason["rank"] > reason["quota"] or "value" not in reason
        json.dumps(reason, allow_nan=False)
    assert {trial.state for trial in run.history.trials} <= {"completed", "stopped", "failed"}


@settings(max_examples=40, deadline=None)
@given(races())
def test_every_decision_follows_from_the_events_before_it(run: Race) -> None:
    assert_same_afresh(run.run())
