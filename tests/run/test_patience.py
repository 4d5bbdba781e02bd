"""A user's own regular expression must not make the tuner deaf."""

from __future__ import annotations

import re
import signal
import threading

import pytest

from hpotune.errors import StudyError
from hpotune.run import attempt
from hpotune.run.attempt import Reading
from hpotune.run.patience import TooLongError, at_most
from studies import study

HOPELESS = re.compile(r"(a+)+$")
LINE = "a" * 60 + "b"


def test_a_hopeless_match_is_interrupted_and_the_alarm_is_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TooLongError), at_most(0.05):
        HOPELESS.search(LINE)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_is_quick_enough_goes_through() -> None:
    with at_most(60.0):
        assert HOPELESS.search("aaa")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_other_threads_have_no_bound_and_no_harm() -> None:
    done: list[bool] = []

    def work() -> None:
        with at_most(0.001):
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_such_a_pattern_is_a_mistake_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "_PATIENCE", 0.05)
    reading = Reading(study(metric={"name": "loss", "goal": "minimize", "pattern": "(a+)+$"}))
    with pytest.raises(StudyError) as error:
        reading.read(["a line", LINE])
    assert error.value.problems[0].path == ("metric", "pattern")
    assert LINE in error.value.problems[0].message
