"""`schedule`: what has happened in each rung of a study's schedule, from its history and a tally of its events.

Notation
    rung      a budget at which trials are compared; bracket  those that are compared with each other
    arrived   trials that have come to a rung, or failed for good on their way there: what a rank is counted among
    spent     budget that was trained, by what the reports tell of attempts that did not come to their end; an attempt
              that was made again counts once
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hpotune.events import Budget
from hpotune.history import History, JobView, Trial
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.asha_stop import AshaStopScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.standings import Standings, shown
from hpotune.schedulers.stopping import StoppingRule
from hpotune.strategies import scheduler_of
from hpotune.summary.tally import Tally


@dataclass(slots=True)
class RungRow:
    """One rung. Values have the metric's own sign; `bracket` is None where there are no brackets.

    size      how many trials the rung is made for; None where nothing says so
    promoted  how many went on from here, or are to
    stopped   how many were stopped here
    failed    how many failed for good on their way here
    running   how many are on their way here
    cutoff    the value of the last that goes on, or that would if a trial more came
    brackets  how many brackets of one kind this row stands for
    """

    bracket: int | None
    at: Budget
    size: int | None = None
    arrived: int = 0
    promoted: int = 0
    stopped: int = 0
    failed: int = 0
    running: int = 0
    best: float | None = None
    best_trial: int | None = None
    cutoff: float | None = None
    spent: float = 0.0
    brackets: int = 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rungs, bracket by bracket, lowest first; and what they came to in all.

    sign         value = sign * loss
    pauses       whether trials are paused and promoted; else they are stopped on the way
    kinds        how many kinds of brackets take turns; 0: there are no brackets
    brackets     the bracket of each trial, where there are any
    full         what a trial costs that is trained in full, times the number of trials
    checkpoints  how many trials have a checkpoint that was not deleted, if the script saves one; `most` at a time
    """

    rows: tuple[RungRow, ...]
    sign: float
    pauses: bool
    kinds: int
    brackets: Mapping[int, int] = field(hash=False)
    jobs: int
    spent: float
    full: float
    checkpoints: int
    most_checkpoints: int

    @property
    def share(self) -> float | None:
        """The budget spent as a share of what training every trial in full costs."""
        return self.spent / self.full if self.full else None


def schedule(history: History, tally: Tally) -> Schedule | None:
    """What has happened in each rung; None if the study has no schedule.

    Args:
        history: of the run.
        tally: of the same events.
    """
    scheduler = scheduler_of(history.study)
    budget = history.study.budget
    if budget is None or not scheduler.levels:
        return None
    kinds = 0
    if isinstance(scheduler, SynchronousScheduler):
        kinds = len(scheduler.kinds)
        rows = _of_brackets(history, tally, scheduler)
    elif isinstance(scheduler, AshaScheduler):
        rows = _climbed(history, tally, scheduler.levels, history.trials, eta=scheduler.eta)
    else:
        eta = scheduler.eta if isinstance(scheduler, AshaStopScheduler) else None
        levels = scheduler.levels if eta is not None else (*scheduler.levels, budget.max)
        rows = _passed(history, tally, levels, eta)
    return Schedule(
        rows=tuple(rows),
        sign=history.sign,
        pauses=not isinstance(scheduler, AshaStopScheduler | StoppingRule),
        kinds=kinds,
        brackets=tally.brackets if kinds else {},
        jobs=sum(len(trial.jobs) for trial in history.trials),
        spent=sum(_cost(tally, trial, number) for trial in history.trials for number in range(len(trial.jobs))),
        full=len(history.trials) * budget.max,
        checkpoints=len(tally.kept),
        most_checkpoints=tally.most_kept,
    )


def merged(found: Schedule) -> tuple[RungRow, ...]:
    """The rows with all brackets of one kind taken together."""
    rows: dict[tuple[int, Budget], RungRow] = {}
    for row in found.rows:
        key = ((row.bracket or 0) % max(found.kinds, 1), row.at)
        into = rows.get(key)
        if into is None:
            rows[key] = RungRow(key[0], row.at, row.size, brackets=0)
            into = rows[key]
        else:
            into.size = None if row.size is None else (into.size or 0) + row.size
        into.brackets += 1
        for name in ("arrived", "promoted", "stopped", "failed", "running", "spent"):
            setattr(into, name, getattr(into, name) + getattr(row, name))
        if row.best is not None and (into.best is None or found.sign * row.best < found.sign * into.best):
            into.best, into.best_trial = row.best, row.best_trial
    return tuple(rows[key] for key in sorted(rows))


# Trials that pause


def _of_brackets(history: History, tally: Tally, scheduler: SynchronousScheduler) -> list[RungRow]:
    members: dict[int, list[Trial]] = {}
    for trial in history.trials:
        if trial.number in tally.brackets:
            members.setdefault(tally.brackets[trial.number], []).append(trial)
    rows = []
    for number in sorted(members):
        kind = scheduler.kinds[number % len(scheduler.kinds)]
        found = _climbed(history, tally, kind.budgets, members[number], bracket=number)
        for row, size in zip(found, kind.sizes, strict=True):
            row.size = size
        rows += found
    return rows


def _climbed(
    history: History,
    tally: Tally,
    levels: Sequence[Budget],
    trials: Sequence[Trial],
    *,
    bracket: int | None = None,
    eta: int | None = None,
) -> list[RungRow]:
    """The rungs that trials climb in jobs. With `eta` the best n / eta make the cut-off, else the promoted ones do."""
    rows = [RungRow(bracket, level) for level in levels]
    standings = [Standings() for _ in levels]
    place = {level: k for k, level in enumerate(levels)}
    for trial in trials:
        losses = _after_each_job(trial, history.study.metric.use)
        if not trial.jobs:
            rows[0].running += 1
        for number, job in enumerate(trial.jobs):
            k = place.get(job.to or 0)
            if k is None:
                continue
            row, last = rows[k], number == len(trial.jobs) - 1
            row.spent += _cost(tally, trial, number)
            row.promoted += not last or trial.number in history.dues.promoted
            if job.outcome == "completed":
                finite = job.last is not None and math.isfinite(job.last[1])
                standings[k].enter(trial.number, losses[number] if finite else math.inf)
            elif last and trial.state == "failed":
                row.failed += 1
                standings[k].enter(trial.number, math.inf)
            elif trial.state != "stopped":
                row.running += 1
    for k, row in enumerate(rows):
        quota = row.promoted if eta is None else len(standings[k]) // eta
        _enter_standings(row, standings[k], quota if k < len(levels) - 1 else 0, history.sign)
    return rows


# Trials that are stopped on the way


def _passed(history: History, tally: Tally, levels: Sequence[Budget], eta: int | None) -> list[RungRow]:
    """The budgets that trials pass in one job. Without `eta` the cut-off is what the last trial was stopped by."""
    rows = [RungRow(None, level, stopped=tally.stops[level]) for level in levels]
    standings = [Standings() for _ in levels]
    for trial in history.trials:
        losses = losses_at(trial, history.study.metric.use, levels)
        if eta is not None:
            _judge_last(trial, levels[:-1], losses)
        reached = _reached(trial)
        come = bisect_left(levels, math.nextafter(reached, math.inf))
        for k in range(come):
            standings[k].enter(trial.number, losses[k])
        below: Budget = 0
        for row in rows[: come + 1]:
            row.spent += max(0, min(reached, row.at) - below)
            below = row.at
        if come < len(levels) and trial.state == "failed":
            rows[come].failed += 1
            standings[come].enter(trial.number, math.inf)
        elif come < len(levels) and trial.state in ("planned", "running"):
            rows[come].running += 1
    for k, row in enumerate(rows):
        quota = 0 if eta is None or k == len(levels) - 1 else len(standings[k]) // eta
        _enter_standings(row, standings[k], quota, history.sign)
        cutoff = tally.cutoffs.get(row.at)
        if eta is None and cutoff is not None and math.isfinite(cutoff):
            row.cutoff = cutoff
    return rows


def _reached(trial: Trial) -> float:
    """The budget that a trial has come to."""
    return max((_end(job) for job in trial.jobs), default=0)


# Shared


def losses_at(trial: Trial, use: str, levels: Sequence[Budget]) -> list[float]:
    """The loss of a trial at each level: of its reports up to there, or of the first beyond; inf if there is none."""
    found = [math.inf] * len(levels)
    newest = first = math.inf
    k = 0
    for job in trial.jobs:
        for at, loss in _finite(job):
            first = loss if first == math.inf else first
            while k < len(levels) and levels[k] < at:
                found[k] = first if newest == math.inf else newest
                k += 1
            newest = loss if use == "last" or loss < newest else newest
    for rest in range(k, len(levels)):
        found[rest] = newest
    return found


def _judge_last(trial: Trial, levels: Sequence[Budget], losses: list[float]) -> None:
    """A trial whose first report at or beyond a rung is not finite has entered it as the last."""
    reports = [(at, loss) for job in trial.jobs for at, loss in job.reports() if at is not None]
    for k, level in enumerate(levels):
        if not math.isfinite(next((loss for at, loss in reports if at >= level), 0.0)):
            losses[k] = math.inf


def _after_each_job(trial: Trial, use: str) -> list[float]:
    """The loss of a trial as it stood after each of its jobs; inf if it had none yet."""
    found, newest, furthest = [], math.inf, -math.inf
    for job in trial.jobs:
        for at, loss in _finite(job):
            if use == "best":
                newest = min(newest, loss)
            elif at >= furthest:  # a job that started over comes by where the trial has been
                newest, furthest = loss, at
        found.append(newest)
    return found


def _finite(job: JobView) -> Iterator[tuple[float, float]]:
    """The finite reports of a job, each with its budget; one that names none was made at the end of the job."""
    end = job.to if job.outcome == "completed" else None
    for budget, loss in job.reports():
        at = end if budget is None else budget
        if at is not None and math.isfinite(loss):
            yield at, loss


def _cost(tally: Tally, trial: Trial, number: int) -> float:
    """What a job has trained."""
    job = trial.jobs[number]
    start = job.start or 0
    return max(0, _end(job) - start) + (start if (trial.number, number) in tally.started_over else 0)


def _end(job: JobView) -> float:
    return (job.to or 0) if job.outcome == "completed" else max(job.furthest or 0, job.start or 0)


def _enter_standings(row: RungRow, standings: Standings, quota: int, sign: float) -> None:
    row.arrived = len(standings)
    cutoff = standings.cutoff(quota)
    row.cutoff = None if cutoff is None else shown(sign, cutoff)
    if standings.entries and math.isfinite(standings.entries[0][0]):
        loss, row.best_trial = standings.entries[0]
        row.best = shown(sign, loss)
