"""A searcher that takes its time is asked in a thread beside the loop, which goes on meanwhile.

The searcher of these tests waits until virtual time has come to a point that the test chooses, so nothing here depends
on how fast the machine is.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from virtual import End, ListJournal, Script, SilentScreen, VirtualClock, VirtualExecutor

from hpotune import events as ev
from hpotune import strategies
from hpotune.events import Event
from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.replay import replay
from hpotune.run.executor import ExecutorEvent
from hpotune.run.loop import Loop
from hpotune.searchers import Answer, RandomSearcher
from hpotune.space import Space
from hpotune.strategies import SearcherKind
from hpotune.study import Study
from hpotune.tuner import Job, Ledger
from studies import study

_PATIENCE = 20.0  # seconds of real time; only a failing test waits as long


@dataclass
class Gate:
    """Holds each proposal back until virtual time reaches what `takes` says for its trial."""

    clock: VirtualClock
    takes: Callable[[int], float]
    moved: threading.Condition = field(default_factory=threading.Condition)
    asked: list[tuple[int, float, int]] = field(default_factory=list)  # (trial, when, how many had been tried)
    due: float | None = None  # of the proposal that is held back
    most_inside: int = 0
    threads: set[str] = field(default_factory=set)
    is_down: bool = False
    _inside: int = 0

    def pass_through(self, observations: Observations) -> None:
        if self.is_down:  # the replay asks again
            return
        with self.moved:
            self._inside += 1
            self.most_inside = max(self.most_inside, self._inside)
            self.asked.append((observations.trial, self.clock.now, len(observations.tried)))
            self.threads.add(threading.current_thread().name)
            due = self.due = self.clock.now + self.takes(observations.trial)
            assert self.moved.wait_for(lambda: self.clock.now >= due or self.is_down, _PATIENCE)
            self._inside -= 1

    def holds(self) -> bool:
        """Whether a proposal is held back as of now."""
        return self.due is not None and self.due > self.clock.now

    def move(self) -> None:
        """Time has moved on."""
        with self.moved:
            self.moved.notify_all()

    def take_down(self) -> None:
        """Let everything pass from now on."""
        with self.moved:
            self.is_down = True
            self.moved.notify_all()


@dataclass(frozen=True)
class Slow:
    """Random search behind a gate."""

    gate: Gate

    def propose(self, space: Space, observations: Observations, key: Key, budget: float | None) -> Answer:
        self.gate.pass_through(observations)
        return RandomSearcher().propose(space, observations, key, budget)


class SteppingExecutor(VirtualExecutor):
    """Moves time on only while the proposal is held back, or none is out; so real time plays no part."""

    gate: Gate
    loop: Loop
    wakers: set[str]

    def wait(self, timeout: float | None) -> list[ExecutorEvent]:
        proposal = self.loop._proposal
        if proposal is not None:
            late = time.monotonic() + _PATIENCE
            while not proposal[1].done() and not self.gate.holds():
                assert time.monotonic() < late
                time.sleep(0.0002)
            if proposal[1].done():
                super().wake()
        happened = super().wait(timeout)
        self.gate.move()
        return happened

    def wake(self) -> None:
        self.wakers.add(threading.current_thread().name)
        super().wake()


@dataclass
class Run:
    """What a run beside a slow searcher came to."""

    study: Study
    gate: Gate
    journal: ListJournal
    ledger: Ledger
    executor: SteppingExecutor
    screen: SilentScreen

    def events(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.journal.events if isinstance(event, kind)]

    def at(self, event: Event) -> float:
        return float(event.measured["at"])


def seconds(duration: float) -> Callable[[Job], Script]:
    """Each trial takes so long and reports every second."""
    lines = [(float(at), b"loss=%d\n" % (9 - at)) for at in range(1, int(duration) + 1)]
    return lambda job: (lines, End(duration))


def run(
    monkeypatch: pytest.MonkeyPatch,
    *,
    takes: Callable[[int], float],
    behave: Callable[[Job], Script],
    signals: tuple[tuple[float, int], ...] = (),
    quick: bool = False,
    **changes: Any,
) -> Run:
    clock = VirtualClock()
    gate = Gate(clock, takes)
    kind = SearcherKind(lambda _: Slow(gate), "for tests", quick=quick, takes_default=False)
    monkeypatch.setattr(strategies, "SEARCHERS", {**strategies.SEARCHERS, "slow": kind})
    whole = study(strategy={"searcher": "slow", "scheduler": "full"}, **changes)
    journal, screen = ListJournal(), SilentScreen()
    ledger = Ledger(journal, clock=clock)
    ledger.append(ev.StudyStarted(ev.FORMAT, whole.to_dict(), whole.seed or 0))
    ledger.append(ev.Capacity(whole.workers or 1))
    executor = SteppingExecutor(clock, whole.workers or 1, behave)
    executor.gate, executor.wakers = gate, set()
    loop = executor.loop = Loop(ledger, journal, executor, executor, screen, clock)
    executor.at = [(at, lambda number=number: loop.signal(number)) for at, number in signals]
    try:
        loop.run(whole.limits.time)
    finally:
        gate.take_down()
    return Run(whole, gate, journal, ledger, executor, screen)


def test_the_loop_goes_on_while_a_proposal_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trial 0 runs for 6 seconds, the proposal for trial 1 takes 100."""
    done = run(
        monkeypatch,
        takes=lambda trial: 100.0 if trial == 1 else 0.0,
        behave=seconds(6),
        workers=2,
        limits={"trials": 2},
    )
    reports = [(event.trial, done.at(event)) for event in done.events(ev.Reported)]
    assert reports[:6] == [(0, float(at)) for at in range(1, 7)]
    first, second = (done.at(event) for event in done.events(ev.TrialPlanned))
    assert first < 1
    assert 100 <= second < 101
    assert done.at(done.events(ev.JobEnded)[0]) == 6.0, "its end was not kept waiting"
    assert done.ledger.history.finished == "trials"


def test_a_proposal_is_asked_for_in_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, takes=lambda _: 0.5, behave=seconds(2), workers=2, limits={"trials": 4})
    assert len(done.gate.threads) == 1
    assert threading.current_thread().name not in done.gate.threads
    assert done.executor.wakers == done.gate.threads, "it wakes the loop when it is through"


def test_a_quick_searcher_is_asked_inside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, takes=lambda _: 0.0, behave=seconds(2), workers=2, limits={"trials": 4}, quick=True)
    assert done.gate.threads == {threading.current_thread().name}


def test_timeouts_fire_while_a_proposal_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(
        monkeypatch,
        takes=lambda trial: 50.0 if trial == 1 else 0.0,
        behave=lambda job: ([], End(None)) if job.trial_id == 0 else seconds(1)(job),
        workers=2,
        limits={"trials": 2},
        trial={"timeout": 5},
    )
    (fired,) = done.events(ev.TimerFired)
    assert (fired.timer, fired.trial) == ("timeout", 0)
    assert 5 <= done.at(fired) < 5.5
    assert [trial.state for trial in done.ledger.history.trials] == ["failed", "completed"]


def test_one_proposal_at_a_time_and_never_ahead_of_a_free_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slots are free at the start; each proposal takes a second and sees all that were planned before it."""
    done = run(monkeypatch, takes=lambda _: 1.0, behave=seconds(10), workers=3, limits={"trials": 7})
    assert done.gate.most_inside == 1
    assert [(trial, tried) for trial, _, tried in done.gate.asked] == [(number, number) for number in range(7)]
    assert [round(when) for _, when, _ in done.gate.asked[:3]] == [0, 1, 2]
    fourth = done.gate.asked[3][1]
    assert fourth >= 11, "it waited until the first trial was over"
    assert done.executor.most_running == 3


def test_the_slot_of_a_proposal_is_kept_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trial 0 fails while the last free slot is reserved: its retry goes into its own slot, not the reserved one."""
    fails = {(0, 0): 3.0}

    def behave(job: Job) -> Script:
        after = fails.get((job.trial_id, job.attempt))
        return ([], End(after, code=1)) if after is not None else seconds(20)(job)

    done = run(
        monkeypatch,
        takes=lambda trial: 10.0 if trial == 1 else 0.0,
        behave=behave,
        workers=2,
        limits={"trials": 2},
        trial={"retries": 1},
    )
    launches = [(event.trial, event.attempt, round(done.at(event))) for event in done.events(ev.JobPlanned)]
    assert launches == [(0, 0, 0), (0, 1, 3), (1, 0, 10)]
    assert replay(done.journal.events).differences == ()


def test_with_one_worker_a_retry_waits_for_no_proposal_that_is_not_out(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(
        monkeypatch,
        takes=lambda _: 2.0,
        behave=lambda job: ([], End(1.0, code=1)),
        workers=1,
        limits={"trials": 2},
        trial={"retries": 1},
    )
    launches = [(event.trial, event.attempt, round(done.at(event))) for event in done.events(ev.JobPlanned)]
    assert launches == [(0, 0, 2), (0, 1, 3), (1, 0, 6), (1, 1, 7)]


@pytest.mark.parametrize(
    ("number", "why"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "interrupted"), (None, "time")]
)
def test_a_proposal_that_comes_after_the_stop_is_dropped(
    monkeypatch: pytest.MonkeyPatch, number: int | None, why: str
) -> None:
    """Trial 0 runs on until 8; at 4 the user, or the clock, ends the session; the proposal would come at 6."""
    done = run(
        monkeypatch,
        takes=lambda trial: 6.0 if trial == 1 else 0.0,
        behave=seconds(8),
        signals=() if number is None else ((4.0, number),),
        workers=2,
        limits={"trials": 5} if number is not None else {"trials": 5, "time": 4},
    )
    history = done.ledger.history
    assert history.finished == why
    assert len(history.trials) == 1
    assert len(done.events(ev.TrialPlanned)) == 1
    assert history.trials[0].state == ("completed" if number == signal.SIGINT else "planned")
    assert isinstance(done.journal.events[-1], ev.StudyFinished)
    assert replay(done.journal.events).differences == ()


def test_a_drain_does_not_wait_for_a_proposal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs and a proposal is out: the session ends at once."""
    done = run(
        monkeypatch,
        takes=lambda _: 1000.0,
        behave=seconds(1),
        signals=((3.0, signal.SIGINT),),
        workers=1,
    )
    assert done.ledger.history.finished == "interrupted"
    assert done.executor.clock.now < 4


def test_what_a_searcher_raises_is_raised_by_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenError(Exception):
        pass

    def takes(trial: int) -> float:
        if trial == 1:
            raise BrokenError
        return 0.0

    with pytest.raises(BrokenError):
        run(monkeypatch, takes=takes, behave=seconds(3), workers=2)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("takes", [0.0, 0.7, 3.0])
def test_decisions_replay_from_what_they_saw(monkeypatch: pytest.MonkeyPatch, workers: int, takes: float) -> None:
    """A plan carries the number of the event that its proposal saw, though others came in between."""

    def behave(job: Job) -> Script:
        fails = job.trial_id % 3 == 1 and job.attempt == 0
        return (seconds(2)(job)[0], End(1.5 + 0.3 * job.trial_id, code=1 if fails else 0))

    done = run(
        monkeypatch,
        takes=lambda trial: takes * (1 + trial % 2),
        behave=behave,
        workers=workers,
        limits={"trials": 9},
        trial={"retries": 1},
    )
    assert done.ledger.history.finished == "trials"
    result = replay(done.journal.events)
    assert result.differences == ()
    behind = [n - event.saw for n, event in enumerate(done.journal.events) if isinstance(event, ev.TrialPlanned)]
    assert min(behind) >= 1
    if takes and workers > 1:
        assert max(behind) > 1, "no event came in between: the test shows nothing"


def test_the_configurations_are_those_of_a_quick_searcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one worker it makes no difference where a proposal is computed."""
    slow, quick = (
        run(monkeypatch, takes=lambda _: 0.0, behave=seconds(2), workers=1, quick=quick) for quick in (False, True)
    )
    assert [trial.config for trial in slow.ledger.history.trials] == [
        trial.config for trial in quick.ledger.history.trials
    ]
