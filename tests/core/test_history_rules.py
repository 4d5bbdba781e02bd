"""The fold, rule by rule, on histories told by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from histories import Tale

from hpotune import events as ev
from hpotune.events import Event
from hpotune.schedulers import target_reached


def crash(tale: Tale, trial: int) -> None:
    tale.launch(trial)
    tale.tell(ev.StudyResumed([]))
    tale.end(trial, "interrupted", "tuner_died")


def test_a_trial_that_takes_the_tuner_down_three_times_in_a_row_has_failed() -> None:
    tale = Tale()
    trial = tale.plan()
    for _ in range(2):
        crash(tale, trial)
        assert tale.history.trials[trial].state == "planned"
        assert list(tale.history.dues.interrupted) == [trial]
    crash(tale, trial)
    assert (tale.history.trials[trial].state, tale.history.trials[trial].cause) == ("failed", "interrupted")
    assert not tale.history.dues.interrupted
    assert tale.history.failures == 1


def test_an_attempt_that_never_started_is_not_suspicious() -> None:
    tale = Tale()
    trial = tale.plan()
    for _ in range(5):
        tale.launch(trial, started=False)
        tale.end(trial, "interrupted", "tuner_died")
    assert tale.history.trials[trial].state == "planned"


@pytest.mark.parametrize(
    "end", [ev.SignalReceived("SIGTERM", "stop"), ev.SignalReceived("SIGINT", "drain"), ev.TimerFired("time_limit")]
)
def test_an_attempt_that_was_being_ended_when_the_tuner_died_is_not_suspicious(end: Event) -> None:
    tale = Tale()
    trial = tale.plan()
    for _ in range(5):
        tale.launch(trial)
        tale.tell(end, ev.StudyResumed([]))
        tale.end(trial, "interrupted", "tuner_died")
    assert tale.history.trials[trial].state == "planned"
    for _ in range(3):
        crash(tale, trial)
    assert tale.history.trials[trial].state == "failed"


@pytest.mark.parametrize("between", ["report", "failure"])
def test_three_in_a_row_means_in_a_row(between: str) -> None:
    tale = Tale(trial={"retries": 1})
    trial = tale.plan()
    for _ in range(2):
        crash(tale, trial)
    tale.launch(trial)
    if between == "report":
        tale.report(trial, 0.5)
        tale.end(trial, "interrupted", "tuner_died")
    else:
        tale.end(trial, "failed", "exit")
    for _ in range(2):
        crash(tale, trial)
    assert tale.history.trials[trial].state == "planned"
    crash(tale, trial)
    assert tale.history.trials[trial].state == "failed"


@pytest.mark.parametrize(("outcome", "cause"), [("interrupted", "interrupted"), ("interrupted", "time"), ("lost", "x")])
def test_what_the_user_the_clock_or_the_machine_ended_is_run_again_without_end(outcome: Any, cause: str) -> None:
    tale = Tale()
    trial = tale.plan()
    for _ in range(10):
        tale.launch(trial)
        tale.end(trial, outcome, cause)
        assert tale.history.trials[trial].state == "planned"
    assert tale.history.failures == 0


def test_a_resume_counts_failures_anew_and_forgets_what_ended_the_session() -> None:
    tale = Tale()
    tale.failed()
    tale.failed("nan")
    tale.tell(ev.SignalReceived("SIGTERM", "stop"))
    tale.finish("interrupted")
    history = tale.history
    assert (history.failures, history.halting, history.draining, history.finished) == (
        2, "interrupted", True, "interrupted",
    )  # fmt: skip
    tale.tell(ev.StudyResumed([]))
    assert (history.failures, history.halting, history.draining, history.finished) == (0, None, False, None)
    assert +history.causes == {"exit": 1, "nan": 1}, "how many failed in all is not forgotten"


def test_retry_failed_brings_back_the_failed_of_the_given_causes() -> None:
    tale = Tale(trial={"retries": 1})
    trial = tale.plan()
    for _ in range(2):
        tale.launch(trial)
        tale.report(trial, 0.5)
        tale.end(trial, "failed", "exit")
    other = tale.plan()
    for _ in range(2):
        tale.launch(other)
        tale.end(other, "failed", "nan")
    assert tale.history.states["failed"] == 2
    tale.tell(ev.StudyResumed([], retry_failed=["exit", "oom"]))
    revived = tale.history.trials[trial]
    assert (revived.state, revived.cause) == ("planned", None)
    assert list(tale.history.dues.to_retry) == [trial]
    assert tale.history.trials[other].state == "failed"
    assert not list(revived.jobs[-1].reports())
    tale.launch(trial)
    tale.end(trial, "failed", "exit")
    assert revived.state == "planned", "its retries are granted anew"


def test_a_changed_study_is_adopted_and_its_space_may_hold_more() -> None:
    tale = Tale()
    tale.tell(ev.SpaceExhausted("all", tale.history.n))
    changed = {**tale.history.study.to_dict(), "limits": {"trials": 99}}
    tale.tell(ev.StudyResumed([]))
    assert tale.history.exhausted == "all"
    tale.tell(ev.StudyResumed([], study=changed))
    assert tale.history.exhausted is None
    assert tale.history.study.limits.trials == 99


def test_time_is_summed_over_sessions() -> None:
    tale = Tale()
    tale.at = 100.0
    tale.completed(0.5, seconds=20)
    assert tale.history.elapsed == 120
    tale.at = 0.0
    tale.tell(ev.StudyResumed([], measured={"at": 0.0}))
    assert tale.history.elapsed == 120
    tale.at = 5.0
    trial = tale.completed(0.5, seconds=3)
    assert tale.history.elapsed == 128
    assert tale.history.trials[trial].seconds == 3


def test_the_cursor_is_past_the_largest_index() -> None:
    tale = Tale()
    for number, record in enumerate([{"index": 4}, {}, {"index": 2}]):
        tale.tell(ev.TrialPlanned(number, {"lr": 0.1 / (number + 1)}, "search", 1, record=record))
    assert tale.history.observations().cursor == 5


def test_observations_tell_what_was_tried_and_where_it_came_from() -> None:
    tale = Tale()
    config = {"lr": 0.01, "hidden": 128, "optimizer": "adam"}
    told = tale.history.observations()
    assert (told.trial, told.cursor, told.enqueued, told.defaulted, set(told.tried)) == (0, 0, 0, False, set())
    tale.tell(ev.TrialPlanned(0, config, "enqueue", 1), ev.TrialPlanned(1, {**config, "lr": 0.1}, "default", 2))
    tale.tell(ev.TrialPlanned(2, config, "enqueue", 3))
    told = tale.history.observations()
    assert (told.trial, told.enqueued, told.defaulted) == (3, 2, True)
    space = tale.history.study.space
    assert set(told.tried) == {space.canonical(config), space.canonical({**config, "lr": 0.1})}


def test_a_value_that_left_the_view_does_not_reach_the_target() -> None:
    """Its report was journalled, the tuner died before it could act on it: the next attempt has to show it again."""
    tale = Tale(metric={"name": "loss", "goal": "minimize", "use": "best", "target": 0.5})
    good = tale.completed(0.6)
    trial = tale.plan()
    tale.launch(trial)
    tale.report(trial, math.nan)
    tale.report(trial, 0.4)
    assert target_reached(tale.history)
    tale.end(trial, "interrupted", "tuner_died")
    assert not target_reached(tale.history)
    assert tale.history.least == 0.6
    assert tale.history.best is tale.history.trials[good]


def test_a_promotion_cut_short_takes_nothing_away() -> None:
    """The value at the budget reached before stands, and so does the trial's rank."""
    tale = Tale(budget={"name": "epochs", "max": 9})
    first, second = tale.plan(budget=3), tale.plan(budget=3)
    for trial, value in ((first, 0.9), (second, 0.8)):
        tale.launch(trial, to=3)
        tale.report(trial, value, 3)
        tale.end(trial)
    tale.tell(ev.TrialPromoted(first, 9, {}, tale.history.n))
    tale.launch(first, to=9, job=1)
    tale.tell(ev.TrialStopped(first, {}, tale.history.n))
    tale.end(first, "stopped")
    trial = tale.history.trials[first]
    assert (trial.state, tale.history.value(trial.loss), trial.budget) == ("stopped", 0.9, 3)
    assert tale.history.best is trial


def test_a_stopped_trial_is_worth_what_it_reached() -> None:
    tale = Tale(budget={"name": "epochs", "max": 9})
    trial = tale.plan(budget=9)
    tale.launch(trial, to=9)
    for epoch, value in enumerate([0.1, 0.7, 0.5], 1):
        tale.report(trial, value, epoch)
    tale.tell(ev.TrialStopped(trial, {}, tale.history.n))
    tale.end(trial, "stopped")
    told = tale.history.trials[trial]
    assert (tale.history.value(told.loss), told.budget) == (0.5, 3)


def test_a_report_says_how_a_script_counts() -> None:
    tale = Tale(budget={"name": "epochs", "max": 9})
    trial = tale.plan()
    tale.launch(trial)
    tale.report(trial, 0.5, 1)
    assert tale.history.trials[trial].zero_based is None
    tale.tell(ev.Reported(trial, 0, 0, 2, 0.5, zero_based=True))
    tale.report(trial, 0.5, 3)
    assert tale.history.trials[trial].zero_based is True
    tale.tell(ev.Reported(trial, 0, 1, 2, 0.5, zero_based=False))
    assert tale.history.trials[trial].zero_based is True, "of another attempt"


def test_signals_and_timers_say_how_a_session_ends() -> None:
    for events, draining, halting in (
        ([ev.SignalReceived("SIGINT", "drain")], True, None),
        ([ev.SignalReceived("SIGTERM", "stop")], True, "interrupted"),
        ([ev.TimerFired("time_limit")], False, "time"),
        ([ev.TimerFired("timeout", 0, 0, 0)], False, None),
        ([ev.TimerFired("heartbeat")], False, None),
        ([ev.TimerFired("time_limit"), ev.SignalReceived("SIGTERM", "stop")], True, "time"),
    ):
        history = Tale().tell(*events).history
        assert (history.draining, history.halting) == (draining, halting)
