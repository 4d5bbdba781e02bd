"""The words of a plan."""

from __future__ import annotations

from collections.abc import Iterator

from hpotune.cli.plan_costs import LISTED, Rung
from hpotune.cli.planned import Plan
from hpotune.report.tables import table_text
from hpotune.schedulers.asha import AshaScheduler
from hpotune.schedulers.asha_stop import AshaStopScheduler
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.stopping import StoppingRule
from hpotune.strategies import product
from hpotune.summary import Column, count_text, duration_text, of_text, printable
from hpotune.summary.schedule_words import amount_text

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
    if (
        isinstance(plan.scheduler, AshaScheduler | AshaStopScheduler | SynchronousScheduler)
        and budget.min == budget.max
    ):
        return f"{words}, at {amount_text(budget.max, budget.name)}"
    return f"{words}, {amount_text(budget.min)} to {amount_text(budget.max, budget.name)}"


def _about(plan: Plan) -> Iterator[str]:
    """What happens to a trial."""
    budget = plan.study.budget
    full = "to its end" if budget is None else f"to {amount_text(budget.max, budget.name)}"
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
    texts = [amount_text(level) for level in levels]
    return texts if len(texts) <= 5 else [*texts[:3], "…", texts[-1]]


def _shown(plan: Plan) -> tuple[list[Rung], list[str]]:
    """The rungs of the first brackets."""
    left = plan.brackets - _MOST_BRACKETS
    if left <= 0:
        return list(plan.rungs), []
    shown = [rung for rung in plan.rungs if rung.bracket is not None and rung.bracket < _MOST_BRACKETS]
    listed = "all" if plan.brackets <= LISTED else f"the first {LISTED:,}"
    return shown, [f"… and {count_text(left, 'further bracket')} (--json has {listed})"]


def _columns(plan: Plan, rungs: list[Rung]) -> list[Column]:
    name = plan.study.budget.name if plan.study.budget is not None else ""
    numbers = [
        "" if at and rungs[at - 1].bracket == rung.bracket else str(rung.bracket) for at, rung in enumerate(rungs)
    ]
    trials = [of_text(rung.trials, rung.size) for rung in rungs]
    columns = [
        Column(printable(name), [amount_text(rung.at) for rung in rungs]),
        Column("trials", trials),
        Column("go on", [f"{rung.go_on:,}" if rung.go_on else "" for rung in rungs]),
        Column(f"{printable(name)} in all", [amount_text(rung.budget) for rung in rungs]),
    ]
    return [Column("bracket", numbers), *columns] if rungs[0].bracket is not None else columns


def _facts(plan: Plan, seconds: float | None) -> Iterator[tuple[str, str]]:
    budget, least, most = plan.study.budget, plan.least, plan.most
    about = _about_it(plan)
    trials = f"about {_range(least.trials, most.trials)}" if least.trials != most.trials else f"{least.trials:,}"
    yield "trials", f"{trials}{_end(plan)}"
    if plan.pauses:
        yield "jobs", f"{about}{_range(least.jobs, most.jobs)}"
    if budget is not None:
        yield "budget", f"{about}{_range(least.budget, most.budget, budget.name)}: {_share(plan)}"
    if plan.whole is not None:
        yield "brackets", _cycles(plan)
    workers = count_text(plan.workers, "worker")
    if seconds is None:
        unit = "trials" if budget is None else budget.name
        yield "time", f"{about}that of {_range(least.units, most.units, unit)} with {workers} (--unit-time knows more)"
    else:
        times = [duration_text(units * seconds) for units in (least.units, most.units)]
        yield "time", f"{about}{' to '.join(dict.fromkeys(times))} with {workers}"
    if budget is not None:
        yield "checkpoints", _checkpoints(plan)


def _about_it(plan: Plan) -> str:
    if plan.exact:
        return ""
    return "at most " if isinstance(plan.scheduler, StoppingRule) else "about "


def _range(least: float, most: float, name: str = "") -> str:
    """`297 to 501 epochs`; `297 epochs` if both are that."""
    texts = [amount_text(round(number, 6)) for number in (least, most)]
    last = amount_text(round(most, 6), name)
    return last if texts[0] == texts[1] else f"{texts[0]} to {last}"


def _end(plan: Plan) -> str:
    """What ends the study."""
    limits, budget = plan.study.limits, plan.study.budget
    if plan.example:
        return ", as an example: nothing limits their number"
    if plan.played is not None:
        return f" (the first {plan.played:,} were rehearsed, the rest is in proportion)"
    match plan.ends:
        case "budget" if limits.budget is not None and budget is not None:
            return f": then the budget of {amount_text(limits.budget, budget.name)} is spent"
        case "time":
            return ": then the time limit is reached"
        case "space_exhausted":
            return ": then every configuration has been tried"
        case "complete":
            return ": then the schedule is complete"
    return ""


def _share(plan: Plan) -> str:
    least, most = plan.least, plan.most
    if not plan.total.trials:
        return "nothing"
    trainings = [_number(each.budget / plan.full) for each in (least, most)]
    noun = "full training" if trainings[1] == "1" else "full trainings"
    words = f"{' to '.join(dict.fromkeys(trainings))} {noun}"
    if least.trials != most.trials:
        return words
    shares = [_percent(each.budget / (each.trials * plan.full)) for each in (least, most)]
    trials = count_text(most.trials, "trial")
    return f"{words}, {' to '.join(dict.fromkeys(shares))} % of what {trials} in full would take"


def _number(number: float) -> str:
    return f"{number:,.1f}".removesuffix(".0")


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.005 or not share else f"{100 * share:.1g}"


def _cycles(plan: Plan) -> str:
    """How often all kinds of brackets fit into the limits, and where those cut off."""
    if plan.whole is None or not isinstance(plan.scheduler, SynchronousScheduler):
        return ""
    kinds, count = len(plan.scheduler.kinds), plan.brackets
    name = plan.study.budget.name if plan.study.budget is not None else ""
    cost = f"{count_text(plan.whole.trials, 'trial')} and {amount_text(plan.whole.budget, name)}"
    all_of_them = f"all {kinds} kinds take {cost}" if kinds > 1 else f"each takes {cost}"
    opened = count_text(count, "bracket")
    numbers = dict.fromkeys(rung.bracket for rung in plan.rungs if rung.bracket is not None)
    cuts = [words for number in numbers if (words := _cut(plan, number))]
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
            some = f"only {rung.trials:,} of {rung.size:,} come" if rung.trials else f"none of {rung.size:,} comes"
            return f"in bracket {number} {some} to {amount_text(rung.at, name)}"
    return ""


def _checkpoints(plan: Plan) -> str:
    most, last = plan.checkpoints
    if not plan.pauses:
        return f"none are needed; {last:,} stay on disk, if the script saves one for every trial"
    if not plan.saves:
        return "none are needed: a promoted trial starts over (`resume: false`)"
    return f"at most {most:,} on disk at a time, {last:,} in the end, if the script saves one for every trial"


def _why_a_range(plan: Plan) -> Iterator[str]:
    if plan.basis != "quota" or len(plan.rungs) == 1:
        return
    yield "the table is that of the quotas: each rung promotes exactly one trial in eta"
    if plan.least == plan.most:
        return
    if plan.least.budget < plan.most.budget and plan.study.limits.budget is None:
        yield "ranges are from that to a rehearsal with random values, in which trials that went on are overtaken later"
    else:
        yield "ranges hold that and rehearsals with random values, in which trials that went on are overtaken later"
    searcher = product(plan.study).searcher
    good = f" (as with {searcher}, which learns)" if searcher in ("gp", "kde") else ""
    yield f"what is overtaken has cost its promotion: the better new trials become{good}, the more promotions there are"


def _notes(plan: Plan, seconds: float | None) -> Iterator[str]:
    study, budget = plan.study, plan.study.budget
    if isinstance(plan.scheduler, AshaScheduler):
        yield from _why_a_range(plan)
    if plan.basis == "arithmetic" and plan.workers > 1:
        yield "how long workers wait for each other's trials is not rehearsed here: the time is between these bounds"
    if budget is not None and plan.pauses and not plan.saves:
        yield f"`resume: false`: every promotion trains from 0 again, which is counted in {budget.name}"
    if study.metric.target is not None:
        yield "it ends sooner if the target is reached"
    if study.limits.time is not None and seconds is None:
        yield "the time limit is left out of account: give --unit-time"
    if seconds is not None and study.trial.timeout is not None and plan.longest * seconds > study.trial.timeout:
        yield f"the longest job takes longer than `trial.timeout` ({duration_text(study.trial.timeout)})"
