"""The executor in virtual time keeps the contract of executors."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hpotune.errors import RunError
from hpotune.run.attempt import Attempt, Reading
from hpotune.run.deadlines import Deadlines
from hpotune.run.executor import ExecutorEvent, Exit, LaunchFailed, Lost, Output, Queued, Started
from hpotune.run.simulator import End, Script, VirtualClock, VirtualExecutor
from hpotune.tuner import Job
from studies import study

Happened = list[tuple[float, str, int]]


def job(trial: int, attempt: int = 0) -> Job:
    return Job(trial, 0, attempt, {}, None, None, trial)


class Stage:
    """An executor whose trials all do the same, and what it told when."""

    def __init__(self, script: Script | Callable[[Job], Script], capacity: int = 1) -> None:
        self.clock = VirtualClock()
        self.executor = VirtualExecutor(self.clock, capacity, script if callable(script) else lambda _: script)
        self.told: list[tuple[float, ExecutorEvent]] = []

    def submit(self, *trials: int) -> None:
        for trial in trials:
            self.executor.submit(self.executor.prepare(job(trial)))

    def wait(self, timeout: float = math.inf) -> list[ExecutorEvent]:
        events = self.executor.wait(timeout)
        self.told += [(self.clock.now, event) for event in events]
        return events

    def play(self) -> Happened:
        while self.executor.running or self.executor._told:
            self.wait()
        return [(at, type(event).__name__, event.id[0]) for at, event in self.told]


SCRIPT = Script([(2.0, b"loss=0.5\n")], End(3.0))


def test_the_trace_of_its_docstring() -> None:
    stage = Stage(SCRIPT)
    stage.submit(0)
    assert stage.play() == [(0.0, "Started", 0), (2.0, "Output", 0), (3.0, "Exit", 0)]
    assert stage.told[1][1] == Output((0, 0, 0), "stdout", b"loss=0.5\n")
    assert stage.told[2][1] == Exit((0, 0, 0), 0, None, 3.0, {}, killed=False, stragglers=0)
    assert stage.executor.busy == 3.0


def test_what_finds_no_place_waits_in_the_order_it_came() -> None:
    stage = Stage(SCRIPT)
    stage.submit(0, 1, 2)
    happened = stage.play()
    assert happened[:3] == [(0.0, "Started", 0), (0.0, "Queued", 1), (0.0, "Queued", 2)]
    assert [(at, trial) for at, kind, trial in happened if kind == "Started"] == [(0.0, 0), (3.0, 1), (6.0, 2)]
    assert stage.executor.most_out == 3
    assert (stage.clock.now, stage.executor.busy) == (9.0, 9.0)


def test_a_cancel_in_the_queue_ends_what_never_ran() -> None:
    stage = Stage(SCRIPT)
    stage.submit(0, 1)
    stage.wait()
    stage.executor.cancel((1, 0, 0), 10.0)
    assert stage.wait() == [Exit((1, 0, 0), None, None, 0.0, {}, killed=True, stragglers=0)]
    assert [trial for _, kind, trial in stage.play() if kind == "Started"] == [0]


@pytest.mark.parametrize(
    ("on_term", "grace", "ends", "number"),
    [(0.0, 9.0, 1.0, 15), (1.5, 9.0, 2.5, 15), (None, 0.5, 1.5, 9), (4.0, 1.8, 2.8, 9)],
)
def test_a_cancel_ends_it_when_it_heeds_or_at_the_end_of_the_grace(
    on_term: float | None, grace: float, ends: float, number: int
) -> None:
    stage = Stage(SCRIPT)
    stage.executor.on_term = on_term
    stage.submit(0)
    stage.executor.at(1.0, lambda: stage.executor.cancel((0, 0, 0), grace))
    happened = stage.play()
    assert (happened[-1][0], stage.told[-1][1]) == (
        ends, Exit((0, 0, 0), None, number, ends, {}, killed=True, stragglers=0)
    )  # fmt: skip
    assert [at for at, kind, _ in happened if kind == "Output"] == ([2.0] if ends > 2 else []), (
        "it prints until its end"
    )
    assert not stage.executor._due or all(
        item not in stage.executor._running.values() for _, _, item in stage.executor._due
    )


def test_the_earlier_of_two_deadlines_holds_and_an_end_of_its_own_comes_first() -> None:
    stage = Stage(SCRIPT)
    stage.executor.on_term = None
    stage.submit(0)
    stage.executor.cancel((0, 0, 0), 2.5)
    stage.executor.cancel((0, 0, 0), 1.0)
    stage.executor.cancel((0, 0, 0), 2.0)
    assert stage.play()[-1][0] == 1.0
    other = Stage(SCRIPT)
    other.executor.on_term = None
    other.submit(0)
    other.executor.cancel((0, 0, 0), 50.0)
    assert other.play()[-1] == (3.0, "Exit", 0)
    assert other.told[-1][1].code == 0  # type: ignore[union-attr]
    stage.executor.cancel((0, 0, 0), 0.0)  # unknown: no effect


def test_machines_go_away_and_processes_do_not_come_to_be() -> None:
    ends = {0: End(1.0, lost="gone"), 1: End(0.0, launch_fails=True), 2: End(1.0, code=None, signal=9, oom=True)}
    stage = Stage(lambda job: Script([], ends[job.trial_id]), capacity=3)
    stage.submit(0, 1, 2)
    stage.play()
    told = [event for _, event in stage.told]
    assert Lost((0, 0, 0), "gone") in told
    assert any(isinstance(event, LaunchFailed) and not event.transient for event in told)
    assert Started((1, 0, 0), {}, ()) not in told
    assert Exit((2, 0, 0), None, 9, 1.0, {}, killed=False, stragglers=0, oom=True) in told


def test_a_wait_lasts_until_something_happens_it_is_woken_or_time_is_up() -> None:
    stage = Stage(SCRIPT)
    stage.submit(0)
    stage.wait()
    assert (stage.wait(0.5), stage.clock.now) == ([], 0.5)
    stage.executor.wake()
    assert (stage.wait(), stage.clock.now) == ([], 0.5)
    assert ([type(event) for event in stage.wait(60.0)], stage.clock.now) == ([Output], 2.0)


def test_nothing_that_could_happen_is_an_error_and_no_endless_wait() -> None:
    stage = Stage(Script([], End(None)))
    stage.submit(7)
    stage.wait()
    with pytest.raises(RunError, match="trial 7 never ends") as caught:
        stage.wait()
    assert "trial.timeout" in caught.value.remedy
    stage.executor.close(0.0)
    with pytest.raises(RunError, match="nothing is left"):
        stage.wait()


def test_what_outlives_a_session_is_lost() -> None:
    assert Stage(SCRIPT).executor.reattach({(0, 0, 0): {}}) == [Lost((0, 0, 0), "the session is over")]
    assert isinstance(Queued((0, 0, 0)), Queued)


# The limits of time, of which the loop asks for the soonest


def test_deadlines_move_with_what_is_heard_and_end_with_the_attempt() -> None:
    whole = study(trial={"timeout": 10, "stall_timeout": 4})
    deadlines, reading = Deadlines(whole.trial), Reading(whole)
    attempts = [Attempt(job(trial), reading, "") for trial in range(3)]
    assert deadlines.soonest() == math.inf
    for trial, attempt in enumerate(attempts):
        attempt.start(float(trial))
        deadlines.watch(attempt)
    assert deadlines.soonest() == 4.0
    list(attempts[0].feed("stdout", b"x", 3.5))
    assert deadlines.soonest() == 5.0, "of attempt 1"
    attempts[1].leave()
    assert deadlines.soonest() == 6.0, "of attempt 2"
    assert list(deadlines.due(5.9)) == []
    assert list(deadlines.due(7.5)) == [(attempts[2], "stall"), (attempts[0], "stall")]
    assert deadlines.soonest() == math.inf, "each is told once"


def test_a_timeout_comes_though_the_trial_goes_on_printing() -> None:
    whole = study(trial={"timeout": 10, "stall_timeout": 4})
    deadlines, attempt = Deadlines(whole.trial), Attempt(job(0), Reading(whole), "")
    attempt.start(0.0)
    deadlines.watch(attempt)
    for second in range(10):
        list(attempt.feed("stdout", b"x", float(second)))
        assert list(deadlines.due(float(second))) == []
    assert list(deadlines.due(10.0)) == [(attempt, "timeout")]
