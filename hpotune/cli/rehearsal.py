"""A rehearsal of a study in virtual time: its own scheduler and limits, over trials that never fail.

Their losses are random, a trial's the same at every budget, and a unit of budget takes the same time in all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hpotune.events import Event
from hpotune.history import History
from hpotune.keys import Key
from hpotune.protocol import budget_keys
from hpotune.run.simulator import End, Script, simulate_scripts
from hpotune.run.simulator.simulate import printing_json
from hpotune.schedulers import Scheduler
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.asha_stop import AshaStopScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.strategies import SCHEDULERS, product
from hpotune.study import Study
from hpotune.summary import Tally
from hpotune.tuner import Job

_EXAMPLE = 100


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a study may go.

    trials   how many trials there are at most: by its limit, by its space, or as an example; None: nothing tells
    example  whether nothing but time or a target limits the study, so that its length is an example
    points   how many configurations the space has, where that is finite, conditions and constraints ignored
    """

    trials: int | None
    example: bool
    points: int | None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of a rehearsal."""

    history: History
    tally: Tally
    seconds: float


def extent(study: Study, scheduler: Scheduler[Any], unit_time: float | None) -> Extent:
    """How far a study may go."""
    grid = product(study).searcher == "grid"
    points = study.space.grid_size() if grid else study.space.cardinality()
    limits = [study.limits.trials, study.limits.budget, None if unit_time is None else study.limits.time]
    example = not any(limits) and not grid and study.strategy.options.get("brackets", "auto") == "auto"
    ends = [study.limits.trials, points]
    if example and not isinstance(scheduler, SynchronousScheduler):
        ends.append(_of_each_rung(scheduler))
    return Extent(min((end for end in ends if end is not None), default=None), example, points)


def rehearse(
    study: Study,
    scheduler: Scheduler[Any],
    far: Extent,
    *,
    most: int,
    workers: int,
    unit_time: float | None,
    take: int = 0,
) -> Rehearsed:
    """Rehearse at most `most` trials of a study; each `take` has other losses."""
    smaller = _reduced(study, scheduler, far, unit_time, most)
    if take:
        smaller = smaller.replace(seed=take)
    tally = Tally()
    steady = _Steady(smaller, scheduler, unit_time or 1.0)
    done = simulate_scripts(smaller, steady, workers=workers, sink=_Into(tally))
    return Rehearsed(done.history, tally, done.seconds)


def _reduced(study: Study, scheduler: Scheduler[Any], far: Extent, unit_time: float | None, most: int) -> Study:
    """The study as it is rehearsed.

    ASHA keeps other checkpoints if it has a limit on the trials. Where it has none, it is the space that ends after so
    many.
    """
    searcher, name, _ = product(study)
    options: dict[str, Any] = {
        key: value for key, value in study.strategy.options.items() if key in SCHEDULERS[name].options and key != "stop"
    }
    if far.example and isinstance(scheduler, SynchronousScheduler):
        options["brackets"] = len(scheduler.kinds)
    trials = min(far.trials or most, most)
    exhausts = far.points is not None and far.points <= trials
    limits: dict[str, Any] = {
        "trials": min(study.limits.trials or most, most) if exhausts else trials,
        "budget": study.limits.budget,
    }
    if unit_time is not None:
        limits["time"] = study.limits.time
    searcher = "grid" if searcher == "grid" else "random"
    space: dict[str, Any] = {} if far.points is not None else _points({"type": "float", "low": 0.0, "high": 1.0})
    if isinstance(scheduler, AshaScheduler) and study.limits.trials is None and trials > 1:
        limits["trials"] = None
        if not exhausts:
            searcher, space = "grid", _points({"type": "int", "low": 1, "high": trials})
    reduced = study.replace(
        strategy={"searcher": searcher, "scheduler": name, **options},
        limits=limits,
        metric={**study.metric.model_dump(mode="json", by_alias=True), "target": None},
        trial={
            **study.trial.model_dump(mode="json", by_alias=True), "timeout": None, "stall_timeout": None, "retries": 0,
        },
        **space,
    )  # fmt: skip
    return printing_json(reduced)


def _points(parameter: dict[str, Any]) -> dict[str, Any]:
    return {"parameters": {"x": parameter}, "constraints": [], "enqueue": []}


def _of_each_rung(scheduler: Scheduler[Any]) -> int:
    """As many trials as leave one at the top."""
    if isinstance(scheduler, AshaScheduler | AshaStopScheduler):
        return int(scheduler.eta ** (len(scheduler.levels) - 1))
    return _EXAMPLE


class _Into:
    """A sink that keeps a tally alone."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def append(self, n: int, event: Event) -> None:
        """See `Sink`."""
        del n
        self._tally.take(event)


class _Steady:
    """Attempts that never fail, and take the same time for each unit of budget; they report at the rungs alone."""

    def __init__(self, study: Study, scheduler: Scheduler[Any], seconds: float) -> None:
        budget = study.budget
        self._levels = () if budget is None else sorted({*scheduler.levels, budget.max})
        self._seconds = seconds
        self._metric = json.dumps(study.metric.name)
        self._budget = "" if budget is None else json.dumps(budget_keys(budget.name, budget.key)[0])

    def __call__(self, job: Job) -> Script:
        """See `VirtualExecutor`."""
        value = float(Key.of(job.seed, "plan").uniforms(1)[0])
        if job.budget is None:
            return Script([(self._seconds, f"{{{self._metric}: {value!r}}}\n".encode())], End(self._seconds))
        start = job.previous_budget or 0
        points = [level for level in self._levels if start < level <= job.budget]
        output = [
            ((at - start) * self._seconds, f"{{{self._budget}: {at!r}, {self._metric}: {value!r}}}\n".encode())
            for at in points
        ]
        return Script(output, End((job.budget - start) * self._seconds))
