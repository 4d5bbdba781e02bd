"""A searcher that takes its time, and the loop beside it in virtual time.

The searcher waits until virtual time has come to a point that the test chooses, so nothing depends on how fast the
machine is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from virtual import ListJournal, SilentScreen

from hpotune import events as ev
from hpotune import strategies
from hpotune.events import Event
from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.run.executor import ExecutorEvent
from hpotune.run.loop import Loop
from hpotune.run.simulator import End, Script, VirtualClock, VirtualExecutor
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
        proposal = self.loop._proposals._out
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
    return lambda job: Script(lines, End(duration))


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
    kind = SearcherKind(lambda study, chosen: Slow(gate), "for tests", quick=quick, takes_default=False)
    monkeypatch.setattr(strategies, "SEARCHERS", {**strategies.SEARCHERS, "slow": kind})
    whole = study(strategy={"searcher": "slow", "scheduler": "full"}, **changes)
    journal, screen = ListJournal(), SilentScreen()
    ledger = Ledger(journal, clock=clock)
    ledger.append(ev.StudyStarted(ev.FORMAT, whole.to_dict(), whole.seed or 0))
    ledger.append(ev.Capacity(whole.workers or 1))
    executor = SteppingExecutor(clock, whole.workers or 1, behave)
    executor.gate, executor.wakers = gate, set()
    loop = executor.loop = Loop(ledger, journal, executor, executor, screen, clock)
    for at, number in signals:
        executor.at(at, lambda number=number: loop.signal(number))
    try:
        loop.run(whole.limits.time)
    finally:
        gate.take_down()
    return Run(whole, gate, journal, ledger, executor, screen)
