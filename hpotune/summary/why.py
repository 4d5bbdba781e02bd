"""`why`: why a trial was tried, what came of it against what was expected, and what was decided about it.

Sign: values are the metric's own; `better_by` is positive where the outcome is better, whatever the goal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from hpotune import events as ev
from hpotune.events import Budget
from hpotune.history import History, State, Trial, trial_loss
from hpotune.summary.proposal_record import provenance
from hpotune.summary.provenance import Model, Provenance
from hpotune.summary.ruling_words import Ruling, reason_words
from hpotune.summary.words import cause_words, interruption_words, message_words


class Attempt(NamedTuple):
    """One attempt: its plan, and its end (None while it is out)."""

    planned: ev.JobPlanned
    ended: ev.JobEnded | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a trial: so far, unless its state is final.

    better_by     how much better than expected, in the metric's units; None if nothing was expected
    deviations    the same in standard deviations of what was expected
    improved      whether it is better than the model's incumbent when it was proposed
    best          whether it is the best trial of the run as it stands
    failure       how it failed, in words; empty if it did not
    """

    state: State
    value: float | None
    budget: Budget | None
    better_by: float | None
    deviations: float | None
    improved: bool | None
    best: bool
    failure: str


class Decided(NamedTuple):
    """A decision about a trial: its event's name, the budget it leads to, its reason as recorded and in words."""

    decision: str
    to: Budget | None
    reason: Mapping[str, Any]
    words: str


@dataclass(frozen=True, slots=True)
class Why:
    """The whole answer.

    wanted  what the scheduler wanted the trial for, as recorded
    first   the budget that it was to be trained to first
    """

    trial: Trial
    provenance: Provenance
    wanted: Mapping[str, Any]
    first: Budget | None
    result: Result
    decisions: tuple[Decided, ...]


def why(history: History, planned: ev.TrialPlanned, attempts: Sequence[Attempt], rulings: Sequence[Ruling]) -> Why:
    """Why a trial exists and why it went as it did, from the history and the events about it, oldest first."""
    trial = history.trials[planned.trial]
    source = provenance(trial, history)
    result, decisions = _result(history, trial, source, attempts), _decided(history, attempts, rulings)
    return Why(trial, source, planned.reason, planned.budget, result, decisions)


def _result(history: History, trial: Trial, source: Provenance, attempts: Sequence[Attempt]) -> Result:
    loss = trial_loss(trial, history.study.metric.use) if trial.loss is None else trial.loss
    value = history.value(loss)
    better_by = deviations = improved = None
    if isinstance(source, Model) and value is not None and trial.state != "failed":
        better_by = _finite(history.sign * (source.expected - value))
        if better_by is not None and source.sd > 0:
            deviations = _finite(better_by / source.sd)
        if source.incumbent is not None:
            improved = history.sign * value < history.sign * source.incumbent
    return Result(
        trial.state,
        value,
        trial.budget,
        better_by,
        deviations,
        improved,
        best=history.best is trial,
        failure=_failure(trial, attempts),
    )


def _finite(number: float) -> float | None:
    return number + 0.0 if math.isfinite(number) else None  # + 0.0: minus zero is zero


def _failure(trial: Trial, attempts: Sequence[Attempt]) -> str:
    """How the trial failed; empty if it did not."""
    ended = attempts[-1].ended if attempts else None
    if trial.cause is None:
        return ""
    if ended is None or ended.outcome != "failed":
        return cause_words(trial.cause)
    words, message = _end_words(ended), message_words(trial.cause, ended.message)
    return f"{words} — {message}" if message else words


def _end_words(ended: ev.JobEnded) -> str:
    """What ended an attempt that came to nothing."""
    if ended.outcome == "failed":
        return cause_words(ended.cause or "exit", ended.code, ended.signal)
    return interruption_words("lost" if ended.outcome == "lost" else ended.cause)


def _decided(history: History, attempts: Sequence[Attempt], rulings: Sequence[Ruling]) -> tuple[Decided, ...]:
    """The decisions in their order, which is that of the events they looked at."""
    found = [(event.saw, _ruled(history, event)) for event in rulings]
    for before, attempt in pairwise(attempts):
        planned = attempt.planned
        if planned.cause in {"retry", "resume"}:
            words = _end_words(before.ended) if before.ended is not None else ""
            decided = Decided(ev.NAMES[ev.JobPlanned], planned.to, {"cause": planned.cause}, words)
            found.append((planned.saw, decided))
    return tuple(decided for _, decided in sorted(found, key=lambda each: each[0]))


def _ruled(history: History, event: Ruling) -> Decided:
    to, name = event.to if isinstance(event, ev.TrialPromoted) else None, ev.NAMES[type(event)]
    return Decided(name, to, event.reason, reason_words(name, event.reason, history))
