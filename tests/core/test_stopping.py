"""The stopping rules of `full`, against their definition written out a second time."""

from __future__ import annotations

import json
import math
import statistics
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from racing import Race, assert_same_afresh

from hpotune import events as ev
from hpotune.events import Budget
from hpotune.schedulers import New, Nothing, Room, Stop, Wish
from hpotune.schedulers.stopping import LEAST_OTHERS, StoppingRule, checks, percentile_of


def race(*levels: Budget, percentile: float | None = None, **more: Any) -> Race:
    """Trials up to 10, checked at `levels`; ten of them are out."""
    rule = StoppingRule(10, levels) if percentile is None else StoppingRule(10, levels, "percentile", percentile)
    study = {"limits": {"trials": 10}, **more.pop("study", {})}
    run = Race(rule, 10, workers=10, study=study, **more)
    for _ in range(10):
        run.begin(run.plan(10), 0, 10)
    return run


def report(run: Race, trial: int, budget: Budget | None, loss: float) -> Wish:
    run.tell(ev.Reported(trial, *run.attempt(trial), budget, run.history.sign * loss))
    return run.wish()


@pytest.mark.parametrize(
    ("after", "every", "maximum", "expected"),
    [
        (1, 1, 4, (1, 2, 3)),
        (4, 4, 10, (4, 8)),
        (5, 5, 10, (5,)),
        (10, 1, 10, ()),
        (12, 1, 10, ()),
        (0.1, 0.1, 0.45, (0.1, 0.2, 0.3, 0.4)),  # 0.1 + 0.1 + 0.1 > 0.3 in floats
        (0.5, 0.5, 2, (0.5, 1, 1.5)),
    ],
)
def test_the_check_budgets(after: Budget, every: Budget, maximum: Budget, expected: tuple[Budget, ...]) -> None:
    assert checks(after, every, maximum) == expected


def test_trials_are_trained_in_full() -> None:
    rule = StoppingRule(10, (4, 8))
    assert rule.decide(rule.initial(), Room()) == New(10)
    assert rule.decide(rule.initial(), Room(trials=0)) == rule.decide(rule.initial(), Room(budget=9)) == Nothing()
    assert rule.needs_reports


def test_the_best_so_far_against_the_median_of_the_running_means() -> None:
    run = race(2)
    for trial, (first, second) in enumerate([(4, 2), (3, 3), (8, 0), (5, 7), (6, 8)]):
        report(run, trial, 1, first)
        assert report(run, trial, 2, second) == Nothing(), "four others are too few"
    # The means are 3, 3, 4, 6, 7: their median is 4.
    report(run, 5, 1, 4)
    assert report(run, 5, 2, 9) == Nothing(), "its best is not strictly worse"
    # With its mean of 6.5: 3, 3, 4, 6, 6.5, 7. The median is 5.
    report(run, 6, 1, 7)
    reason = {"rule": "median", "at": 2, "of": 6, "cutoff": 5.0, "value": 5.5}
    assert report(run, 6, 2, 5.5) == Stop(6, reason)
    run.take(run.wish())
    assert run.wish() == Nothing()


def test_a_metric_to_maximize() -> None:
    run = race(1, study={"metric": {"name": "accuracy", "goal": "maximize"}})
    for trial, accuracy in enumerate([0.5, 0.25, 0.75, 0.125, 1.0]):
        report(run, trial, 1, -accuracy)
    assert report(run, 5, 1, -0.5) == Nothing()
    numbers = {"of": 6, "cutoff": 0.5, "value": 0.375}
    assert report(run, 6, 1, -0.375) == Stop(6, {"rule": "median", "at": 1, **numbers})


def test_a_percentile() -> None:
    run = race(1, percentile=75)
    for trial, loss in enumerate([1, 2, 3, 4, 5]):
        report(run, trial, 1, loss)
    assert report(run, 5, 1, 4) == Nothing()
    wish = report(run, 6, 1, 4.5)
    numbers = {"of": 6, "cutoff": 4.0, "value": 4.5, "percentile": 75}
    assert wish == Stop(6, {"rule": "percentile", "at": 1, **numbers})


def test_reports_that_are_not_finite_count_for_nothing() -> None:
    run = race(2)
    for trial in range(5):
        report(run, trial, 1, math.nan)
        report(run, trial, 2, trial + 1.0)
    assert list(run.state.means[0]) == [1, 2, 3, 4, 5]
    report(run, 5, 1, math.inf)
    assert report(run, 5, 2, math.nan) == Nothing(), "they stop nothing"
    assert list(run.state.means[0]) == [1, 2, 3, 4, 5]


def test_a_report_beyond_a_check_does_not_count_there() -> None:
    run = race(3, 6)
    report(run, 0, 2, 1.0)
    report(run, 0, 7, 5.0)
    assert [list(means) for means in run.state.means] == [[1.0], [1.0]]
    report(run, 1, 4, 2.0)
    report(run, 1, 6, 4.0)
    assert [list(means) for means in run.state.means] == [[1.0], [1.0, 3.0]], "1 has no report at or below 3"


def test_a_report_that_skips_checks_comes_to_each_until_one_stops_it() -> None:
    run = race(2, 4)
    for trial in range(5):
        report(run, trial, 1, 1.0)
        report(run, trial, 5, 1.0)
    assert [list(means) for means in run.state.means] == [[1.0] * 5] * 2
    report(run, 5, 1, 2.0)
    wish = report(run, 5, 5, 2.0)
    assert isinstance(wish, Stop)
    assert wish.reason["at"] == 2
    assert [len(means) for means in run.state.means] == [6, 5]


def test_of_the_others_those_that_have_not_come_so_far_do_not_count() -> None:
    run = race(1, 2)
    for trial in range(6):
        report(run, trial, 1, 1.0)
    assert report(run, 6, 1, 2.0) != Nothing()
    run.take(run.wish())
    report(run, 7, 1, 1.0)
    assert report(run, 7, 2, 99.0) == Nothing(), "nobody else has come to 2"


def test_late_and_stale_reports_and_those_without_a_budget_change_nothing() -> None:
    run = race(1)
    for trial in range(5):
        report(run, trial, 1, 1.0)
    run.take(report(run, 5, 1, 2.0))
    before = [list(means) for means in run.state.means]
    run.tell(ev.Reported(5, 0, 0, 1, 0.0, late=True), ev.Reported(6, 0, 3, 1, 0.0), ev.Reported(6, 2, 0, 1, 0.0))
    report(run, 6, None, 0.0)
    assert [list(means) for means in run.state.means] == before
    assert run.wish() == Nothing()


@pytest.mark.parametrize(("outcome", "retries"), [("interrupted", 0), ("failed", 1)])
def test_the_means_of_an_attempt_stand_until_the_next_one_replaces_them(outcome: ev.Outcome, retries: int) -> None:
    run = race(1, 2, study={"trial": {"retries": retries}})
    report(run, 0, 1, 1.0)
    report(run, 0, 2, 3.0)
    run.tell(ev.JobEnded(0, 0, 0, outcome, "exit"))
    assert [list(means) for means in run.state.means] == [[1.0], [2.0]]
    run.begin(0, 0, 10)
    report(run, 0, 1, 5.0)
    assert [list(means) for means in run.state.means] == [[5.0], [2.0]]
    report(run, 0, 2, 7.0)
    assert [list(means) for means in run.state.means] == [[5.0], [6.0]]


def test_a_stop_is_only_wished_for_while_the_trial_is_out() -> None:
    run = race(1)
    for trial in range(5):
        report(run, trial, 1, 1.0)
    assert isinstance(report(run, 5, 1, 2.0), Stop)
    run.tell(ev.JobEnded(5, 0, 0, "interrupted", "time"))
    assert run.wish() == Nothing()
    run.begin(5, 0, 10)
    assert isinstance(report(run, 5, 1, 2.0), Stop), "it is judged anew"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(0, 100))
def test_percentiles_are_those_of_numpy(numbers: list[float], percentile: float) -> None:
    found = percentile_of(array("d", sorted(numbers)), percentile)
    assert found == pytest.approx(np.percentile(numbers, percentile), rel=1e-9, abs=1e-6)
    assert percentile_of(array("d", sorted(numbers)), 50) == pytest.approx(statistics.median(numbers), abs=1e-6)


# Every run


@st.composite
def races(draw: st.DrawFn) -> Race:
    """Any checks, workers, reports, failures, ties and non-finite losses; nothing is out yet."""
    kinds = draw(st.lists(st.integers(0, 12), min_size=7, max_size=7))
    values = draw(st.lists(st.integers(0, 8), min_size=11, max_size=11))
    step = draw(st.integers(1, 4))

    def loss(trial: int, budget: Budget) -> float:
        value = values[(trial * 3 + int(budget)) % 11]
        return math.nan if value == 8 else value / 2 + trial % 4  # exact in binary, so that ties are ties

    def fate(trial: int, job: int, attempt: int) -> ev.Outcome:
        kind = kinds[(trial + 3 * attempt) % 7]
        return "failed" if kind == 0 else "interrupted" if kind == 1 and attempt < 2 else "completed"

    levels = checks(draw(st.integers(1, 6)), draw(st.integers(1, 3)), 10)
    rule = StoppingRule(
        10, levels, draw(st.sampled_from(["median", "percentile"])), draw(st.sampled_from([25.0, 50.0]))
    )
    study = {"limits": {"trials": draw(st.integers(1, 25))}, "trial": {"retries": draw(st.integers(0, 1))}}
    reports = [*range(step, 10, step), 10]
    workers = draw(st.integers(1, 6))
    return Race(rule, 10, loss, fate, workers, study=study, reports=lambda start, to: list(reports))


def expected_stops(run: Race) -> dict[int, Budget]:
    """Who is stopped, and at which check: the rule told a second time, for a run in which no attempt was repeated."""
    seen: dict[int, list[tuple[Budget, float]]] = {}
    stopped: dict[int, Budget] = {}
    for event in run.of(ev.Reported):
        if event.late:
            continue
        reports = seen.setdefault(event.trial, [])
        came_before = reports[-1][0] if reports else 0
        reports.append((event.budget, event.value))
        for at in run.scheduler.levels:
            own = up_to(reports, at)
            if not came_before < at <= event.budget or event.trial in stopped or not own:
                continue
            others = [
                statistics.fmean(theirs)
                for trial, points in seen.items()
                if trial != event.trial and points[-1][0] >= at and stopped.get(trial, math.inf) >= at
                if (theirs := up_to(points, at))
            ]
            if len(others) >= LEAST_OTHERS and min(own) > np.percentile(others, run.scheduler.percentile):
                stopped[event.trial] = at
    return stopped


def up_to(reports: list[tuple[Budget, float]], at: Budget) -> list[float]:
    return [value for budget, value in reports if budget <= at and math.isfinite(value)]


@settings(max_examples=60, deadline=None)
@given(races())
def test_every_run(run: Race) -> None:
    run.run()
    assert run.history.finished == "trials"
    assert not run.stuck()
    assert {trial.state for trial in run.history.trials} <= {"completed", "stopped", "failed"}
    for event in run.of(ev.TrialStopped):
        json.dumps(event.reason, allow_nan=False)
    if not any(job.attempt for trial in run.history.trials for job in trial.jobs):
        stops = {event.trial: event.reason["at"] for event in run.of(ev.TrialStopped)}
        assert stops == expected_stops(run)


@settings(max_examples=40, deadline=None)
@given(races())
def test_every_decision_follows_from_the_events_before_it(run: Race) -> None:
    assert_same_afresh(run.run())
