from __future__ import annotations

import math

import pytest
from histories import Tale
from history_strategies import tales
from hypothesis import given

from hpotune import events as ev
from hpotune.summary import Failures, Notices, describe, outcome, progress, progress_text


@given(tales())
def test_progress_of_any_history_adds_up(tale: Tale) -> None:
    state = progress(tale.history)
    trials = tale.history.trials
    unlaunched = len(tale.history.dues.unlaunched)
    assert state.done == state.completed + state.stopped + state.failed
    assert state.planned == state.done + state.running + state.again + state.paused + unlaunched
    assert state.total is None or state.done <= state.total
    assert state.fraction is None or 0 <= state.fraction <= 1
    assert state.left is None or (math.isfinite(state.left) and state.left >= 0)
    assert sum(count for _, count in state.causes) == sum(trial.state == "failed" for trial in trials)
    assert (state.best is None) == all(trial.loss is None for trial in trials)
    assert progress_text(state, tale.history).isprintable()


@given(tales())
def test_every_event_has_a_printable_line_or_none(tale: Tale) -> None:
    replayed = Tale.__new__(Tale)
    replayed.events, replayed.history = [], type(tale.history)()
    for event in tale.events:
        replayed.tell(event)
        text = describe(event, replayed.history)
        assert text is None or (text.isprintable() and text)
        if isinstance(event, ev.JobEnded):
            assert text is not None
            assert text.startswith(f"trial {event.trial}  ")


@given(tales())
def test_failures_hold_every_failed_trial_once(tale: Tale) -> None:
    history, failures = type(tale.history)(), Failures()
    for event in tale.events:
        history.fold(event)
        failures.take(event, history)
    failed = {trial.number: trial.cause for trial in history.trials if trial.state == "failed"}
    assert sum(kind.trials for kind in failures.standing()) == len(failed)
    for kind in failures.standing():
        assert failed[failures.example(kind)] == kind.cause
    for number in range(len(history.trials)):
        assert (failures.of(number) is not None) == (number in failed)


def test_the_time_left_is_the_work_left_over_the_workers() -> None:
    tale = Tale(workers=2, limits={"trials": 10})
    assert progress(tale.history).left is None
    tale.completed(0.5, seconds=10)
    tale.completed(0.6, seconds=20)
    assert progress(tale.history).left == pytest.approx(8 * 15 / 2)
    number = tale.plan()
    tale.launch(number)
    assert progress(tale.history, ran={number: 5.0}).left == pytest.approx((7 * 15 + 10) / 2)


def test_the_time_limit_bounds_the_time_left_and_the_fraction() -> None:
    tale = Tale(workers=1, limits={"trials": 10, "time": 40})
    tale.completed(0.5, seconds=10)
    assert progress(tale.history, 30.0).left == 10.0
    assert progress(tale.history, 30.0).fraction == 0.75
    assert progress(tale.history, 50.0).left == 0.0


def test_a_grid_is_as_long_as_its_points() -> None:
    tale = Tale(parameters={"a": {"type": "int", "low": 1, "high": 4}}, strategy="grid", limits={})
    assert progress(tale.history).total == 4


def test_only_the_running_trials_count_when_the_user_wants_to_end() -> None:
    tale = Tale(workers=2, limits={"trials": 100})
    tale.completed(0.5, seconds=10)
    tale.launch(tale.plan())
    tale.tell(ev.SignalReceived("SIGINT", "drain"))
    assert progress(tale.history, ran={1: 4.0}).left == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("why", "value", "code"),
    [("trials", 0.5, 0), ("trials", None, 1), ("time", 0.5, 0), ("time", None, 1), ("target", 0.5, 0),
     ("space_exhausted", 0.5, 0), ("space_exhausted", None, 1), ("failures", 0.5, 1), ("interrupted", 0.5, 130),
     ("interrupted", None, 130), (None, 0.5, 130)],
)  # fmt: skip
def test_the_verdict(why: str | None, value: float | None, code: int) -> None:
    tale = Tale()
    if value is None:
        tale.failed()
    else:
        tale.completed(value)
    if why is not None:
        tale.finish(why)
    assert outcome(tale.history).exit_code == code
    assert outcome(tale.history).words


def test_the_lines_of_the_ends_of_trials() -> None:
    tale = Tale()
    config = {"lr": 0.0031, "hidden": 256}
    tale.completed(0.9312, config, seconds=14.2)
    assert describe(tale.events[-1], tale.history) == (
        "trial 0  completed  val_accuracy 0.9312  (best)  lr=0.0031 hidden=256  14.2s"
    )
    tale.failed(message="\nModuleNotFoundError: No module named 'foo'\n", config=config, seconds=0.31)
    assert describe(tale.events[-1], tale.history) == (
        "trial 1  failed: exit code 1 — ModuleNotFoundError: No module named 'foo'  lr=0.0031 hidden=256  0.31s"
    )
    tale.failed("signal", code=None, signal=9, config={}, seconds=1.0)
    assert describe(tale.events[-1], tale.history) == "trial 2  failed: killed by SIGKILL  1.0s"


def test_a_failure_that_will_be_tried_again_says_so() -> None:
    tale = Tale(trial={"retries": 1})
    tale.failed(message="boom")
    text = describe(tale.events[-1], tale.history)
    assert text is not None
    assert "to be tried again" in text
    assert Failures().standing() == []


def test_failures_that_differ_in_their_numbers_are_of_one_kind() -> None:
    tale, failures = Tale(), Failures()
    firsts = []
    for step in range(3):
        tale.failed(message=f"loss exploded at step {step}, tensor 0x{step}f")
        firsts.append(failures.take(tale.events[-1], tale.history))
    tale.failed(message="another story")
    assert failures.take(tale.events[-1], tale.history) is not None
    assert [first is not None for first in firsts] == [True, False, False]
    assert [(kind.trials, kind.seen) for kind in failures.standing()] == [(3, 3), (1, 1)]


def test_no_flood_of_messages_makes_failures_grow() -> None:
    tale, failures = Tale(), Failures()
    for i in range(300):
        tale.failed(message="".join(chr(97 + int(digit)) for digit in str(i)))
        failures.take(tale.events[-1], tale.history)
    assert len(failures.kinds) <= 110
    assert sum(kind.trials for kind in failures.standing()) == 300


def test_a_trial_that_is_run_again_no_longer_stands_failed() -> None:
    tale, failures = Tale(), Failures()
    tale.failed(message="boom")
    failures.take(tale.events[-1], tale.history)
    tale.tell(ev.StudyResumed([], retry_failed=["exit"]))
    tale.launch(0, started=False)
    failures.take(tale.events[-1], tale.history)
    assert failures.standing() == []
    assert failures.of(0) is None


def test_a_notice_is_given_once() -> None:
    tale, notices = Tale(), Notices()
    said = []
    for _ in range(2):
        number = tale.plan()
        tale.launch(number)
        tale.report(number, 0.5)
        tale.end(number, notes={"stragglers": 2, "other_channel": 4, "unheard of": 1})
        said += notices.take(tale.events[-1], tale.history)
    assert said == ["trial 0 left processes behind (2), which were ended"]
