"""`hpotune plan`: what a study will do, before anything runs."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from hpotune.cli.options import Json, Sets, StudyArgument, Workers
from hpotune.cli.plan_words import plan_lines
from hpotune.cli.planned import Estimate, Plan, make_plan
from hpotune.cli.terminal import harmless, json_text
from hpotune.errors import UsageError
from hpotune.strategies import load_study, product
from hpotune.study import DurationError, parse_duration

UnitTime = Annotated[
    str | None,
    typer.Option(
        "--unit-time",
        metavar="TIME",
        help="How long a unit of budget takes, such as 30s for an epoch; of a trial, in a study without a budget.",
        show_default=False,
    ),
]


def command(
    study: StudyArgument,
    set_: Sets = None,
    *,
    workers: Workers = None,
    unit_time: UnitTime = None,
    json_: Json = False,
) -> None:
    """Tell what a study will do before it is run: its rungs and brackets, what it costs, how long it takes.

    The study is rehearsed in virtual time, with trials that never fail and are all equally fast.
    """
    seconds = None if unit_time is None else _duration(unit_time)
    plan = make_plan(load_study(study, overrides=set_ or ()), workers, seconds)
    if json_:
        sys.stdout.write(json_text(_as_json(plan, seconds)) + "\n")
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        sys.stdout.write(harmless("\n".join(plan_lines(plan, seconds, width))) + "\n")


def _duration(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except DurationError as error:
        raise UsageError(f"--unit-time {text}: {error.message}", error.remedy) from None
    if seconds == 0:
        raise UsageError("--unit-time 0: nothing takes no time", "write 30s, say")
    return seconds


def _as_json(plan: Plan, seconds: float | None) -> dict[str, Any]:
    study = plan.study
    searcher, scheduler, _ = product(study)
    most, last = plan.checkpoints
    return {
        "study": study.name,
        "searcher": searcher,
        "scheduler": scheduler,
        "budget": None if study.budget is None else study.budget.model_dump(mode="json"),
        "limits": study.limits.model_dump(mode="json"),
        "workers": plan.workers,
        "levels": list(plan.scheduler.levels),
        "rungs": [asdict(rung) for rung in plan.rungs],
        "brackets": plan.brackets if plan.whole is not None else None,
        "whole": None if plan.whole is None else asdict(plan.whole),
        "basis": plan.basis,
        "total": asdict(plan.total),
        "least": _estimate(plan.least, seconds),
        "most": _estimate(plan.most, seconds),
        "full_trainings": plan.total.budget / plan.full,
        "share_of_full": plan.total.budget / (plan.total.trials * plan.full) if plan.total.trials else None,
        "ends": plan.ends,
        "units_of_time": plan.units,
        "seconds": None if seconds is None else plan.units * seconds,
        "checkpoints": {"most": most, "last": last} if plan.saves else None,
        "exact": plan.exact,
        "example": plan.example,
        "rehearsed": plan.played,
    }


def _estimate(found: Estimate, seconds: float | None) -> dict[str, Any]:
    return {
        "trials": found.trials,
        "jobs": found.jobs,
        "budget": found.budget,
        "units_of_time": found.units,
        "seconds": None if seconds is None else found.units * seconds,
    }
