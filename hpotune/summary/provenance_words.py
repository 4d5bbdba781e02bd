"""The words for where a trial's configuration came from, and what was expected of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpotune.history import History
from hpotune.summary.provenance import (
    AtBudget,
    Confirmation,
    Default,
    Density,
    Draw,
    Enqueued,
    Fit,
    Leftover,
    Model,
    Point,
    Provenance,
    Unknown,
)
from hpotune.summary.text import budget_text, config_text, count_text, number_text, printable, value_text
from hpotune.summary.words import budget_name

_ACQUISITIONS = {
    "log_ei": "log expected improvement",
    "ei": "expected improvement",
    "pi": "probability of improvement",
    "ucb": "confidence bound",
}
_ORDERS = {"grid": "the grid", "sobol": "the Sobol sequence"}


def provenance_words(source: Provenance) -> str:
    """In a few words: `the model: 0.91 ± 0.02 expected`."""
    match source:
        case Enqueued(index=index):
            return f"the study's `enqueue`: entry {index + 1}"
        case Default():
            return "the defaults"
        case Confirmation():
            return "a confirmation"
        case Point(by=by, index=index, design=design):
            return ("" if design is None else "the first design: ") + f"point {index} of {_order(by)}"
        case Draw():
            return "a random draw"
        case Leftover():
            return "a random draw from what was left"
        case Model(expected=expected, sd=sd):
            return f"the model: {value_text(expected, sd)} expected"
        case Density(log_ratio=log_ratio):
            return f"the densities: good to bad {_ratio_text(log_ratio)}"
        case Unknown(by=by):
            return printable(by) if by else "a searcher of which nothing is known"


def provenance_lines(source: Provenance, history: History) -> Iterator[str]:
    """In full, one statement a line."""
    match source:
        case Enqueued(index=index):
            there = max(len(history.study.enqueue), index + 1)
            yield f"the study's `enqueue` asked for it: entry {index + 1} of {there}"
        case Default():
            yield "it is the configuration of defaults, which is tried before the search begins"
        case Confirmation(replicate=replicate):
            yield "a configuration is run again to confirm its value" + (
                "" if replicate is None else f": replicate {replicate}"
            )
        case Point():
            yield _point(source)
        case Draw():
            yield _draw(source, history)
        case Leftover():
            yield "it was drawn from the configurations that were left: the searcher's own order held no new one"
        case Model():
            yield from _model(source, history)
        case Density():
            yield from _density(source, history)
        case Unknown(by=None):
            yield "nothing is known of how it was proposed"
        case Unknown(by=by):
            yield f"searcher {printable(by or '')} proposed it, of which this version knows nothing more"
    if not isinstance(source, Enqueued | Default | Confirmation | Leftover) and source.other:
        yield f"recorded beside that: {config_text(source.other)}"


def _point(source: Point) -> str:
    place = f"it is point {source.index} of {_order(source.by)}, counted from 0"
    if source.design is None:
        return place
    return f"{place}, in a first design of {count_text(source.design, 'trial')}, before the model chooses"


def _order(by: str) -> str:
    return _ORDERS.get(by, printable(by))


def _draw(source: Draw, history: History) -> str:
    match source:
        case Draw(observations=int(there), needed=int(needed)):
            return f"a random draw: the densities need {count_text(needed, 'observation')}, there were {there:,}"
        case Draw(fraction=float(fraction)):
            return f"a random draw, as {_percent(fraction)} of the trials are, whatever is known"
        case Draw(because=str(because)):
            return f"a random draw: {printable(because)}"
        case _:
            return f"an independent draw from the space, keyed by seed {history.seed} and the trial's number"


def _model(source: Model, history: History) -> Iterator[str]:
    yield f"the model, a Gaussian process, chose it{_choice(source)}"
    at = f" at {budget_text(source.budgets[0].budget, budget_name(history))}" if source.budgets else ""
    expected = f"it expected {printable(history.study.metric.name)} {value_text(source.expected, source.sd)}{at}"
    if source.incumbent is not None:
        expected += f"; the incumbent, its best until then, was {value_text(source.incumbent)}"
    yield expected
    yield f"it had learnt from {count_text(source.observations, 'observation')}{_besides(source)}"
    if source.budgets:
        yield f"these were at {budget_name(history) or 'budget'} {', '.join(map(_at_budget, source.budgets))}"
    if source.success is not None:
        yield f"it gave the trial a chance of {_percent(source.success)} not to fail"
    yield from _fitting(source)
    yield from _fallback(source.fallback)


def _at_budget(told: AtBudget) -> str:
    alike = "" if told.correlation == 1 else f", correlation {number_text(told.correlation, 2)} with the highest"
    return f"{budget_text(told.budget)} ({told.observations:,}{alike})"


def _choice(source: Model) -> str:
    words = ""
    if source.candidates is not None:
        among = count_text(source.candidates, "candidate")
        words += f" among all {source.candidates:,} configurations left" if source.by == "list" else f" among {among}"
    if source.acquisition is not None:
        words += f" by {_ACQUISITIONS.get(source.acquisition, printable(source.acquisition))}"
    return words if source.score is None else f"{words} ({number_text(source.score, 4)})"


def _besides(source: Model | Density) -> str:
    """What a model took into account beside what it learnt from."""
    counts = ((source.pending, "pending"), (source.failed, "failed"))
    parts = [f"{count_text(count, 'trial')} {state}" for count, state in counts if count]
    return f", with {' and '.join(parts)}" if parts else ""


def _fitting(source: Model) -> Iterator[str]:
    if source.fit is not None:
        yield from _fit(source.fit, source.fitted)
    elif source.fitted is not None:
        there = _ended(source.fitted)
        whose = "" if source.fitted_for is None else f", for trial {source.fitted_for}"
        yield f"its hyperparameters were those of the last fit, to {there}{whose}"


def _ended(count: int) -> str:
    return f"{count_text(count, 'trial')} that had ended"


def _fit(fit: Fit, fitted: int | None) -> Iterator[str]:
    count = fitted if fit.ended is None else fit.ended
    to = "" if count is None else f", to {_ended(count)}"
    yield f"its hyperparameters were fitted anew for this proposal{to}"
    if fit.lengths:
        yield "what it found to matter, by length scale as a share of the range (a short one matters most):"
    width = max((len(printable(each.parameter)) for each in fit.lengths), default=0)
    for each in fit.lengths:
        row = f"  {printable(each.parameter):<{width}}  {number_text(each.length, 3):<7}"
        yield row.rstrip() if each.matters else f"{row}  hardly matters"
    if fit.other:
        yield f"further of the fit: {config_text(fit.other)}"


def _density(source: Density, history: History) -> Iterator[str]:
    among = "" if source.candidates is None else f" among {count_text(source.candidates, 'candidate')}"
    yield f"the densities of good and of bad trials chose it{among}"
    ratio, logarithm = _ratio_text(source.log_ratio), number_text(source.log_ratio, 4)
    yield f"its density among the good to that among the bad is {ratio} (its logarithm {logarithm})"
    at = "" if source.budget is None else f" at {budget_text(source.budget, budget_name(history))}"
    yield f"they rest on {count_text(source.observations, 'observation')}{at}{_besides(source)}"
    yield f"{source.good:,} counted as good, {source.bad:,} as bad"
    yield from _fallback(source.fallback)


def _fallback(name: str | None) -> Iterator[str]:
    if name is not None:
        yield f"a numerical failure was got round: {printable(name)}"


def _ratio_text(logarithm: float) -> str:
    """e to the logarithm, where that is a number."""
    return number_text(math.exp(logarithm), 4) if abs(logarithm) < 700 else f"e^{number_text(logarithm, 4)}"


def _percent(share: float) -> str:
    return f"{number_text(100 * share, 3)} %"
