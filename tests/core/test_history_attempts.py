"""What becomes of the reports of an attempt that was cut off, when the next one goes on from its checkpoint."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import NOTHING_LEFT, trial_loss
from hpotune.schedulers import FullScheduler
from hpotune.tuner import Launch, Ledger, Memory, decide
from studies import study


def ledger(*events: Event, **changes: Any) -> Ledger:
    made = Ledger(Memory())
    whole = study(**{"budget": {"name": "epochs", "max": 9}, **changes})
    for event in (ev.StudyStarted(ev.FORMAT, whole.to_dict(), 7), ev.Capacity(1), PLANNED, *events):
        made.append(event)
    return made


PLANNED = ev.TrialPlanned(0, {"lr": 0.1, "batch": 16}, "search", 1, budget=9)


def attempt(number: int, *reports: tuple[float | None, float], fresh: bool = False) -> list[Event]:
    launch = ev.JobPlanned(0, 0, number, 0, 9, "first" if number == 0 else "resume", 2, fresh)
    told = (ev.Reported(0, 0, number, budget, value) for budget, value in reports)
    return [launch, ev.JobStarted(0, 0, number, "local"), *told]


def ended(number: int, outcome: ev.Outcome = "completed", cause: str | None = None) -> ev.JobEnded:
    return ev.JobEnded(0, 0, number, outcome, cause)


CUT = ended(0, "interrupted", "tuner_died")
FIRST = attempt(0, (1, 0.9), (2, 0.2), (3, 0.7))


def view(made: Ledger) -> list[tuple[float | None, float]]:
    return list(made.history.trials[0].jobs[0].reports())


def test_what_the_next_attempt_does_not_give_again_comes_back() -> None:
    made = ledger(*FIRST, CUT)
    assert view(made) == [], "for now nobody knows from where it will go on"
    for event in attempt(1, (3, 0.71), (4, 0.6)):
        made.append(event)
    assert view(made) == [(1, 0.9), (2, 0.2), (3, 0.71), (4, 0.6)]
    assert trial_loss(made.history.trials[0], "best") == 0.2


def test_one_that_starts_over_gives_everything_again() -> None:
    made = ledger(*FIRST, CUT, *attempt(1, (1, 0.8)))
    assert view(made) == [(1, 0.8)]


def test_over_several_attempts() -> None:
    second = ended(1, "interrupted", "tuner_died")
    made = ledger(*FIRST, CUT, *attempt(1, (4, 0.6)), second, *attempt(2, (5, 0.5)))
    assert view(made) == [(1, 0.9), (2, 0.2), (3, 0.7), (4, 0.6), (5, 0.5)]
    made = ledger(*FIRST, CUT, *attempt(1), second, *attempt(2, (3, 0.5)))
    assert view(made) == [(1, 0.9), (2, 0.2), (3, 0.5)]


def test_a_fresh_attempt_and_one_without_budgets_bring_nothing_back() -> None:
    assert view(ledger(*FIRST, CUT, *attempt(1, (4, 0.6), fresh=True))) == [(4, 0.6)]
    assert view(ledger(*FIRST, CUT, *attempt(1, (None, 0.6)))) == [(None, 0.6)]


@pytest.mark.parametrize(("use", "least"), [("best", 0.2), ("last", None)])
def test_what_comes_back_counts_towards_the_target_again(use: str, least: float | None) -> None:
    made = ledger(*FIRST, CUT, metric={"name": "loss", "goal": "minimize", "use": use})
    assert made.history.least is None
    for event in attempt(1, (4, math.nan)):
        made.append(event)
    assert made.history.least == least


def test_where_all_was_trained_before_the_cut_its_reports_stand() -> None:
    made = ledger(*attempt(0, (4, 0.6), (9, 0.4)), CUT, *attempt(1))
    end = made.judged(ended(1))
    assert end.outcome == "completed"
    made.append(end)
    trial = made.history.trials[0]
    assert (trial.state, trial.loss, trial.budget) == ("completed", 0.4, 9)
    assert view(made) == [(4, 0.6), (9, 0.4)]


@pytest.mark.parametrize("before", [((4, 0.6),), ()])
def test_where_the_end_was_not_reported_it_begins_from_nothing_once(before: tuple[tuple[float, float], ...]) -> None:
    made = ledger(*attempt(0, *before), CUT, *attempt(1))
    end = made.judged(ended(1))
    assert (end.outcome, end.cause) == ("interrupted", NOTHING_LEFT)
    made.append(end)
    launch = decide(made.history, FullScheduler(9), None)
    assert launch == Launch(0, 0, 2, 0, 9, "resume", fresh=True)
    for event in attempt(2, fresh=True):
        made.append(event)
    end = made.judged(ended(2))
    assert (end.outcome, end.cause) == ("failed", "no_metric"), "it has had its chance"


def test_a_script_that_never_reports_has_failed_at_once() -> None:
    assert ledger(*attempt(0)).judged(ended(0)).cause == "no_metric"
    made = ledger(*attempt(0), ended(0, "failed", "no_metric"), *attempt(1), trial={"retries": 1})
    assert made.judged(ended(1)).cause == "no_metric"


def test_the_last_value_is_the_furthest_though_a_later_job_came_by_again() -> None:
    """A promotion without a checkpoint begins at 0, and fails on its way."""
    made = ledger(*attempt(0, (3, 0.7)), ended(0))
    for event in (
        ev.JobPlanned(0, 1, 0, 0, 9, "promotion", 9, fresh=True),
        ev.Reported(0, 1, 0, 1, 0.9),
        ev.Reported(0, 1, 0, 2, 0.8),
    ):
        made.append(event)
    trial = made.history.trials[0]
    assert trial_loss(trial, "last") == 0.7
    assert trial_loss(trial, "last", 2) == 0.8
    made.append(ev.Reported(0, 1, 0, 3, 0.75))
    assert trial_loss(trial, "last", 3) == 0.75, "of two at one budget the later one"
