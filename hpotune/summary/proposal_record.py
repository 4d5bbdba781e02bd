"""From the record of a proposal to where the configuration came from.

A record is JSON that a searcher wrote, of this version or of another. What is known of it becomes a value with a name
and a type; an entry that is unknown, or not what it should be, is kept as it stands. No record is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from hpotune.history import History, Trial
from hpotune.strategies import SEARCHERS, STRATEGIES
from hpotune.summary.provenance import (
    AtBudget,
    Confirmation,
    Default,
    Density,
    Draw,
    Enqueued,
    Fit,
    Leftover,
    Length,
    Model,
    Point,
    Provenance,
    Unknown,
)

# A Gaussian process hardly varies along a parameter whose length scale is this many times as long as both its range
# and the shortest length scale: between the ends of the range by less than a tenth of the variance that the most
# relevant parameter makes there (Matern-5/2: 1 - k(1/5) = 0.03, 1 - k(1) = 0.48).
_HARDLY = 5.0


def provenance(trial: Trial, history: History) -> Provenance:
    """Where the configuration of a trial came from, whatever its record holds."""
    match trial.origin:
        case "enqueue":
            return Enqueued("enqueue", sum(other.origin == "enqueue" for other in history.trials[: trial.number]))
        case "default":
            return Default("default")
        case "confirm":
            return Confirmation("confirm", trial.replicate)
        case _:
            return _read(trial, history)


def _read(trial: Trial, history: History) -> Provenance:
    by = trial.record.get("by", _searcher(history))  # records of searchers without a model need not name it
    if not isinstance(by, str):
        return Unknown(None, trial.record)
    if not trial.record and by in SEARCHERS and by != "random":
        return Leftover("leftover")
    record = {name: value for name, value in trial.record.items() if name != "by"}
    reader = _READERS.get(by)
    found = None if reader is None else reader(by, _Entries(record), trial, history)
    return Unknown(by, record) if found is None else found


def _searcher(history: History) -> str | None:
    """The searcher of the study, as far as this version knows its strategy."""
    strategy = history.study.strategy
    name = STRATEGIES.get(strategy.name or "", (None,))[0]
    return strategy.searcher or ("random" if strategy.name is None else name)


class _Entries:
    """A record's entries. One that is read as what it should be is taken out; what is `left` is shown as it stands."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.left = dict(record)

    def number(self, name: str) -> float | None:
        """A finite number."""
        return float(self.left.pop(name)) if _is_number(self.left.get(name)) else None

    def count(self, name: str) -> int | None:
        """A whole number that is not negative."""
        value = self.left.get(name)
        return self.left.pop(name) if type(value) is int and value >= 0 else None

    def text(self, name: str) -> str | None:
        """A text."""
        return self.left.pop(name) if isinstance(self.left.get(name), str) else None

    def record(self, name: str) -> _Entries | None:
        """A record within the record."""
        return _Entries(self.left.pop(name)) if isinstance(self.left.get(name), Mapping) else None

    def numbers(self, name: str, count: int) -> list[float] | None:
        """So many numbers."""
        value = self.left.get(name)
        fits = isinstance(value, list) and len(value) == count and all(map(_is_number, value))
        return self.left.pop(name) if fits else None

    def budgets(self) -> tuple[AtBudget, ...]:
        """What a model learnt from by budget: rows of a budget, a count and a correlation."""
        value = self.left.get("budgets")
        if not isinstance(value, list) or not value or not all(map(_is_row, value)):
            return ()
        return tuple(AtBudget(*row) for row in self.left.pop("budgets"))


def _is_row(row: object) -> bool:
    if not isinstance(row, list) or len(row) != 3 or not all(map(_is_number, row)):
        return False
    return type(row[1]) is int and row[1] >= 0


def _is_number(value: object) -> bool:
    largest = sys.float_info.max
    return isinstance(value, int | float) and not isinstance(value, bool) and -largest <= value <= largest


def _point(by: str, entries: _Entries, trial: Trial, history: History) -> Point | None:
    del trial, history
    index = entries.count("index")
    return None if index is None else Point(by, index, entries.count("of"), entries.left)


def _draw(by: str, entries: _Entries, trial: Trial, history: History) -> Draw | None:
    del trial, history
    because = entries.text("why")
    there = needed = fraction = None
    if because == "too_few":
        there, needed = entries.count("observations"), entries.count("needed")
        if there is None or needed is None:
            return None
    elif because == "fraction":
        fraction = entries.number("fraction")
        if fraction is None:
            return None
    return Draw(by, because, there, needed, fraction, entries.left)


def _model(by: str, entries: _Entries, trial: Trial, history: History) -> Model | None:
    mean, sd, observations = entries.number("mean"), entries.number("sd"), entries.count("observations")
    if mean is None or sd is None or observations is None:
        return None
    fit = entries.record("fit")
    return Model(
        by,
        expected=history.sign * mean,
        sd=sd,
        incumbent=history.value(entries.number("best")),
        acquisition=entries.text("acquisition"),
        score=entries.number("score"),
        observations=observations,
        pending=entries.count("pending"),
        failed=entries.count("failed"),
        budgets=entries.budgets(),
        success=entries.number("success"),
        candidates=entries.count("candidates"),
        fitted=entries.count("fitted"),
        fitted_for=_fitted_for(trial, history),
        fit=None if fit is None else _fit(fit, history),
        fallback=entries.text("fallback"),
        other=entries.left,
    )


def _fitted_for(trial: Trial, history: History) -> int | None:
    """The trial whose proposal fitted the hyperparameters that this one's used."""
    return next((number for number in range(trial.number, -1, -1) if "fit" in history.trials[number].record), None)


def _fit(entries: _Entries, history: History) -> Fit:
    names = [parameter.name for parameter in history.study.space.searchable]
    lengths = entries.numbers("lengths", len(names)) or []
    long = _HARDLY * max(1.0, min(lengths, default=1.0))
    found = [Length(name, length, length <= long) for name, length in zip(names, lengths, strict=bool(lengths))]
    found.sort(key=lambda each: each.length)
    return Fit(entries.count("ended"), tuple(found), entries.left)


def _density(by: str, entries: _Entries, trial: Trial, history: History) -> Density | None:
    del trial, history
    score, observations = entries.number("score"), entries.count("observations")
    good, bad = entries.count("good"), entries.count("bad")
    if score is None or observations is None or good is None or bad is None:
        return None
    return Density(
        by,
        log_ratio=score,
        good=good,
        bad=bad,
        observations=observations,
        budget=entries.number("budget"),
        pending=entries.count("pending"),
        failed=entries.count("failed"),
        candidates=entries.count("candidates"),
        fallback=entries.text("fallback"),
        other={name: value for name, value in entries.left.items() if value is not None},  # a study without budgets
    )


_READERS: Mapping[str, Callable[[str, _Entries, Trial, History], Provenance | None]] = {
    "grid": _point,
    "sobol": _point,
    "random": _draw,
    "gp": _model,
    "list": _model,
    "kde": _density,
}
