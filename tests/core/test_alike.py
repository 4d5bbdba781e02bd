"""A script that fails in one and the same way from the beginning on ends the study; nothing else does."""

from __future__ import annotations

import pytest

from hpotune import events as ev
from hpotune.causes import fingerprint
from hpotune.history import History
from hpotune.schedulers import must_end
from hpotune.tuner import Ledger, Memory
from studies import study


class Tale:
    """Trials that begin and end as a test says."""

    def __init__(self, workers: int = 4, **changes: object) -> None:
        self.memory = Memory()
        self.ledger = Ledger(self.memory)
        whole = study(**{"limits": {"trials": 20}, "workers": workers, **changes})
        self.ledger.append(ev.StudyStarted(1, whole.to_dict(), 1))
        self.ledger.append(ev.Capacity(workers))
        self.launched = 0

    @property
    def history(self) -> History:
        return self.ledger.history

    def begin(self) -> int:
        number = self.launched
        self.launched += 1
        self.ledger.append(ev.TrialPlanned(number, {"lr": 0.01 * (number + 1)}, "search", self.history.n))
        self.ledger.append(ev.JobPlanned(number, 0, 0, None, None, "first", self.history.n))
        return number

    def report(self, number: int) -> None:
        self.ledger.append(ev.Reported(number, 0, 0, None, 0.5))

    def fail(self, number: int, message: str = "boom", cause: str = "exit") -> None:
        alike = fingerprint(cause, 1, None, message)
        self.ledger.append(ev.JobEnded(number, 0, 0, "failed", cause, 1, message=message, fingerprint=alike))

    def complete(self, number: int) -> None:
        self.report(number)
        self.ledger.append(ev.JobEnded(number, 0, 0, "completed", code=0))

    def verdicts(self, *steps: str) -> list[str | None]:
        found = []
        for step in steps:
            number = self.begin()
            self.complete(number) if step == "ok" else self.fail(number, step)
            found.append(must_end(self.history))
        return found


def test_three_of_a_kind_end_the_study() -> None:
    assert Tale().verdicts("boom 1", "boom 2", "boom 3") == [None, None, "same_failures"]


@pytest.mark.parametrize(
    "steps", [("boom", "boom", "bang", "boom", "boom", "boom"), ("ok", "boom", "boom", "boom", "boom")]
)
def test_nothing_ends_it_if_one_was_otherwise(steps: tuple[str, ...]) -> None:
    assert set(Tale().verdicts(*steps)) == {None}


def test_how_many_is_the_studys_to_say() -> None:
    assert Tale(limits={"trials": 9, "same_failures": 2}).verdicts("boom", "boom") == [None, "same_failures"]
    assert set(Tale(limits={"trials": 9, "same_failures": 0}).verdicts(*["boom"] * 8)) == {None}


def test_a_failure_without_a_fingerprint_is_like_no_other() -> None:
    tale = Tale()
    for _ in range(5):
        number = tale.begin()
        tale.ledger.append(ev.JobEnded(number, 0, 0, "failed", "exit", 1))
        assert must_end(tale.history) is None


def test_one_that_has_come_further_than_those_that_failed_is_waited_for() -> None:
    tale = Tale()
    healthy = tale.begin()
    tale.report(healthy)
    assert set(tale.verdicts("boom", "boom", "boom", "boom")) == {None}
    tale.fail(healthy)
    assert must_end(tale.history) == "same_failures"


def test_what_one_has_come_to_counts_even_if_it_is_interrupted() -> None:
    """Else the verdict would come and go with every interruption, and the study never end."""
    tale = Tale()
    healthy = tale.begin()
    tale.report(healthy)
    tale.verdicts("boom", "boom", "boom")
    tale.ledger.append(ev.SignalReceived("SIGTERM", "stop"))
    tale.ledger.append(ev.JobEnded(healthy, 0, 0, "interrupted", "interrupted"))
    tale.ledger.append(ev.StudyResumed([]))
    assert must_end(tale.history) is None


def test_one_that_reports_while_it_is_ended_does_not_make_the_verdict_come_and_go() -> None:
    tale = Tale()
    last = tale.begin()
    assert tale.verdicts("boom", "boom", "boom")[-1] == "same_failures"
    tale.report(last)
    tale.ledger.append(ev.JobEnded(last, 0, 0, "interrupted", "same_failures"))
    assert must_end(tale.history) is None
    tale.ledger.append(ev.JobPlanned(last, 0, 1, None, None, "resume", tale.history.n))
    assert must_end(tale.history) is None


def test_one_that_has_come_no_further_does_not_hold_it_up() -> None:
    tale = Tale()
    others = [tale.begin() for _ in range(4)]
    for number in others:
        tale.report(number)
    for number in others[:3]:
        tale.fail(number)
    assert must_end(tale.history) == "same_failures"


def test_a_resume_alone_changes_nothing_a_mended_study_does() -> None:
    tale = Tale()
    tale.verdicts("boom", "boom", "boom")
    tale.ledger.append(ev.StudyResumed([]))
    assert must_end(tale.history) == "same_failures"
    tale.ledger.append(ev.StudyResumed([], retry_failed=["exit"]))
    assert must_end(tale.history) is None
    assert len(tale.history.dues.to_retry) == 3


def test_a_mended_script_is_tried_again() -> None:
    tale = Tale()
    tale.verdicts("boom", "boom", "boom")
    tale.ledger.append(ev.StudyResumed([], hashes={"files": {"train.py": "ab"}}))
    assert must_end(tale.history) is None
    assert tale.verdicts("boom", "boom", "boom")[-1] == "same_failures"


def test_a_wish_to_retry_what_has_not_failed_does_not_get_round_it() -> None:
    tale = Tale()
    tale.verdicts("boom", "boom", "boom")
    tale.ledger.append(ev.StudyResumed([], retry_failed=["timeout"]))
    assert must_end(tale.history) == "same_failures"
