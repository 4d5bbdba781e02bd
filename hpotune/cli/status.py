"""`hpotune status`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

from hpotune.cli.options import Json, RunArgument, Runs
from hpotune.cli.standing import Standing, at_budget, standing
from hpotune.cli.target import the_run
from hpotune.cli.terminal import harmless, json_text
from hpotune.history import History
from hpotune.study import format_duration
from hpotune.summary import (
    Progress,
    budget_name,
    budget_text,
    cause_words,
    config_text,
    count_words,
    describe_study,
    duration_text,
    progress,
    value_text,
)


def command(run: RunArgument = None, *, runs: Runs = None, json_: Json = False) -> None:
    """How a run stands: whether it is running, how far it has come, and what its trials are doing."""
    found = standing(the_run(run, runs))
    if json_:
        sys.stdout.write(json_text(found.as_json()) + "\n")
    else:
        sys.stdout.write(harmless("\n".join(_lines(found))) + "\n")


def _lines(found: Standing) -> Iterator[str]:
    history = found.history
    now = progress(history)
    yield describe_study(history)
    yield f"  state    {found.words}"
    yield f"  folder   {found.folder.path}"
    of = "" if now.total is None else f" of {now.total:,}"
    if found.life == "interrupted":  # what ran when its tuner died will be run again
        now = replace(now, running=0, again=now.again + now.running)
    counts = ", ".join(count_words(now))
    come = f"{now.planned:,}{of} begun" if now.waits else f"{now.done:,}{of} done"
    yield f"  trials   {come}" + (f" ({counts})" if counts else "")
    if history.study.budget is not None:
        yield f"  budget   {_budget(history)}"
    suspended = found.tuner is not None and found.tuner.suspended
    left = (
        f", about {duration_text(now.left)} left"
        if found.life == "running" and now.left is not None and not suspended
        else ""
    )
    yield f"  time     {duration_text(now.elapsed)}{left}"
    if now.causes:
        yield "  failed   " + ", ".join(f"{count} × {cause_words(cause)}" for cause, count in now.causes)
    yield f"  best     {_best(history, now)}"
    yield from (f"  running  {_running(history, number)}" for number in history.open if found.life == "running")
    if found.life == "running" and history.dues.waiting:
        waiting = ", ".join(map(str, list(history.dues.waiting)[:10]))
        yield f"  waiting  {format_duration(history.study.trial.retries.delay)} to be tried again: trial {waiting}"
    if found.life == "interrupted":
        yield f"  `hpotune resume {found.folder.path}` goes on with it"


def _budget(history: History) -> str:
    limit, name = history.study.limits.budget, budget_name(history)
    if limit is None:
        return f"{budget_text(history.budget_planned, name)} planned"
    return f"{budget_text(history.budget_planned)} of {budget_text(limit, name)}"


def _best(history: History, now: Progress) -> str:
    if now.best is None:
        return "no trial has a value yet"
    value = f"{history.study.metric.name} {value_text(now.value)}{at_budget(history, now.budget)}"
    return f"{value}  trial {now.best.number}  {config_text(now.best.config)}"


def _running(history: History, number: int) -> str:
    job = history.open[number]
    if job.last is None:
        return f"trial {number}  no report yet"
    budget, loss = job.last
    of = "" if budget is None or job.to is None else f" of {budget_text(job.to)}"
    return (
        f"trial {number}  {history.study.metric.name} {value_text(history.value(loss))}{at_budget(history, budget)}{of}"
    )
