"""The fold, against a second implementation that looks at the whole journal again for each question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from histories import Tale, fold
from hypothesis import given, settings
from hypothesis import strategies as st
from second_history import loss_of, second
from stories import stories

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History, JobView, Trial, trial_loss

COMMON = settings(max_examples=120, deadline=None)


@COMMON
@given(stories())
def test_counts_are_what_they_count(story: tuple[Tale, int, str]) -> None:
    tale, retries, use = story
    history, told = tale.history, second(tale.events, retries, use)
    assert {trial.number: trial.state for trial in history.trials} == told.state
    assert +history.states == Counter(told.state.values())
    assert +history.causes == Counter(told.cause.values())
    assert {trial.number: trial.cause for trial in history.trials if trial.cause} == told.cause
    assert history.failures == told.failures
    assert +history.origins == Counter({"search": len(history.trials)} if history.trials else {})
    assert history.reports == sum(isinstance(event, ev.Reported) for event in tale.events)
    first = [event for event in tale.events if isinstance(event, ev.JobPlanned) and event.attempt == 0]
    planned = sum((event.to or 0) - (event.start or 0) for event in first)
    assert history.budget_planned == planned - sum(job.untrained(1) for job in _ended_early(history))
    assert history.sessions == 1 + sum(isinstance(event, ev.StudyResumed) for event in tale.events)
    assert history.n == len(tale.events) - 1


def _ended_early(history: History) -> Iterator[JobView]:
    for trial in history.trials:
        yield from (job for job in trial.jobs if job.outcome == "stopped")
        if trial.state == "failed":
            yield trial.jobs[-1]


@COMMON
@given(stories())
def test_what_is_due_is_due_once(story: tuple[Tale, int, str]) -> None:
    tale, retries, use = story
    history, told = tale.history, second(tale.events, retries, use)
    open_now = {trial for trial, attempts in told.attempts.items() if attempts and attempts[-1].end is None}
    assert set(history.open) == open_now
    dues = [set(history.dues.unlaunched), set(history.dues.interrupted), set(history.dues.to_retry), open_now]
    assert sum(map(len, dues)) == len(set().union(*dues)), "a trial is due twice"
    for trial in history.trials:
        due = any(trial.number in each for each in dues[:3])
        assert due == (trial.state == "planned")
        assert (trial.number in history.dues.unlaunched) == (trial.state == "planned" and not trial.jobs)


@COMMON
@given(stories())
def test_the_view_holds_the_reports_of_attempts_that_count(story: tuple[Tale, int, str]) -> None:
    tale, retries, use = story
    told = second(tale.events, retries, use)
    for trial in tale.history.trials:
        expected = [reports for _, _, reports in told.view(trial.number)]
        found = [list(job.reports()) for job in trial.jobs]
        assert [list(map(_comparable, reports)) for reports in found] == [list(map(_comparable, r)) for r in expected]


def _comparable(report: tuple[float | None, float]) -> tuple[float | None, object]:
    budget, loss = report
    return budget, "nan" if math.isnan(loss) else loss


@COMMON
@given(stories(), st.sampled_from([None, 1, 2, 3, 5, 9, 27, 100]))
def test_the_value_of_a_trial_at_a_budget(story: tuple[Tale, int, str], at: int | None) -> None:
    tale, retries, use = story
    told = second(tale.events, retries, use)
    for trial in tale.history.trials:
        for each_use in ("last", "best"):
            assert trial_loss(trial, each_use, at) == loss_of(told.view(trial.number), each_use, at)


@COMMON
@given(stories())
def test_best_is_the_highest_budget_then_the_value(story: tuple[Tale, int, str]) -> None:
    tale, retries, use = story
    told = second(tale.events, retries, use)
    history = tale.history
    assert (history.best.number if history.best else None) == told.best()
    for trial, budget, loss in told.values:
        values = [(b, value) for number, b, value in told.values if number == trial]
        if values[-1] == (budget, loss):
            assert (history.trials[trial].budget, history.trials[trial].loss) == (budget, loss)


@COMMON
@given(stories())
def test_the_target_counts_what_the_view_or_a_settled_trial_holds(story: tuple[Tale, int, str]) -> None:
    tale, retries, use = story
    told = second(tale.events, retries, use)
    counted = [loss for _, _, loss in told.values]
    if use == "best":
        counted += [
            loss
            for trial in told.state
            for _, _, reports in told.view(trial)
            for _, loss in reports
            if math.isfinite(loss)
        ]
    assert tale.history.least == min(counted, default=None)


@COMMON
@given(stories())
def test_late_and_stale_events_change_nothing(story: tuple[Tale, int, str]) -> None:
    """All but the count of reports, that is: a journal without them folds to the same."""
    tale, _, _ = story
    kept: list[Event] = []
    out: set[tuple[int, int, int]] = set()
    for event in tale.events:
        if isinstance(event, ev.JobPlanned):
            out.add((event.trial, event.job, event.attempt))
        if isinstance(event, ev.JobStarted | ev.Reported | ev.JobEnded):
            if (event.trial, event.job, event.attempt) not in out or (isinstance(event, ev.Reported) and event.late):
                continue
            if isinstance(event, ev.JobEnded):
                out.remove((event.trial, event.job, event.attempt))
        kept.append(event)
    assert repr(_all_of(fold(kept))) == repr(_all_of(tale.history))


def _all_of(history: History) -> Any:
    trials = [
        (
            {name: getattr(trial, name) for name in Trial.__slots__ if name != "jobs"},
            [(job.attempt, job.start, job.to, job.outcome, job.started, list(job.reports())) for job in trial.jobs],
        )
        for trial in history.trials
    ]
    dues = (
        list(history.open),
        history.dues.unlaunched,
        history.dues.interrupted,
        history.dues.to_retry,
        history.dues.promoted,
    )
    counts = (+history.states, +history.causes, history.failures, history.least)
    return trials, dues, counts, history.best and history.best.number, history.finished, history.halting


@settings(max_examples=30, deadline=None)
@given(stories())
def test_folding_again_gives_the_same(story: tuple[Tale, int, str]) -> None:
    tale, _, _ = story
    assert repr(_all_of(fold(tale.events))) == repr(_all_of(tale.history))
