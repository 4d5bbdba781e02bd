"""What a study will do, before it does it: its schedule by arithmetic, and a rehearsal of the whole in virtual time.

The rehearsal is the study itself, its own scheduler and limits, over trials that never fail: their losses are random,
a trial's the same at every budget, and a unit of budget takes the same time in all. Brackets come out exactly so,
whatever the losses are; where trials go on as soon as they are good enough, their order matters a little.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hpotune.events import Budget, Event
from hpotune.history import History
from hpotune.keys import Key
from hpotune.protocol import budget_keys
from hpotune.run.simulator import End, Script, simulate_scripts
from hpotune.run.simulator.simulate import printing_json
from hpotune.schedulers import Scheduler
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.asha_stop import AshaStopScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.rungs import Bracket, sizes
from hpotune.schedulers.stopping import StoppingRule
from hpotune.strategies import SCHEDULERS, product, scheduler_of
from hpotune.study import Study
from hpotune.summary import Schedule, Tally, rung_costs, schedule
from hpotune.tuner import Job

MOST = 5_000  # trials of a rehearsal
_EXAMPLE = 100
_ONE = {"x": {"type": "float", "low": 0.0, "high": 1.0}}


@dataclass(frozen=True, slots=True)
class Rung:
    """A line of the plan: so many of the `size` trials it is made for come to budget `at`, and cost `budget`."""

    bracket: int | None
    at: Budget
    trials: int
    size: int | None
    go_on: int
    budget: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What something takes: trials, jobs, units of budget."""

    trials: int
    jobs: int
    budget: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study will do.

    scheduler    its scheduler
    rungs        of the brackets that the limits take, or of the one schedule that all trials share
    whole        the cost of all kinds of brackets, once each; None without brackets
    total        what it costs
    units        how long it takes, in the time of a unit of budget (of a trial, where there is no budget)
    ends         what ends it, as in `study_finished`
    checkpoints  on disk at most at a time, and in the end
    exact        whether this is what happens if no trial fails; else it is about that, or at most
    example      whether nothing but time or a target limits the study, so that its length is an example
    played       how many trials were rehearsed, if that is not all: the rest is in proportion
    """

    study: Study
    workers: int
    scheduler: Scheduler[Any]
    rungs: tuple[Rung, ...]
    whole: Cost | None
    total: Cost
    units: float
    ends: str
    checkpoints: tuple[int, int]
    exact: bool
    example: bool
    played: int | None

    @property
    def full(self) -> Budget:
        """What it costs to train a trial in full; a trial is the unit where there is no budget."""
        return 1 if self.study.budget is None else self.study.budget.max

    @property
    def pauses(self) -> bool:
        """Whether trials are trained in several jobs."""
        return isinstance(self.scheduler, AshaScheduler | SynchronousScheduler)

    @property
    def saves(self) -> bool:
        """Whether a trial goes on from a checkpoint."""
        return self.study.budget is not None and self.study.budget.resume

    @property
    def longest(self) -> float:
        """The budget of the longest job that there may be."""
        if not (self.pauses and self.saves):
            return self.full
        levels = self.scheduler.levels
        kinds = self.scheduler.kinds if isinstance(self.scheduler, SynchronousScheduler) else ()
        return max([*(to - start for start, to in pairwise((0, *levels))), *(kind.budgets[0] for kind in kinds)])


def make_plan(study: Study, workers: int | None, unit_time: float | None) -> Plan:
    """The plan of a study.

    Args:
        study: as it would be run.
        workers: trials at a time; else the study's, else 1.
        unit_time: seconds for a unit of budget, if they are known; they tell how far the study comes in its time limit.

    Raises:
        StudyError: the study's strategy does not fit.
    """
    scheduler = scheduler_of(study)
    workers = workers or study.workers or 1
    smaller, example = _rehearsed(study, scheduler, unit_time)
    tally = Tally()
    done = simulate_scripts(smaller, _Steady(smaller, scheduler, unit_time or 1.0), workers=workers, sink=_Into(tally))
    history, found = done.history, schedule(done.history, tally)
    cut = history.finished == "trials" and not example and (study.limits.trials or MOST + 1) > MOST
    total = Cost(len(history.trials), sum(len(trial.jobs) for trial in history.trials), _spent(history, found))
    rungs = _rungs(study, scheduler, history, found)
    if isinstance(scheduler, AshaScheduler):
        total = Cost(total.trials, sum(rung.trials for rung in rungs), sum(rung.budget for rung in rungs))
    scale = _scale(study, total) if cut else 1.0
    return Plan(
        study=study,
        workers=workers,
        scheduler=scheduler,
        rungs=tuple(rungs),
        whole=_whole(study, scheduler.kinds) if isinstance(scheduler, SynchronousScheduler) else None,
        total=Cost(round(total.trials * scale), round(total.jobs * scale), total.budget * scale),
        units=done.seconds / (unit_time or 1.0) * scale,
        ends=history.finished or "",
        checkpoints=(tally.most_kept, len(tally.kept)),
        exact=not cut and not isinstance(scheduler, AshaScheduler | AshaStopScheduler | StoppingRule),
        example=example,
        played=len(history.trials) if cut else None,
    )


# The rehearsal


def _rehearsed(study: Study, scheduler: Scheduler[Any], unit_time: float | None) -> tuple[Study, bool]:
    """The study as it is rehearsed, and whether its length is an example."""
    searcher, name, _ = product(study)
    options: dict[str, Any] = {
        key: value for key, value in study.strategy.options.items() if key in SCHEDULERS[name].options and key != "stop"
    }
    limits: dict[str, Any] = {"trials": study.limits.trials, "budget": study.limits.budget}
    if unit_time is not None:
        limits["time"] = study.limits.time
    example = not any(limits.values()) and searcher != "grid" and options.get("brackets", "auto") == "auto"
    finite = searcher == "grid" or study.space.cardinality() is not None
    if example and isinstance(scheduler, SynchronousScheduler):
        options["brackets"] = len(scheduler.kinds)
    elif example:
        limits["trials"] = _of_each_rung(scheduler)
    limits["trials"] = min(limits["trials"] or MOST, MOST)
    space = {} if finite else {"parameters": _ONE, "constraints": [], "enqueue": []}
    reduced = study.replace(
        strategy={"searcher": "grid" if searcher == "grid" else "random", "scheduler": name, **options},
        limits=limits,
        metric={**study.metric.model_dump(mode="json", by_alias=True), "target": None},
        trial={
            **study.trial.model_dump(mode="json", by_alias=True), "timeout": None, "stall_timeout": None, "retries": 0,
        },
        **space,
    )  # fmt: skip
    return printing_json(reduced), example


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


# The numbers


def _scale(study: Study, played: Cost) -> float:
    """How many times as long as its rehearsal a study is that was cut; the nearest limit counts."""
    limits = study.limits
    shares = [] if limits.trials is None else [limits.trials / played.trials]
    if limits.budget is not None and played.budget:
        shares.append(limits.budget / played.budget)
    return min(shares, default=1.0)


def _spent(history: History, found: Schedule | None) -> float:
    if found is not None:
        return found.spent
    return history.budget_planned if history.study.budget is not None else float(len(history.trials))


def _rungs(study: Study, scheduler: Scheduler[Any], history: History, found: Schedule | None) -> list[Rung]:
    to_the_end = history.finished in ("trials", "space_exhausted") and study.limits.budget is None
    if isinstance(scheduler, AshaScheduler) and to_the_end:
        counts = sizes(len(history.trials), scheduler.eta, len(scheduler.levels))
        return _of_sizes(study, None, Bracket(len(counts) - 1, counts, scheduler.levels))
    if found is None or isinstance(scheduler, StoppingRule):
        return []
    return [
        Rung(row.bracket, row.at, row.arrived, row.size, row.promoted if found.pauses else row.arrived - row.stopped,
             row.spent)
        for row in found.rows
    ]  # fmt: skip


def _of_sizes(study: Study, number: int | None, bracket: Bracket) -> list[Rung]:
    """The rungs of a bracket that is filled."""
    go_on = [*bracket.sizes[1:], 0]
    costs = rung_costs(bracket.budgets, bracket.sizes, resume=study.budget is not None and study.budget.resume)
    return [
        Rung(number, at, count, count, further, cost)
        for at, count, further, cost in zip(bracket.budgets, bracket.sizes, go_on, costs, strict=True)
    ]


def _whole(study: Study, kinds: tuple[Bracket, ...]) -> Cost:
    rungs = [rung for number, kind in enumerate(kinds) for rung in _of_sizes(study, number, kind)]
    trials = sum(kind.sizes[0] for kind in kinds)
    return Cost(trials, sum(rung.trials for rung in rungs), sum(rung.budget for rung in rungs))
