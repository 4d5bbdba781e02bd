"""`decide`: what to do next, as a pure function of what has happened. It knows no clock and no slot but the facts."""

from __future__ import annotations

from typing import Any

from hpotune.events import Budget, JobCause
from hpotune.history import History, Trial
from hpotune.schedulers import (
    Drop,
    New,
    Nothing,
    Pause,
    Promote,
    Room,
    Scheduler,
    Stop,
    Wish,
    must_end,
    room,
    target_reached,
    what_is_full,
)
from hpotune.tuner.actions import Action, Finish, Interrupt, Launch, Propose, Wait


def decide(history: History, scheduler: Scheduler[Any], state: Any) -> Action:
    """The one action that comes first after the last event of `history`.

    The order: pause what has come to its rung, end what must end, what the scheduler wants ended, launch what is
    planned, then into free slots what was interrupted, what is to be tried again, promotions, and new trials; with
    nothing out and nothing due, finish.
    """
    if history.finished is not None:
        return Wait()
    wish = scheduler.decide(state, room(history))
    if isinstance(wish, Pause):
        return wish
    ending = _ending(history)
    if ending is not None:
        return ending
    if isinstance(wish, Stop | Drop):
        return wish
    if len(history.open) < history.workers:
        if history.dues.unlaunched or history.dues.promoted:
            return _planned_launch(history)
        if (action := _fill_slot(history, wish)) is not None:
            return action
    return Wait() if history.open or history.dues.waiting else Finish(_why_nothing(history, scheduler, state))


def _why_nothing(history: History, scheduler: Scheduler[Any], state: Any) -> str:
    """Why nothing is due: the schedule is complete, or a limit leaves no room."""
    unlimited = scheduler.decide(state, Room())
    return "complete" if isinstance(unlimited, Nothing) else what_is_full(history)


def _ending(history: History) -> Action | None:
    """What follows from limits, the target and signals, if the study is about to end."""
    why = must_end(history)
    if why is not None:
        return Interrupt(why) if history.open else Finish(why)
    if target_reached(history):
        for number in history.open:
            if history.trials[number].state != "stopped":
                return Stop(number, {"rule": "target"})
        return Wait() if history.open else Finish("target")
    if history.draining:
        return Wait() if history.open else Finish("interrupted")
    return None


def _planned_launch(history: History) -> Launch:
    """The first launch of a planned trial, or the next job of a promoted one: their decision has been taken."""
    if history.dues.unlaunched:
        number, budget = next(iter(history.dues.unlaunched.items()))
        return Launch(number, 0, 0, _origin_budget(budget), budget, "first")
    number, budget = next(iter(history.dues.promoted.items()))
    trial = history.trials[number]
    resumes = history.study.budget is not None and history.study.budget.resume
    start = trial.jobs[-1].to if resumes and not trial.dropped else 0
    return Launch(number, len(trial.jobs), 0, start, budget, "promotion", fresh=trial.dropped)


def _fill_slot(history: History, wish: Wish) -> Action | None:
    if history.dues.interrupted:
        return _another_attempt(history.trials[next(iter(history.dues.interrupted))], "resume")
    if history.dues.to_retry:
        return _another_attempt(history.trials[next(iter(history.dues.to_retry))], "retry")
    match wish:
        case Promote():
            return wish
        case New(budget, reason):
            return Propose(len(history.trials), budget, reason)
        case _:
            return None


def _another_attempt(trial: Trial, cause: JobCause) -> Launch:
    """The same job again, from what its checkpoint folder holds; from nothing if that has led nowhere, or if it was to
    be from nothing and never came to be.
    """
    job = trial.jobs[-1]
    fresh = job.repeated or (cause == "resume" and job.fresh and not job.started)
    start = _origin_budget(job.to) if fresh else job.start
    return Launch(trial.number, len(trial.jobs) - 1, job.attempt + 1, start, job.to, cause, fresh)


def _origin_budget(budget: Budget | None) -> Budget | None:
    return None if budget is None else 0
