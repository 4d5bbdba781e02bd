"""`hpotune simulate`: what another strategy would have made of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from hpotune.cli.options import Json, RunArgument, Runs, Sets
from hpotune.cli.target import the_run
from hpotune.cli.terminal import harmless, json_text
from hpotune.events import Budget
from hpotune.run.simulator.another_way import Comparison, another_way, reached
from hpotune.strategies import SCHEDULERS, product
from hpotune.study import Study
from hpotune.summary import budget_text, count_text, duration_text, setting_text, state_words, value_text

StrategyName = Annotated[
    str, typer.Option("--strategy", "-s", metavar="NAME", help="The strategy, one of `hpotune strategies`.")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", "-w", metavar="N", min=1, help="Trials at a time; else the run's.", show_default=False),
]
Order = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        min=0,
        help="Draw another order of the configurations; else they come in the run's.",
        show_default=False,
    ),
]


def command(
    run: RunArgument = None,
    *,
    strategy: StrategyName = "asha",
    set_: Sets = None,
    workers: Workers = None,
    seed: Order = None,
    json_: Json = False,
    runs: Runs = None,
) -> None:
    """Tell what another strategy would have made of a run: its cost, and what it would have found.

    The run's configurations and learning curves are taken again, each once, in virtual time. What is compared is the
    schedule; --set changes what lies below strategy, budget and limits, such as strategy.eta=4.
    """
    found = another_way(the_run(run, runs), strategy, sets=set_ or (), workers=workers, order=seed)
    if json_:
        sys.stdout.write(json_text(_as_json(found)) + "\n")
    else:
        sys.stdout.write(harmless("\n".join(_lines(found))) + "\n")


def _as_json(found: Comparison) -> dict[str, Any]:
    favourite = found.favourite
    return {
        "study": found.study.name,
        "strategy": found.study.strategy.model_dump(mode="json"),
        "run": asdict(found.run),
        "simulated": asdict(found.other),
        "saved": {"budget": found.saved_budget, "time": found.saved_time},
        "best_of_the_run": None if favourite is None else {"state": favourite.state, "budget": _reached(found)},
        "unknown": {
            "left_out": found.unknown,
            "short": found.short,
            "guessed": [{"trial": trial, "to": budget} for trial, budget in found.guessed.items()],
            "times": not found.timed,
            "startups": not found.starts,
            "learning_searchers": list(found.learns),
        },
    }


def _lines(found: Comparison) -> Iterator[str]:
    name = _name(found.study)
    configurations = count_text(found.other.trials, "configuration")
    yield f"{found.study.name}: its {configurations} under {name}{_options(found.study)}"
    yield ""
    rows = [("", f"the run ({_name(found.history.study)})", name), *_rows(found)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for first, *others in rows:
        cells = "  ".join(f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        yield f"  {first:<{widths[0]}}  {cells}".rstrip()
    yield ""
    yield from _verdict(found, name)
    if notes := list(_notes(found)):
        yield from ("", "what this cannot know", *(f"  {note}" for note in notes))


def _rows(found: Comparison) -> Iterator[tuple[str, str, str]]:
    budget = found.study.budget
    name = budget.name if budget else ""
    sides = (found.run, found.other)

    def row(title: str, of: Any) -> tuple[str, str, str]:
        return (title, of(sides[0]), of(sides[1]))

    yield row("trials", lambda side: f"{side.trials:,}")
    yield row("failed", lambda side: f"{side.failed:,}")
    yield row(f"trained to {budget_text(budget.max if budget else 0, name)}", lambda side: f"{side.full:,}")
    yield row(f"{name} in all", lambda side: budget_text(side.budget))
    if found.timed:
        yield row("workers", lambda side: f"{side.workers:,}")
        yield row("time", lambda side: duration_text(side.seconds))
    yield row(f"best {found.study.metric.name}", lambda side: value_text(side.value))
    yield row("of trial", lambda side: value_text(side.trial))
    yield row("at", lambda side: "" if side.at is None else budget_text(side.at, name))


def _verdict(found: Comparison, name: str) -> Iterator[str]:
    saved = ((found.saved_budget, "budget"), (found.saved_time, "time"))
    if parts := [_less(share, what) for share, what in saved if share is not None]:
        yield f"{name} would have taken {' and '.join(parts)}"
    if found.run.trial is not None and found.run.trial == found.other.trial:
        yield f"it would have found the same trial, {found.run.trial}"
    elif found.run.trial is not None:
        yield f"the run's best, trial {found.run.trial}, {_fate(found)}"


def _less(share: float, what: str) -> str:
    percent = f"{abs(100 * share):.0f} %"
    return f"as much {what}" if percent == "0 %" else f"{percent} {'less' if share > 0 else 'more'} {what}"


def _fate(found: Comparison) -> str:
    """What would have become of the run's best trial."""
    trial = found.favourite
    if trial is None:
        return "would never have been begun"
    reached = _reached(found)
    at = "" if reached is None or found.study.budget is None else f" at {budget_text(reached, found.study.budget.name)}"
    return f"would have been {state_words(trial.state)}{at}"


def _reached(found: Comparison) -> Budget | None:
    trial = found.favourite
    return None if trial is None or not trial.jobs else reached(trial.jobs[-1])


def _notes(found: Comparison) -> Iterator[str]:
    budget = found.study.budget
    unit = budget.name if budget else ""
    if found.history.finished is None:
        yield "the run has not finished: what is still to come of it takes no part"
    if found.unknown:
        yield f"{count_text(found.unknown, 'trial')} took no part: the run says nothing of how they would have done"
    if found.short:
        more = "" if found.guessed else "; no more of them was asked for"
        trials = count_text(found.short, "trial")
        yield f"of {trials} the run knows the beginning alone (stopped, paused or cut off){more}"
    if found.guessed:
        some = ", ".join(f"trial {trial} to {budget_text(to, unit)}" for trial, to in list(found.guessed.items())[:3])
        dots = ", …" if len(found.guessed) > 3 else ""
        yield f"{len(found.guessed)} went on from there with the last value that is known: {some}{dots}"
    if found.other.trial in found.guessed:
        yield f"the best trial found, {found.other.trial}, is one of those: its value is a guess"
    if found.learns:
        yield f"{' and '.join(found.learns)} would have proposed other configurations, having seen other results"
    if not found.timed:
        yield "how long anything took: the journal holds no times"
    elif not found.starts:
        yield "how long a process takes to start, which a trial pays again in each job: no job reported at two times"


def _options(study: Study) -> str:
    """The options of the schedule."""
    known = SCHEDULERS[product(study).scheduler].options
    chosen = {name: value for name, value in study.strategy.options.items() if name in known and value is not None}
    return "".join(f" {name}={setting_text(value)}" for name, value in chosen.items())


def _name(study: Study) -> str:
    return study.strategy.name or " × ".join(product(study)[:2])
