"""What came of a trial against what was expected of it, and what was decided about it."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from histories import Tale
from hypothesis import given, settings
from hypothesis import strategies as st
from whys import GP, again, ask, completed, plan, told

from hpotune import events as ev
from hpotune.summary.provenance import Model

VALUES = st.floats(-1e6, 1e6)


@settings(max_examples=60)
@given(VALUES, st.floats(1e-3, 1e3), VALUES, VALUES)
def test_the_goal_turns_signs_and_nothing_else(mean: float, sd: float, best: float, loss: float) -> None:
    answers = []
    for goal, sign in (("minimize", 1), ("maximize", -1)):
        tale = Tale(metric={"name": "m", "goal": goal})
        number = completed(tale, {**GP, "mean": mean, "sd": sd, "best": best}, sign * loss)
        answer = ask(tale, number)
        source = answer.provenance
        assert isinstance(source, Model)
        assert (source.expected, source.sd, source.incumbent) == (sign * mean, sd, sign * best)
        assert answer.result.value == sign * loss
        answers.append(answer.result)
    assert len({str({**asdict(result), "value": None}) for result in answers}) == 1
    assert answers[0].improved == (loss < best)
    assert answers[0].better_by == mean - loss
    assert answers[0].deviations == pytest.approx((mean - loss) / sd)


@given(VALUES, st.floats(1e-3, 1e3), VALUES)
def test_the_words_agree_with_the_numbers(mean: float, sd: float, loss: float) -> None:
    tale = Tale(metric={"name": "m", "goal": "minimize"})
    text = told(tale, completed(tale, {**GP, "mean": mean, "sd": sd}, loss))
    deviations = abs(mean - loss) / sd
    assert ("as expected" in text) == (round(deviations, 1) == 0)
    assert ("better than expected" in text) == (loss < mean and round(deviations, 1) != 0)
    assert ("worse than expected" in text) == (loss > mean and round(deviations, 1) != 0)


def test_what_the_scheduler_wanted_and_decided() -> None:
    tale = Tale(budget={"name": "epochs", "max": 9}, metric={"name": "m", "goal": "minimize"})
    number = plan(tale, {**GP, "mean": 1.0, "sd": 0.5}, reason={"bracket": 2})
    tale.launch(number, to=3)
    tale.end(number, "interrupted", "tuner_died")
    again(tale, number, "resume", 3)
    tale.report(number, 2.0, 3)
    tale.tell(ev.TrialPaused(number, {"rule": "rung", "rank": 4}, tale.history.n))
    tale.end(number)
    tale.tell(ev.TrialPromoted(number, 9, {"rank": 1}, tale.history.n))
    tale.launch(number, to=9, job=1)
    assert "it is running, and has come to m 2 at 3 epochs: so far 2 sd worse" in told(tale, number)
    tale.report(number, 1.5, 9)
    tale.tell(ev.TrialStopped(number, {"rule": "target"}, tale.history.n))
    tale.end(number, "stopped")
    lines = told(tale, number).splitlines()
    assert "the scheduler wanted it: bracket=2" in lines
    assert "it was stopped early at m 1.5 at 9 epochs: so far 1 sd worse than expected" in lines
    assert lines[lines.index("what was decided about it") + 1 :] == [
        "launched again: the tuner died",
        "paused: rung (rank=4)",
        "promoted to 9 epochs: rank=1",
        "stopped early: the target is reached",
    ]


def test_how_a_trial_failed() -> None:
    tale = Tale(trial={"retries": 1})
    number = plan(tale, GP)
    assert "not been launched yet" in told(tale, number)
    tale.launch(number)
    assert "no value yet" in told(tale, number)
    tale.end(number, "failed", "exit", code=3, message="first")
    assert "to be run again" in told(tale, number)
    again(tale, number, "retry")
    tale.end(number, "failed", "oom", signal=9, message="\nMemoryError: \x1b[31mno")
    text = told(tale, number)
    assert "it failed: out of memory (SIGKILL) — MemoryError: \\x1b[31mno" in text
    assert "launched again: exit code 3" in text
    assert "than expected" not in text
    result = ask(tale, number).result
    assert (result.value, result.better_by, result.deviations, result.improved, result.best) == (*[None] * 4, False)


def test_a_trial_that_failed_is_not_held_against_what_was_expected() -> None:
    tale = Tale(budget={"name": "epochs", "max": 9})
    number = plan(tale, GP)
    tale.launch(number, to=9)
    tale.report(number, 0.5, 1)
    tale.end(number, "failed", "exit", code=3)
    assert "before that it had come to val_accuracy 0.5" in told(tale, number).splitlines()
    assert ask(tale, number).result.better_by is None


def test_the_best_trial_is_called_so() -> None:
    tale = Tale()
    numbers = [completed(tale, GP, value) for value in (0.9, 0.922, 0.91)]
    assert ["it is the best trial" in told(tale, number) for number in numbers] == [False, True, False]
    assert "it came out at val_accuracy 0.922: 0.6 sd better than expected, better than the incumbent" in told(tale, 1)
    assert "it came out at val_accuracy 0.9: 0.5 sd worse than expected" in told(tale, 0).splitlines()


@pytest.mark.parametrize("sd", [0, -1, 1e-320])
def test_an_expectation_without_a_spread(sd: float) -> None:
    tale = Tale(metric={"name": "m", "goal": "minimize"})
    number = completed(tale, {**GP, "mean": 1.5, "sd": sd}, 1.25)
    assert ask(tale, number).result.deviations is None
    assert "0.25 better than expected" in told(tale, number)
