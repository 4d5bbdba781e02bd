"""The words of a plan."""

from __future__ import annotations

from collections.abc import Iterator

from hpotune.cli.planned import MOST, Plan, Rung
from hpotune.report.tables import table_text
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.asha_stop import AshaStopScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.stopping import StoppingRule
from hpotune.strategies import product
from hpotune.summary import Column, budget_text, count_text, duration_text, of_text, printable

_MOST_BRACKETS = 12  # in the table; --json has all


def plan_lines(plan: Plan, seconds: float | None, width: int) -> Iterator[str]:
    """The plan, line by line; `seconds` for a unit of budget, if they are known; tables in `width` cells."""
    yield f"{printable(plan.study.name)}  {_strategy(plan)}"
    yield from _about(plan)
    if plan.rungs:
        rungs, notes = _shown(plan)
        yield from ("", table_text(_columns(plan, rungs), width), *notes)
    yield ""
    facts = list(_facts(plan, seconds))
    size = max(len(title) for title, _ in facts)
    yield from (f"{title:<{size}}  {words}" for title, words in facts)
    if notes := list(_notes(plan, seconds)):
        yield from ("", *notes)


def _strategy(plan: Plan) -> str:
    searcher, scheduler, _ = product(plan.study)
    words = f"{searcher} × {scheduler}"
    match plan.scheduler:
        case AshaStopScheduler(eta=eta):
            words += f", mode stop, eta {eta}"
        case AshaScheduler(eta=eta) | SynchronousScheduler(eta=eta):
            words += f", eta {eta}"
    if plan.study.budget is None:
        return words
    budget = plan.study.budget
    return f"{words}, {budget_text(budget.min)} to {budget_text(budget.max, budget.name)}"


def _about(plan: Plan) -> Iterator[str]:
    """What happens to a trial."""
    budget = plan.study.budget
    full = "to its end" if budget is None else f"to {budget_text(budget.max, budget.name)}"
    match plan.scheduler:
        case StoppingRule(levels=levels, rule=rule):
            checks = (
                f"at {', '.join(_few(levels))} {budget.name if budget else ''} ({count_text(len(levels), 'check')})"
            )
            yield f"every trial is trained {full}, unless the {rule} rule stops it {checks}"
        case AshaStopScheduler():
            yield f"every trial is one job {full}, and is stopped at a rung where it is not among the best"
        case AshaScheduler():
            yield "a trial that has come to a rung waits there, and goes on as soon as it is among the best"
        case SynchronousScheduler():
            yield "the trials of a bracket wait for each other in every rung; the best of them go on"
        case _:
            yield f"every trial is trained {full}, in one job"


def _few(levels: tuple[float, ...]) -> list[str]:
    texts = [budget_text(level) for level in levels]
    return texts if len(texts) <= 5 else [*texts[:3], "…", texts[-1]]


def _shown(plan: Plan) -> tuple[list[Rung], list[str]]:
    """The rungs of the first brackets."""
    last = plan.rungs[-1].bracket
    if last is None or last < _MOST_BRACKETS:
        return list(plan.rungs), []
    left = last + 1 - _MOST_BRACKETS
    shown = [rung for rung in plan.rungs if rung.bracket is not None and rung.bracket < _MOST_BRACKETS]
    return shown, [f"… and {count_text(left, 'further bracket')} (--json has all)"]


def _columns(plan: Plan, rungs: list[Rung]) -> list[Column]:
    name = plan.study.budget.name if plan.study.budget is not None else ""
    numbers = [
        "" if at and rungs[at - 1].bracket == rung.bracket else str(rung.bracket) for at, rung in enumerate(rungs)
    ]
    trials = [of_text(rung.trials, rung.size) for rung in rungs]
    columns = [
        Column(printable(name), [budget_text(rung.at) for rung in rungs]),
        Column("trials", trials),
        Column("go on", [f"{rung.go_on:,}" if rung.go_on else "" for rung in rungs]),
        Column(f"{printable(name)} in all", [budget_text(rung.budget) for rung in rungs]),
    ]
    return [Column("bracket", numbers), *columns] if rungs[0].bracket is not None else columns


def _facts(plan: Plan, seconds: float | None) -> Iterator[tuple[str, str]]:
    total, budget = plan.total, plan.study.budget
    about = "" if plan.exact else "at most " if isinstance(plan.scheduler, StoppingRule) else "about "
    yield "trials", f"{total.trials:,}{_end(plan)}"
    if plan.pauses:
        yield "jobs", f"{about}{total.jobs:,}"
    if budget is not None:
        spent = f"{about}{budget_text(total.budget, budget.name)}"
        yield "budget", f"{spent}: {_share(plan)}"
    if plan.whole is not None:
        yield "brackets", _cycles(plan)
    workers = count_text(plan.workers, "worker")
    if seconds is None:
        unit = "trials" if budget is None else budget.name
        yield (
            "time",
            f"{about}that of {budget_text(round(plan.units, 6), unit)} with {workers} (--unit-time knows more)",
        )
    else:
        yield "time", f"{about}{duration_text(plan.units * seconds)} with {workers}"
    if budget is not None:
        yield "checkpoints", _checkpoints(plan)


def _end(plan: Plan) -> str:
    """What ends the study."""
    limits, budget = plan.study.limits, plan.study.budget
    if plan.example:
        return ", as an example: nothing limits their number"
    if plan.played is not None:
        return f" (the first {plan.played:,} were rehearsed, the rest is in proportion)"
    match plan.ends:
        case "budget" if limits.budget is not None and budget is not None:
            return f": then the budget of {budget_text(limits.budget, budget.name)} is spent"
        case "time":
            return ": then the time limit is reached"
        case "space_exhausted":
            return ": then every configuration has been tried"
        case "complete":
            return ": then the schedule is complete"
    return ""


def _share(plan: Plan) -> str:
    full = plan.total.budget / plan.full
    trials = f"{full:,.1f}".removesuffix(".0")
    if not plan.total.trials:
        return "nothing"
    share = 100 * full / plan.total.trials
    of = f"{share:.0f} % of what {count_text(plan.total.trials, 'trial')} in full would take"
    return f"{trials} full trainings, {of}" if full != 1 else f"1 full training, {of}"


def _cycles(plan: Plan) -> str:
    """How often all kinds of brackets fit into the limits, and where those cut off."""
    if plan.whole is None or not isinstance(plan.scheduler, SynchronousScheduler):
        return ""
    kinds = len(plan.scheduler.kinds)
    name = plan.study.budget.name if plan.study.budget is not None else ""
    cost = f"{count_text(plan.whole.trials, 'trial')} and {budget_text(plan.whole.budget, name)}"
    all_of_them = f"all {kinds} take {cost}" if kinds > 1 else f"each takes {cost}"
    if plan.played is not None:
        return all_of_them
    count = 0 if not plan.rungs else (plan.rungs[-1].bracket or 0) + 1
    opened = count_text(count, "bracket")
    cuts = [words for number in range(count) if (words := _cut(plan, number))]
    each = f", each kind {count // kinds:,}×" if kinds > 1 and count % kinds == 0 else ""
    fits = f"the study has {opened}{each}"
    return "; ".join([all_of_them, fits, *cuts[-2:]])


def _cut(plan: Plan, number: int) -> str:
    """What the limits take from a bracket."""
    rungs = [rung for rung in plan.rungs if rung.bracket == number]
    lowest = rungs[0]
    if lowest.size is not None and lowest.trials < lowest.size:
        return f"bracket {number} closes at {lowest.trials:,} of its {lowest.size:,} trials"
    for rung in rungs:
        if rung.size is not None and rung.trials < rung.size:
            name = plan.study.budget.name if plan.study.budget is not None else ""
            return f"in bracket {number} only {rung.trials:,} of {rung.size:,} come to {budget_text(rung.at, name)}"
    return ""


def _checkpoints(plan: Plan) -> str:
    most, last = plan.checkpoints
    if not plan.pauses:
        return f"none are needed; {last:,} stay on disk, if the script saves one for every trial"
    if not plan.saves:
        return "none are needed: a promoted trial starts over (`resume: false`)"
    return f"at most {most:,} on disk at a time, {last:,} in the end, if the script saves one for every trial"


def _notes(plan: Plan, seconds: float | None) -> Iterator[str]:
    study, budget = plan.study, plan.study.budget
    if isinstance(plan.scheduler, AshaScheduler) and not plan.example:
        yield "a trial that goes on and is overtaken later has cost its promotion: it may become a little more"
    if budget is not None and plan.pauses and not plan.saves:
        yield f"`resume: false`: every promotion trains from 0 again, which is counted in {budget.name}"
    if study.metric.target is not None:
        yield "it ends sooner if the target is reached"
    if study.limits.time is not None and seconds is None:
        yield "the time limit is left out of account: give --unit-time"
    if plan.played is not None and study.limits.trials is None and study.limits.budget is None:
        yield f"it comes further than the {MOST:,} trials that were rehearsed"
    if seconds is not None and study.trial.timeout is not None and plan.longest * seconds > study.trial.timeout:
        yield f"the longest job takes longer than `trial.timeout` ({duration_text(study.trial.timeout)})"
