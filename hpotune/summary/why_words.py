"""The words of `why`, in sections that a command or a report may lay out as it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hpotune.history import History, State
from hpotune.summary.provenance_words import provenance_lines
from hpotune.summary.ruling_words import label_words, wanted_words
from hpotune.summary.text import budget_text, number_text, printable, value_text
from hpotune.summary.why import Decided, Result, Why
from hpotune.summary.words import budget_name


class Section(NamedTuple):
    """A heading and the statements below it."""

    title: str
    lines: tuple[str, ...]


def why_sections(answer: Why, history: History) -> list[Section]:
    """The answer in words."""
    told = [
        Section("why it was tried", (*provenance_lines(answer.provenance, history), *_wanted(answer, history))),
        Section("what came of it", tuple(_result_lines(answer, history))),
    ]
    lines = tuple(_decision_words(decided, history) for decided in answer.decisions)
    return [*told, Section("what was decided about it", lines)] if lines else told


def _wanted(answer: Why, history: History) -> Iterator[str]:
    if answer.wanted:
        yield wanted_words(answer.wanted, answer.first, history)


def _result_lines(answer: Why, history: History) -> Iterator[str]:
    result = answer.result
    if result.failure:
        yield f"it failed: {result.failure}"
    elif result.value is None:
        yield _WITHOUT_A_VALUE[result.state] if answer.trial.jobs else "it has not been launched yet"
    if result.value is not None:
        at = "" if result.budget is None else f" at {budget_text(result.budget, budget_name(history))}"
        reached = f"{printable(history.study.metric.name)} {value_text(result.value)}{at}"
        yield f"{_REACHED[result.state]} {reached}{_comparison(result)}"
    if result.best:
        yield "it is the best trial of the run as it stands"


_WITHOUT_A_VALUE: Mapping[State, str] = {
    "completed": "it completed without a value",
    "stopped": "it was stopped early, without a value",
    "paused": "it is paused, without a value",
    "running": "it is running, and has reported no value yet",
    "planned": "it is to be run again",
    "failed": "it failed",
}
_REACHED: Mapping[State, str] = {
    "completed": "it came out at",
    "stopped": "it was stopped early at",
    "paused": "it is paused at",
    "running": "it is running, and has come to",
    "planned": "it is to go on from",
    "failed": "before that it had come to",
}


def _comparison(result: Result) -> str:
    """`: 0.6 sd better than expected, better than the incumbent`; empty if nothing was expected."""
    if result.better_by is None:
        return ""
    than = "better than expected" if result.better_by > 0 else "worse than expected"
    far = abs(result.better_by) if result.deviations is None else round(abs(result.deviations), 1)
    words = f"{number_text(far)} {than}" if result.deviations is None else f"{number_text(far)} sd {than}"
    words = words if far else "as expected"
    final = "" if result.state == "completed" else "so far "
    return f": {final}{words}" + (", better than the incumbent" if result.improved else "")


def _decision_words(decided: Decided, history: History) -> str:
    label = label_words(decided.decision, decided.to, history)
    return f"{label}: {decided.words}" if decided.words else label
