"""`hpotune try`: one trial by hand, in the way a run would start it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from hpotune.cli.one_trial import first_job, one_trial
from hpotune.cli.options import Sets, StudyArgument
from hpotune.cli.standing import at_budget
from hpotune.cli.through import Through
from hpotune.events import JobEnded
from hpotune.protocol import Entry
from hpotune.run.alone import bench
from hpotune.run.machine import fit_to_machine
from hpotune.strategies import load_study
from hpotune.study import Study
from hpotune.summary import budget_text, cause_words, config_text, count_text, duration_text, printable, value_text
from hpotune.tuner import Job, Tuner

BudgetOption = Annotated[
    float | None,
    typer.Option("--budget", metavar="N", help="Train to this budget; else the study's smallest.", show_default=False),
]


def command(study: StudyArgument, *, set_: Sets = None, budget: BudgetOption = None) -> int:
    """Run one trial, its output straight through, and mark each line that gave the metric.

    It gets the default configuration if every parameter has a default, else the first of `enqueue`, else a random one.
    Nothing is kept. The exit code is 0 if the command exits 0 and its metric was found, else 1.
    """
    whole = load_study(study, overrides=set_ or ())
    to = whole.budget.min if whole.budget is not None and budget is None else budget
    reduced, origin = one_trial(whole, to)
    machine = fit_to_machine(reduced, os.environ)
    tuner = Tuner(machine.study)
    job = first_job(tuner)
    with bench(machine) as place:
        spec = place.prepare(job)
        _say(*_introduction(tuner, job, origin, spec.argv))
        attempt = place.attempt(spec, job)
        through = Through(attempt, lambda entry: _report(tuner, entry.value, entry.budget))
        ended = place.run(spec, attempt, through)
    result = _counted(tuner, job, ended, through.entries)
    _say(*_conclusion(tuner, job, result), *_remedies(tuner, result, attempt.near.nearest()))
    return 0 if result.value is not None and ended.outcome == "completed" else 1


@dataclass(frozen=True, slots=True)
class Result:
    """What the trial would have counted as: its value, or why it has none."""

    ended: JobEnded
    entries: list[Entry]
    value: float | None
    cause: str | None


def _counted(tuner: Tuner, job: Job, ended: JobEnded, entries: list[Entry]) -> Result:
    """Let the tuner judge the trial, as it would in a run."""
    for entry in entries:
        tuner.report(job, entry.budget, entry.value)
    if ended.outcome == "completed":
        tuner.tell(job)
    trial = tuner.history.trials[job.trial_id]
    return Result(ended, entries, tuner.history.value(trial.loss), trial.cause or ended.cause)


def _introduction(tuner: Tuner, job: Job, origin: str, argv: tuple[str, ...]) -> Iterator[str]:
    history = tuner.history
    yield f"one trial of {printable(history.study.name)}: {origin}"
    yield f"  {config_text(job.config, exact=True)}"
    if job.budget is not None and history.study.budget is not None:
        yield f"  to {budget_text(job.budget, history.study.budget.name)}; --budget says otherwise"
    yield f"  $ {printable(shlex.join(argv))}"


def _report(tuner: Tuner, value: float, budget: float | None) -> str:
    return f"{printable(tuner.history.study.metric.name)} {value_text(value)}{at_budget(tuner.history, budget)}"


def _conclusion(tuner: Tuner, job: Job, result: Result) -> Iterator[str]:
    ended, trial = result.ended, tuner.history.trials[job.trial_id]
    how = "exited 0" if ended.outcome == "completed" else cause_words(ended.cause or "exit", ended.code, ended.signal)
    yield ""
    yield f"{how} after {duration_text(ended.measured.get('seconds'))}, {count_text(len(result.entries), 'report')}"
    if result.value is not None:
        yield f"it would count with {_report(tuner, result.value, trial.budget)}"


def _remedies(tuner: Tuner, result: Result, near: list[str]) -> Iterator[str]:
    """What a user should know, or do, before a run."""
    study = tuner.history.study
    metric = printable(study.metric.name)
    if result.ended.outcome == "failed":
        yield "the trial would count as failed, whatever it reported"
    elif not result.entries:
        yield f"no line gave {metric}" + ("; nearest:" if near else "")
        yield from (f"    {printable(line)}" for line in near)
        yield f"  print `{metric}=0.5` or a JSON object with the key {metric!r}, or set `metric.pattern`"
    elif result.cause == "nan":
        yield f"the last value of {metric} is no finite number, so the trial would count as failed"
    yield from _budget_remedies(tuner, result.entries)
    yield from _noticed(result.ended, study)


def _budget_remedies(tuner: Tuner, entries: list[Entry]) -> Iterator[str]:
    budget = tuner.history.study.budget
    if budget is None or not entries:
        return
    reached = max((entry.budget for entry in entries if entry.budget is not None), default=None)
    if reached is None:
        yield f"no report names its {budget.name}: print it on the same line, such as `{budget.key or budget.name}=3`"
    elif reached > budget.max:
        yield f"it went on to {budget_text(reached, budget.name)}: it should train to HPOTUNE_BUDGET and no further"
    elif reached < budget.max:
        yield f"its last report is at {budget_text(reached, budget.name)}, short of {budget_text(budget.max)}"


def _noticed(ended: JobEnded, study: Study) -> Iterator[str]:
    notes = ended.notes
    unit = study.budget.name if study.budget else "budget"
    if notes.get("zero_based"):
        yield f"it counts {unit} from 0, so 1 was added; `budget: {{first: 0}}` says so for good"
    for name, words in _NOTICED.items():
        if notes.get(name):
            yield f"{notes[name]} {words}"


_NOTICED = {
    "duplicates": "reports at a budget that was reported already were not counted",
    "backwards": "reports at a budget below one that was reached were not counted",
    "other_channel": "reports on another channel than the first were not counted; `metric.source` chooses",
    "stragglers": "processes were left behind and had to be ended",
}


def _say(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()
