"""`progress`: how far a study is, as a pure function of its history and the time.

Its cost does not grow with the history, so it may be asked several times a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hpotune.events import Budget
from hpotune.history import History, State, Trial
from hpotune.summary.expected import expected_budget

_SETTLED: tuple[State, ...] = ("completed", "stopped", "failed")
_AT_REST: tuple[State, ...] = (*_SETTLED, "paused")
_NEARLY = 0.99  # as long as promotions may be due that arithmetic does not foresee
# The estimate looks at so many of the newest finished trials: later ones say more about what is to come.
_SAMPLE = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """The numbers of a study in progress. Times in seconds, values in the metric's own sign.

    `total` is how many trials there will be at most (None: unknown), `done` how many have come to an end: a paused one
    only with the study.
    `fraction` is the share of the limit that is nearest (None without one), `left` the estimate of the time to go.
    `again` counts the trials that will be run again.
    """

    total: int | None
    planned: int
    done: int
    completed: int
    stopped: int
    failed: int
    running: int
    paused: int
    again: int
    workers: int
    elapsed: float
    left: float | None
    fraction: float | None
    best: Trial | None
    value: float | None
    budget: Budget | None
    causes: tuple[tuple[str, int], ...]

    @property
    def waits(self) -> bool:
        """Whether there are paused trials that may still be promoted: few are done then, though much is."""
        return self.paused > 0 and self.done < self.planned


def progress(history: History, elapsed: float | None = None, ran: Mapping[int, float] | None = None) -> Progress:
    """How far the study is.

    Args:
        history: what has happened.
        elapsed: the running time in seconds over all sessions (default: up to the last event).
        ran: how long the running trials have been at it, in seconds, by trial.
    """
    elapsed = history.elapsed if elapsed is None else elapsed
    total = total_trials(history)
    done = sum(history.states[state] for state in (_AT_REST if _is_over(history) else _SETTLED))
    best = history.best
    return Progress(
        total=total,
        planned=len(history.trials),
        done=done,
        completed=history.states["completed"],
        stopped=history.states["stopped"],
        failed=history.states["failed"],
        running=len(history.open),
        paused=history.states["paused"],
        again=history.dues.again,
        workers=history.workers,
        elapsed=elapsed,
        left=_time_left(history, total, elapsed, ran or {}),
        fraction=_fraction(history, total, done, elapsed),
        best=best,
        value=history.value(best.loss) if best is not None else None,
        budget=best.budget if best is not None else None,
        causes=failures_by_cause(history),
    )


def failures_by_cause(history: History) -> tuple[tuple[str, int], ...]:
    """The causes of failed trials and how many failed by each, the most frequent first."""
    counts = [(cause, count) for cause, count in history.causes.items() if count > 0]
    return tuple(sorted(counts, key=lambda pair: (-pair[1], pair[0])))


def total_trials(history: History) -> int | None:
    """How many trials there will be at most: the limit, the points of a grid, or those planned once no more may be."""
    if history.exhausted is not None:
        return len(history.trials)
    study = history.study
    bounds = [] if study.limits.trials is None else [study.limits.trials]
    if (study.strategy.searcher or study.strategy.name) == "grid":
        bounds.append(study.space.grid_size())
    return max(min(bounds), len(history.trials)) if bounds else None


def _fraction(history: History, total: int | None, done: int, elapsed: float) -> float | None:
    """The share of the nearest limit: the study ends at whichever is reached first."""
    limits, shares = history.study.limits, []
    expected = _expected(history, total)
    if expected is not None:
        shares.append(1.0 if _is_over(history) else min(_trained(history) / expected, _NEARLY))
    elif total:
        shares.append(done / total)
    if limits.time:
        shares.append(elapsed / limits.time)
    if limits.budget:
        shares.append(history.budget_planned / limits.budget)
    return min(max(shares), 1.0) if shares else None


def _is_over(history: History) -> bool:
    return history.finished not in {None, "interrupted"}


def _expected(history: History, total: int | None) -> float | None:
    """What the schedule costs in all, if it pauses trials and its limits tell; a lower limit on the budget counts."""
    expected = expected_budget(history.study, total)
    limit = history.study.limits.budget
    return expected if expected is None or limit is None else min(expected, limit)


def _trained(history: History) -> float:
    """The budget that was trained, up to the newest reports."""
    to_come = 0.0
    for job in history.open.values():
        last = job.last
        at = job.start if last is None or last[0] is None else last[0]
        to_come += max((job.to or 0) - (at or 0), 0)
    return max(history.budget_planned - to_come, 0.0)


def _time_left(history: History, total: int | None, elapsed: float, ran: Mapping[int, float]) -> float | None:
    if history.finished is not None:
        return 0.0
    bounds = [_until_trials_done(history, total, ran), _until_budget_spent(history)]
    if history.study.limits.time is not None:
        bounds.append(max(history.study.limits.time - elapsed, 0.0))
    return min((bound for bound in bounds if bound is not None), default=None)


def _until_trials_done(history: History, total: int | None, ran: Mapping[int, float]) -> float | None:
    """Trials to come x mean seconds / workers; under a schedule that pauses them, budget to come x pace / workers."""
    sample = _sample(history)
    ending = history.draining or history.halting is not None
    if not ending and (expected := _expected(history, total)) is not None:
        pace = _pace(history)
        return None if pace is None else max(expected - _trained(history), 0.0) * pace / max(history.workers, 1)
    if history.states["paused"] or history.dues.promoted or not sample or (total is None and not ending):
        return None
    mean = sum(trial.seconds for trial in sample) / len(sample)
    to_start = 0
    if not ending:
        due = len(history.dues.unlaunched) + history.dues.again
        to_start = max((total or 0) - len(history.trials), 0) + due
    rests = [max(mean - ran.get(number, 0.0), 0.0) for number in history.open]
    work = to_start * mean + sum(rests)
    waits = history.study.trial.retries.delay if history.dues.waiting and not ending else 0.0
    return max(work / max(history.workers, 1), max(rests, default=0.0), waits)


def _until_budget_spent(history: History) -> float | None:
    limit, pace = history.study.limits.budget, _pace(history)
    if limit is None or pace is None:
        return None
    return max(limit - history.budget_planned, 0.0) * pace / max(history.workers, 1)


def _pace(history: History) -> float | None:
    """Seconds for a unit of budget, in the jobs of the newest trials that came to something."""
    seconds = trained = 0.0
    for trial in _sample(history):
        for job in trial.jobs:
            end = job.to if job.outcome == "completed" else trial.budget if job.outcome == "stopped" else None
            if end is not None and end > (job.start or 0):
                seconds += job.seconds
                trained += end - (job.start or 0)
    return seconds / trained if trained else None


def _sample(history: History) -> list[Trial]:
    """The newest trials that have finished or wait. Those out now are among the newest too, so the walk is bounded."""
    trials, sample = history.trials, []
    for index in range(len(trials) - 1, max(len(trials) - 2 * _SAMPLE - 2 * history.workers, 0) - 1, -1):
        if trials[index].state in _AT_REST and trials[index].seconds > 0:
            sample.append(trials[index])
            if len(sample) == _SAMPLE:
                break
    return sample
