"""What a study will do, before it does it: its schedule by arithmetic, and a rehearsal of the whole in virtual time.

Brackets come out exactly as rehearsed, whatever the losses are; large ones are told by arithmetic alone. Where trials
go on as soon as they are good enough, their order matters: the quotas of the rungs are the least, and a rehearsal, in
which good ones come as luck has it, tells how many promotions more there may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hpotune.cli.plan_costs import Cost, Filled, Rung, cost_of, filled, quota_rungs, whole
from hpotune.cli.rehearsal import Extent, Rehearsed, extent, rehearse
from hpotune.events import Budget
from hpotune.schedulers import Scheduler
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.asha_stop import AshaStopScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.stopping import StoppingRule
from hpotune.strategies import scheduler_of
from hpotune.study import Study
from hpotune.summary import schedule

MOST = 5_000  # trials of a rehearsal
_TAKES = 5  # rehearsals of a study whose losses matter
_SHORT = 300  # trials of a rehearsal that is cheap enough to be repeated


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a study takes, and how long: `units` in the time of a unit of budget (of a trial where there is none)."""

    trials: int
    jobs: int
    budget: float
    units: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study will do.

    scheduler    its scheduler
    rungs        of the brackets that the limits take, or of the one schedule that all trials share
    brackets     how many brackets there are
    whole        the cost of all kinds of brackets, once each; None without brackets
    basis        what the rungs and `total` are from: "quota" (each rung of ASHA promotes exactly its quota),
                 "rehearsal", or "arithmetic"
    total        what it costs; units as in `Estimate`
    least, most  the range: of the quotas and the rehearsals, or of the time that waiting in brackets may take
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
    brackets: int
    whole: Cost | None
    basis: str
    total: Cost
    units: float
    least: Estimate
    most: Estimate
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
    far = extent(study, scheduler, unit_time)
    if isinstance(scheduler, SynchronousScheduler):
        found, bounds = _by_arithmetic(study, scheduler, far, workers, unit_time)
        if found.total.trials > MOST:
            return _of_brackets(study, scheduler, far, workers, found, bounds)
    return _rehearsed(study, scheduler, far, workers, unit_time)


# By arithmetic


def _by_arithmetic(
    study: Study, scheduler: SynchronousScheduler, far: Extent, workers: int, unit_time: float | None
) -> tuple[Filled, list[float]]:
    """The brackets, and what limits the budget."""
    count = scheduler.count
    if far.example and count is None:
        count = len(scheduler.kinds)
    bounds = [] if study.limits.budget is None else [float(study.limits.budget)]
    if unit_time is not None and study.limits.time is not None:
        bounds.append(study.limits.time * workers / unit_time)
    return filled(scheduler, workers, count, far.trials, min(bounds, default=None)), bounds


def _of_brackets(
    study: Study, scheduler: SynchronousScheduler, far: Extent, workers: int, found: Filled, bounds: list[float]
) -> Plan:
    """Too large to be rehearsed.

    No worker waits while there is a job, so that Graham 1966 holds: with the longest chain of jobs that wait for each
    other, c, it takes max(total / workers, c) at least, and total / workers + (1 - 1 / workers) c at most.
    """
    total = found.total
    levels = scheduler.levels
    chain = min(float(levels[-1] if scheduler.resume else sum(levels)), total.budget)
    shared = total.budget / workers
    least = Estimate(total.trials, total.jobs, total.budget, max(shared, chain))
    most = Estimate(total.trials, total.jobs, total.budget, shared + (1 - 1 / workers) * chain)
    return Plan(
        study=study,
        workers=workers,
        scheduler=scheduler,
        rungs=found.rungs,
        brackets=found.count,
        whole=whole(scheduler),
        basis="arithmetic",
        total=total,
        units=least.units,
        least=least,
        most=most,
        ends=_ends(study, found, scheduler, far),
        checkpoints=found.checkpoints,
        exact=not bounds,
        example=far.example,
        played=None,
    )


def _ends(study: Study, found: Filled, scheduler: SynchronousScheduler, far: Extent) -> str:
    count = len(scheduler.kinds) if far.example else scheduler.count
    unbounded = None if count is None and far.trials is None else filled(scheduler, 1, count, far.trials, None)
    bounded = unbounded is None or unbounded.total != found.total
    if found.count == count and not bounded:
        return "complete"
    if found.total.trials == study.limits.trials:
        return "trials"
    if not bounded:
        return "space_exhausted"
    return "budget" if study.limits.budget is not None else "time"


# By rehearsals


def _rehearsed(study: Study, scheduler: Scheduler[Any], far: Extent, workers: int, unit_time: float | None) -> Plan:
    asha = isinstance(scheduler, AshaScheduler)
    takes = [rehearse(study, scheduler, far, most=MOST, workers=workers, unit_time=unit_time)]
    if asha and len(takes[0].history.trials) <= _SHORT:
        takes += [
            rehearse(study, scheduler, far, most=MOST, workers=workers, unit_time=unit_time, take=take)
            for take in range(1, _TAKES)
        ]
    first = takes[0]
    all_of_them = len(first.history.trials) >= MOST and first.history.finished in ("trials", "space_exhausted")
    cut = all_of_them and (far.trials is None or far.trials > MOST)
    scale = _scale(study, first, far, unit_time) if cut else 1.0
    found = [_estimate(study, take, unit_time, scale) for take in takes]
    rungs = _rungs(scheduler, first, scale)
    total, basis = found[0], "rehearsal"
    if isinstance(scheduler, AshaScheduler):
        quota = _quota(study, scheduler, first, far, found[0])
        if quota:
            rungs, basis = quota, "quota"
            total = _quota_estimate(cost_of(quota), found[0])
            found.append(total)
    return Plan(
        study=study,
        workers=workers,
        scheduler=scheduler,
        rungs=tuple(rungs),
        brackets=1 + max((rung.bracket for rung in rungs if rung.bracket is not None), default=-1),
        whole=whole(scheduler) if isinstance(scheduler, SynchronousScheduler) else None,
        basis=basis,
        total=Cost(total.trials, total.jobs, total.budget),
        units=total.units,
        least=_each(min, found),
        most=_each(max, found),
        ends=first.history.finished or "",
        checkpoints=_checkpoints(study, scheduler, takes, scale),
        exact=not cut and not isinstance(scheduler, AshaScheduler | AshaStopScheduler | StoppingRule),
        example=far.example,
        played=len(first.history.trials) if cut else None,
    )


def _estimate(study: Study, take: Rehearsed, unit_time: float | None, scale: float) -> Estimate:
    """What a rehearsal came to, in proportion."""
    trials, jobs = len(take.history.trials), sum(len(trial.jobs) for trial in take.history.trials)
    units = take.seconds / (unit_time or 1.0)
    return Estimate(round(trials * scale), round(jobs * scale), _spent(study, take) * scale, units * scale)


def _spent(study: Study, take: Rehearsed) -> float:
    found = schedule(take.history, take.tally)
    if found is not None:
        return found.spent
    return take.history.budget_planned if study.budget is not None else float(len(take.history.trials))


def _scale(study: Study, take: Rehearsed, far: Extent, unit_time: float | None) -> float:
    """How many times as long as its rehearsal a study is that was cut; the nearest limit counts."""
    limits, spent = study.limits, _spent(study, take)
    shares = [] if far.trials is None else [far.trials / len(take.history.trials)]
    shares += [limits.budget / spent] if limits.budget is not None and spent else []
    shares += [limits.time / take.seconds] if limits.time is not None and unit_time is not None else []
    return min(shares, default=1.0)


def _each(choose: Any, found: list[Estimate]) -> Estimate:
    return Estimate(
        choose(each.trials for each in found),
        choose(each.jobs for each in found),
        choose(each.budget for each in found),
        choose(each.units for each in found),
    )


def _checkpoints(study: Study, scheduler: Scheduler[Any], takes: list[Rehearsed], scale: float) -> tuple[int, int]:
    """On disk at most and in the end; in proportion, but where so many of each rung are kept."""
    most, last = max(take.tally.most_kept for take in takes), max(len(take.tally.kept) for take in takes)
    of_each = study.trial.checkpoints != "auto" or study.limits.trials is None
    if isinstance(scheduler, AshaScheduler) and of_each and study.trial.checkpoints != "all":
        return most, last
    return round(most * scale), round(last * scale)


def _quota(study: Study, scheduler: AshaScheduler, take: Rehearsed, far: Extent, rehearsed: Estimate) -> list[Rung]:
    """The rungs by their quotas; where it is time that ends the study, with the budget that was rehearsed."""
    history = take.history
    trials, budget = far.trials, study.limits.budget
    if history.finished == "space_exhausted" and far.points is not None and len(history.trials) < MOST:
        trials = len(history.trials)  # conditions and constraints leave fewer than `points`
    if history.finished == "time" or (trials is None and budget is None):
        budget = rehearsed.budget
    return quota_rungs(scheduler, trials, budget)


def _quota_estimate(cost: Cost, rehearsed: Estimate) -> Estimate:
    """The quotas take as long as their budget is of the rehearsed one: the workers are as busy."""
    units = rehearsed.units * cost.budget / rehearsed.budget if rehearsed.budget else 0.0
    return Estimate(cost.trials, cost.jobs, cost.budget, units)


def _rungs(scheduler: Scheduler[Any], take: Rehearsed, scale: float) -> list[Rung]:
    """The rungs as rehearsed, in proportion."""
    found = schedule(take.history, take.tally)
    if found is None or isinstance(scheduler, StoppingRule):
        return []
    rows = []
    for row in found.rows:
        on = row.promoted if found.pauses else row.arrived - row.stopped
        rows.append(
            Rung(row.bracket, row.at, round(row.arrived * scale), row.size, round(on * scale), row.spent * scale)
        )
    return rows
