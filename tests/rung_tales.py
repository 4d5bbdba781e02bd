"""Races up the rungs: those of ASHA and of brackets, what befalls their trials, and what both must keep to."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import strategies as st
from racing import Fate, Loss, Race

from hpotune import events as ev
from hpotune.events import Budget
from hpotune.schedulers import Drop, Promote, Room
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.rungs import brackets, halving, rungs

NO_NEW = Room(trials=0)

# ASHA


def asha(maximum: Budget = 9, *, eta: int = 3, trials: int | None = 10, workers: int = 1, **more: Any) -> Race:
    kept = {key: more.pop(key) for key in ("resume", "checkpoints") if key in more}
    limits = {"trials": trials, **more.pop("limits", {})}
    scheduler = AshaScheduler(rungs(more.get("minimum", 1), maximum, eta), eta, trials, **kept)
    return Race(scheduler, maximum, workers=workers, study={"limits": limits, **more.pop("study", {})}, **more)


def endless(**more: Any) -> Race:
    """ASHA without a limit of trials."""
    return asha(trials=None, limits={"budget": 10_000}, **more)


def out(run: Race) -> dict[int, Budget | None]:
    """The trials that are out, and the budget to which they go."""
    return {number: job.to for number, job in run.history.open.items()}


def lowest(run: Race, losses: list[float]) -> Race:
    """New trials come to the lowest rung with these losses (nan: they fail), and pause; promotions wait."""
    at = run.scheduler.levels[0]
    for loss in losses:
        run.train(run.plan(at), 0, at, loss, "failed" if math.isnan(loss) else "completed")
    return run.settle()


# Brackets


def halve(maximum: Budget = 9, n: int | None = None, *, eta: int = 3, **more: Any) -> Race:
    """Successive halving."""
    kept = {key: more.pop(key) for key in ("resume", "checkpoints", "count") if key in more}
    kind = halving(rungs(more.get("minimum", 1), maximum, eta), eta, n)
    limits = {"limits": {"trials": more.pop("trials", 1000)}}
    return Race(SynchronousScheduler((kind,), eta, **kept), maximum, study={**limits, **more.pop("study", {})}, **more)


def hyperband(maximum: Budget = 81, *, eta: int = 3, count: int | None = None, **more: Any) -> Race:
    kinds = brackets(rungs(more.get("minimum", 1), maximum, eta), eta)
    limits = {"limits": {"trials": more.pop("trials", 1000)}}
    return Race(SynchronousScheduler(kinds, eta, count), maximum, study={**limits, **more.pop("study", {})}, **more)


def member(run: Race, loss: float | None, bracket: int = 0, outcome: ev.Outcome = "completed") -> int:
    """A trial of a bracket that comes to its lowest rung, and pauses."""
    at = run.scheduler.levels[0]
    number = run.plan(at, {"bracket": bracket, "rung": 0})
    run.train(number, 0, at, loss, outcome)
    run.settle()
    return number


def promote(run: Race) -> Promote:
    """The promotion that is due, carried out as far as its launch."""
    wish = run.wish()
    assert isinstance(wish, Promote)
    run.take(wish)
    start = run.trial(wish.trial).jobs[-1].to or 0
    run.begin(wish.trial, start, wish.to)
    return wish


# What befalls any of them


@st.composite
def fortunes(draw: st.DrawFn) -> tuple[Loss, Fate]:
    """Losses with ties and non-finite ones among them, and attempts that fail or are interrupted."""
    kinds = draw(st.lists(st.integers(0, 12), min_size=7, max_size=7))
    values = draw(st.lists(st.integers(0, 5), min_size=11, max_size=11))

    def loss(trial: int, budget: Budget) -> float:
        value = values[(trial * 3 + int(budget)) % 11]
        return math.nan if value == 5 else value / 2 + 1 / budget

    def fate(trial: int, job: int, attempt: int) -> ev.Outcome:
        kind = kinds[(trial + 2 * job + 3 * attempt) % 7]
        return "failed" if kind == 0 else "interrupted" if kind == 1 and attempt < 2 else "completed"

    return loss, fate


def assert_may_drop(run: Race, drop: Drop) -> None:
    """Only the checkpoint of a waiting trial goes, once, and never that of the best trial."""
    assert run.trial(drop.trial).state == "paused"
    assert run.history.best is not run.trial(drop.trial)
    assert not run.trial(drop.trial).dropped


def assert_in_order(run: Race) -> None:
    """It has come to its end within its budget, no trial goes up twice from one rung, and reasons are valid JSON."""
    assert not run.stuck()
    promotions = run.promotions()
    assert len(set(promotions)) == len(promotions), "no trial goes up twice from one rung"
    limit = run.declared.limits.budget
    assert limit is None or run.history.budget_planned <= limit
    for event in run.events:
        if isinstance(event, ev.TrialPromoted | ev.TrialPaused | ev.CheckpointDropped):
            json.dumps(event.reason, allow_nan=False)
