"""The words of a scheduler's decisions about a trial, made of the numbers that it recorded as its reason.

promoted to 9 epochs: rank 2 of 12 at 3 epochs, 4 of them go on (loss 0.29, cut-off 0.31)
stopped early: rank 9 of 12 at 27 epochs, the best 4 go on (loss 0.52, cut-off 0.31)

A rung is called by its budget. Keys of a reason: see `schedulers/standings.py` and the schedulers themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from hpotune import events as ev
from hpotune.events import Budget
from hpotune.history import History
from hpotune.summary.text import budget_text, number_text, printable, setting_text, value_text
from hpotune.summary.words import budget_name

Ruling: TypeAlias = ev.TrialPaused | ev.TrialPromoted | ev.TrialStopped | ev.CheckpointDropped
Reason: TypeAlias = Mapping[str, Any]

LAUNCHED_AGAIN = ev.NAMES[ev.JobPlanned]
PAUSED = ev.NAMES[ev.TrialPaused]
PROMOTED = ev.NAMES[ev.TrialPromoted]
STOPPED = ev.NAMES[ev.TrialStopped]
DROPPED = ev.NAMES[ev.CheckpointDropped]
_LABELS = {
    PAUSED: "paused",
    PROMOTED: "promoted",
    STOPPED: "stopped early",
    DROPPED: "its checkpoint was deleted",
    LAUNCHED_AGAIN: "launched again",
}


def ruling_words(event: Ruling, history: History) -> str:
    """A decision and its reason: `promoted to 9 epochs: rank 2 of 12 at 3 epochs, …`."""
    name, to = ev.NAMES[type(event)], event.to if isinstance(event, ev.TrialPromoted) else None
    label, reason = label_words(name, to, history), reason_words(name, event.reason, history)
    return f"{label}: {reason}" if reason else label


def label_words(decision: str, to: Budget | None, history: History) -> str:
    """What was decided: `promoted to 9 epochs`."""
    label = _LABELS.get(decision, printable(decision))
    return label if to is None or decision != PROMOTED else f"{label} to {budget_text(to, budget_name(history))}"


def reason_words(decision: str, reason: Reason, history: History) -> str:
    """Why it was decided: as a sentence where the rule is known, else as its numbers; empty if nothing is recorded."""
    rule = str(reason.get("rule", ""))
    known = _RULES.get(rule)
    try:
        return _numbers(reason, rule) if known is None else known(decision, reason, history)
    except (KeyError, TypeError, ValueError):  # the record of another version, or of a scheduler of one's own
        return _numbers(reason, rule)


def wanted_words(reason: Reason, budget: Budget | None, history: History) -> str:
    """What a scheduler wanted a new trial for."""
    match reason:
        case {"bracket": int() as bracket, "rung": int(), **rest} if not rest:
            return f"the scheduler wanted it for bracket {bracket}{_to(budget, history)}"
        case {"rung": int(), **rest} if not rest:
            return f"the scheduler wanted it for the lowest rung{_to(budget, history)}"
    return f"the scheduler wanted it: {_numbers(reason, str(reason.get('rule', '')))}"


def _to(budget: Budget | None, history: History) -> str:
    return "" if budget is None else f", first trained to {budget_text(budget, budget_name(history))}"


def _target(decision: str, reason: Reason, history: History) -> str:
    del decision, reason, history
    return "the target is reached"


def _rung(decision: str, reason: Reason, history: History) -> str:
    """By the rank in a rung."""
    at, quota = _at(reason, history), reason["quota"]
    place = f"rank {reason['rank']} of {reason['of']} {at}"
    if "value" not in reason and decision == DROPPED:
        return f"its {_metric(history)} {at} is not finite"
    match decision:
        case _ if decision == PROMOTED:
            words = f"{place}, {quota} of them {_go(quota)} on"
        case _ if decision == STOPPED:
            words = f"{place}, {_the_best(quota)} {_go(quota)} on" if quota else f"{place}, none of them goes on"
        case _ if decision == DROPPED:
            words = f"{place}, and no more than {_the_best(quota)} can go on"
        case _ if "bracket" in reason:
            return f"{place} so far, {quota} {_go(quota)} on in the end{_values(reason, history, cutoff=False)}"
        case _:
            words = f"{place} so far, {f'{quota} of them {_go(quota)} on' if quota else 'too few for any to go on'}"
    return f"{words}{_values(reason, history)}"


def _last_chance(decision: str, reason: Reason, history: History) -> str:
    del decision
    best = f"the best that waits {_at(reason, history)}, rank {reason['rank']} of {reason['of']}"
    return f"nothing else is left to do and no trial has been trained in full: {best}{_values(reason, history)}"


def _checkpoints(decision: str, reason: Reason, history: History) -> str:
    del decision
    waits = f"number {reason['rank']} of the {reason['of']} that wait {_at(reason, history)}"
    return f"{waits}, and {reason['quota']} are kept{_values(reason, history)}"


def _against_others(decision: str, reason: Reason, history: History) -> str:
    """The median rule and its like: the best value so far against what the others had on average."""
    del decision
    percentile = reason.get("percentile")
    measure = "median" if percentile is None else f"{_ordinal(percentile)} percentile"
    best = f"its best {_metric(history)} up to {_budget(reason, history)}, {value_text(reason['value'])}"
    return f"{best}, is worse than the {measure} of the means of {reason['of']} others, {value_text(reason['cutoff'])}"


_RULES: Mapping[str, Callable[[str, Reason, History], str]] = {
    "target": _target,
    "rung": _rung,
    "last_chance": _last_chance,
    "checkpoints": _checkpoints,
    "median": _against_others,
    "percentile": _against_others,
}


def _values(reason: Reason, history: History, *, cutoff: bool = True) -> str:
    """` (loss 0.29, cut-off 0.31)`: those that are known."""
    parts = [f"{_metric(history)} {value_text(reason['value'])}" if "value" in reason else "no finite value"]
    if cutoff and "cutoff" in reason:
        parts.append(f"cut-off {value_text(reason['cutoff'])}")
    return f" ({', '.join(parts)})"


def _metric(history: History) -> str:
    return printable(history.study.metric.name)


def _at(reason: Reason, history: History) -> str:
    return f"at {_budget(reason, history)}"


def _budget(reason: Reason, history: History) -> str:
    return budget_text(reason["at"], budget_name(history))


def _go(count: int) -> str:
    return "goes" if count == 1 else "go"


def _the_best(count: int) -> str:
    return "the best" if count == 1 else f"the best {count}"


def _ordinal(number: float) -> str:
    whole = int(number)
    if whole != number:
        return f"{number_text(number)}th"
    ending = "th" if whole % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{whole}{ending}"


def _numbers(reason: Reason, rule: str) -> str:
    """The record as it stands."""
    numbers = " ".join(f"{printable(n)}={setting_text(value)}" for n, value in reason.items() if n != "rule")
    words = printable(rule)
    return f"{words} ({numbers})" if words and numbers else words or numbers
