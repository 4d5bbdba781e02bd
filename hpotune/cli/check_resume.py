"""`hpotune check-resume`: whether the script goes on from its checkpoint as if it had never stopped."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from hpotune.cli.one_trial import first_job, one_trial
from hpotune.cli.options import Json, Sets, StudyArgument
from hpotune.cli.terminal import json_text
from hpotune.errors import UsageError
from hpotune.events import Budget, JobEnded
from hpotune.protocol import Entry
from hpotune.run.alone import Bench, Collector, bench
from hpotune.run.attempt import Attempt
from hpotune.run.machine import fit_to_machine
from hpotune.schedulers.rungs import rungs
from hpotune.strategies import load_study
from hpotune.study import Study
from hpotune.study.sections import Budget as BudgetSection
from hpotune.summary import (
    Finding,
    Stretch,
    budget_text,
    cause_words,
    compare,
    config_text,
    duration_text,
    fault,
    first_line,
    printable,
    resuming_words,
    value_text,
)
from hpotune.tuner import Job, Tuner

FromOption = Annotated[
    float | None,
    typer.Option("--from", metavar="N", help="Stop and resume here; else at the lowest rung.", show_default=False),
]
ToOption = Annotated[
    float | None,
    typer.Option("--to", metavar="N", help="Train to here in all; else to the rung above.", show_default=False),
]


def command(
    study: StudyArgument,
    *,
    set_: Sets = None,
    from_: FromOption = None,
    to: ToOption = None,
    json_: Json = False,
) -> int:
    """Check whether the script goes on from its checkpoint as if it had never stopped.

    Trains one configuration in two jobs, and twice in one go with the same seed, and compares the metric; the two
    that train in one go tell how far the same training differs from itself. It costs three times the budget of --to.
    Nothing is kept. The exit code is 0 if the checkpoints are right, else 1.
    """
    loaded = load_study(study, overrides=set_ or ())
    start, end = ends(_resumable(loaded), loaded.strategy.options.get("eta"), from_, to)
    reduced, origin = one_trial(loaded, end)
    machine = fit_to_machine(reduced, os.environ)
    job = first_job(Tuner(machine.study))
    _say(*_introduction(machine.study, job, origin, start, end))
    with bench(machine) as place:
        done, finding = _check(Jobs(place, machine.study, job), start, end)
    words = resuming_words(finding, machine.study)
    if json_:
        sys.stdout.write(json_text(_as_json(finding, done, start, end, words)) + "\n")
    else:
        _say("")
        sys.stdout.write("".join(f"{line}\n" for line in words))
    return 0 if finding.right else 1


def ends(budget: BudgetSection, eta: object, start: float | None, end: float | None) -> tuple[Budget, Budget]:
    """Where to stop and resume, and where to end: two rungs, the upper one at least two units beyond the lower.

    Raises:
        UsageError: there is no such pair.
    """
    factor = eta if isinstance(eta, int) and eta >= 2 else 3
    levels = rungs(budget.min, budget.max, factor)
    lower = _plain(start) if start is not None else levels[0] if len(levels) > 1 else _half(budget.max)
    upper = _plain(end) if end is not None else next((level for level in levels if level > lower), budget.max)
    if end is None and start is None and upper < lower + 2 <= budget.max:
        upper = lower + 2
    if not (math.isfinite(upper) and 0 < lower < upper):
        raise UsageError(
            f"there is nothing to resume from {budget_text(lower)} to {budget_text(upper)}",
            "choose budgets with --from and --to, the first above 0 and below the second",
        )
    return lower, upper


def _resumable(study: Study) -> BudgetSection:
    if study.budget is None:
        raise UsageError(
            "the study has no budget, so no trial is ever resumed further", "a section `budget:` says what is counted"
        )
    if not study.budget.resume:
        raise UsageError(
            "the study says `budget: {resume: false}`: its script always trains from the start",
            "nothing needs to be right; to check all the same: --set budget.resume=true",
        )
    return study.budget


@dataclass(frozen=True, slots=True)
class Ran:
    """A job as it went, and how long it took."""

    stretch: Stretch
    seconds: float | None


class Jobs:
    """Runs the jobs of one trial, and says a line about each."""

    def __init__(self, place: Bench, study: Study, job: Job) -> None:
        self._place = place
        self._study = study
        self._job = job
        self._zero_based: bool | None = None

    def run(self, name: str, start: Budget, to: Budget, *, folder: str) -> Ran:
        """Run a job from one budget to another; those in the same folder share its checkpoint."""
        job = replace(
            self._job, job=1 if start else 0, previous_budget=start, budget=to, zero_based=self._zero_based
        )  # fmt: skip
        spec = self._place.prepare(job, folder)
        attempt = self._place.attempt(spec, job)
        collector = Collector(attempt)
        ended = self._place.run(spec, attempt, collector)
        self._zero_based = attempt.zero_based
        stretch = Stretch(
            start,
            to,
            [(entry.budget, entry.value) for entry in collector.entries],
            failure=_failure(attempt, ended),
            started_over=bool(ended.notes.get("started_over")),
            saved=_has_files(spec.env["HPOTUNE_CHECKPOINT_DIR"]),
        )
        _say(self._line(name, stretch, collector.entries, ended))
        return Ran(stretch, ended.measured.get("seconds"))

    def _line(self, name: str, stretch: Stretch, entries: list[Entry], ended: JobEnded) -> str:
        unit = self._study.budget.name if self._study.budget else ""
        way = f"{budget_text(stretch.start)} → {budget_text(stretch.to, unit)}"
        result = "failed" if stretch.failure else "no report"
        if not stretch.failure and entries:
            last = entries[-1]
            result = f"{printable(self._study.metric.name)} {value_text(last.value)}"
            result += "" if last.budget is None else f" at {budget_text(last.budget)}"
        return f"  {name:<10}  {way}  {result}  {duration_text(ended.measured.get('seconds'))}"


def _check(jobs: Jobs, start: Budget, end: Budget) -> tuple[Mapping[str, Ran], Finding]:
    """Run what is needed to know, and no more.

    A straight job comes between the two of the resumed training: a script that keeps its state where other trials find
    it is caught by that.
    """
    plan = (
        ("first", 0, start, "resumed"),
        ("straight 1", 0, end, "straight-1"),
        ("resumed", start, end, "resumed"),
        ("straight 2", 0, end, "straight-2"),
    )
    done: dict[str, Ran] = {}
    for name, begin, to, folder in plan:
        done[name] = jobs.run(name, begin, to, folder=folder)
        found = fault({each: ran.stretch for each, ran in done.items()})
        if found is not None:
            return done, found
    first, one, resumed, two = (done[name].stretch for name, *_ in plan)
    return done, compare(first, resumed, (one, two))


def _introduction(study: Study, job: Job, origin: str, start: Budget, end: Budget) -> Iterator[str]:
    unit = study.budget.name if study.budget else ""
    yield f"one trial of {printable(study.name)}: {origin}"
    yield f"  {config_text(job.config, exact=True)}"
    yield f"  to {budget_text(start)} and on to {budget_text(end, unit)}; twice to {budget_text(end)} in one go"
    yield f"  four processes, {budget_text(3 * end, unit)} in all; --from and --to choose others"


def _as_json(
    finding: Finding, done: Mapping[str, Ran], start: Budget, end: Budget, words: list[str]
) -> dict[str, Any]:  # fmt: skip
    found = {name: _finite(value) for name, value in asdict(finding).items() if value not in (None, "")}
    runs = [
        {
            "run": name,
            "from": ran.stretch.start,
            "to": ran.stretch.to,
            "reports": [[budget, _finite(value)] for budget, value in ran.stretch.reports],
            "failure": ran.stretch.failure or None,
            "seconds": ran.seconds,
        }
        for name, ran in done.items()
    ]
    return {"right": finding.right, "from": start, "to": end, "finding": found, "runs": runs, "words": words}


def _finite(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _failure(attempt: Attempt, ended: JobEnded) -> str:
    if ended.outcome != "failed":
        return ""
    line = first_line(attempt.explained(ended).message)
    how = cause_words(ended.cause or "exit", ended.code, ended.signal)
    return f"{how}: {line}" if line else how


def _has_files(folder: str) -> bool:
    return any(path.is_file() for path in Path(folder).rglob("*"))


def _plain(budget: float) -> Budget:
    return int(budget) if float(budget).is_integer() else budget


def _half(budget: Budget) -> Budget:
    return budget // 2 if isinstance(budget, int) else budget / 2


def _say(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()
