"""A whole study in virtual time: the loop, the ledger, the schedulers and searchers of a real run, and no process.

study = hpotune.load_study("study.yaml")
done = simulate(study, lambda config, budget, seed: (config["lr"] - 0.1) ** 2 + 1 / budget, workers=16)
done.history.best, done.seconds, done.busy
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History
from hpotune.run.loop import Loop
from hpotune.run.parts import Journal
from hpotune.run.screen import Screen
from hpotune.run.simulator.executor import Script, VirtualClock, VirtualExecutor
from hpotune.run.simulator.world import Problem, Scripted, World
from hpotune.strategies import complete
from hpotune.study import Study
from hpotune.study.secrets import recorded
from hpotune.tuner import Job, Ledger, Memory, Sink, versions


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of a simulation.

    Attributes:
        history: as after a real run.
        events: its journal, unless it went to a sink of the caller's.
        seconds: how long the study took, in virtual time.
        busy: the share of the workers' time in which an attempt ran.
    """

    history: History
    events: list[Event] = field(repr=False)
    seconds: float
    busy: float


def simulate(
    study: Study, problem: Problem, *, workers: int | None = None, world: World | None = None, sink: Sink | None = None
) -> Simulated:
    """Run a study on a problem, in virtual time.

    Args:
        study: what to tune, how, and with which limits. Its command is not called; without a seed it has seed 0.
        problem: (config, budget, seed) -> the metric, with its own sign, of a training to `budget`.
        workers: trials at a time (default: the study's, else 1).
        world: how long training takes, and what goes wrong (default: a second for a unit of budget, nothing).
        sink: where events are kept (default: a list).

    Raises:
        StudyError: the study's strategy does not fit.
        RunError: a trial never ends, and the study has no timeout.
    """
    study = printing_json(study)
    return simulate_scripts(study, Scripted(study, problem, world or World()), workers=workers, sink=sink)


def simulate_scripts(
    study: Study, behave: Callable[[Job], Script], *, workers: int | None = None, sink: Sink | None = None
) -> Simulated:
    """Run a study whose attempts do what `behave` says, in virtual time. Arguments and errors as in `simulate`."""
    study = complete(study if study.seed is not None else study.replace(seed=0))
    clock, memory = VirtualClock(), Memory()
    ledger = Ledger(memory if sink is None else sink, clock=clock, virtual=True)
    ledger.append(ev.StudyStarted(ev.FORMAT, recorded(study).to_dict(), study.seed or 0, versions()))
    workers = workers or study.workers or 1
    ledger.append(ev.Capacity(workers))
    executor = VirtualExecutor(clock, workers, behave)
    play(ledger, executor, study.limits.time)
    return Simulated(ledger.history, memory.events, clock.now, executor.busy / max(clock.now * workers, 1e-9))


def play(
    ledger: Ledger,
    executor: VirtualExecutor,
    time_left: float | None,
    *,
    journal: Journal | None = None,
    screen: Screen | None = None,
    signals: tuple[tuple[float, int], ...] = (),
) -> None:
    """One session in virtual time, from the ledger as it stands: to `time_left`, with (seconds, number) of signals."""
    loop = Loop(ledger, journal or Unsaved(), executor, executor, screen or Unseen(), executor.clock)
    for seconds, number in signals:
        executor.at(seconds, partial(loop.signal, number))
    loop.run(time_left, tick=math.inf)


def printing_json(study: Study) -> Study:
    """The study as it would be for a script that prints the metric and its budget as JSON, counting from 1."""
    metric = {**study.metric.model_dump(mode="json"), "source": "auto", "pattern": None}
    if study.budget is None:
        return study.replace(metric=metric)
    return study.replace(metric=metric, budget={**study.budget.model_dump(mode="json"), "first": 1})


class Unsaved:
    """A journal of which nothing has to survive."""

    def write(self) -> None:
        """See `Journal`."""

    def flush(self) -> None:
        """See `Journal`."""


class Unseen:
    """A screen that nobody looks at."""

    def event(self, n: int, event: Event) -> None:
        """See `Screen`."""

    def say(self, text: str, *, level: str = "info") -> None:
        """See `Screen`."""

    def tick(self, now: float) -> None:
        """See `Screen`."""

    def close(self, now: float) -> None:
        """See `Screen`."""
