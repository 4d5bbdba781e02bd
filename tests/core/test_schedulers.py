"""The contract of a scheduler, for every one in the table: a pure fold over the events.

The checks are functions, so that they can be shown to refuse schedulers that break the contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import Session

from hpotune import events as ev
from hpotune.events import Event
from hpotune.schedulers import FullScheduler, New, Nothing, Pause, Promote, Scheduler, Stop, Wish
from hpotune.strategies import SCHEDULERS, resolve
from hpotune.study import Study
from studies import studies
from studies import study as small_study

every_scheduler = pytest.mark.parametrize("name", SCHEDULERS)
FEW = settings(max_examples=25, deadline=None)


def with_scheduler(name: str, study: Study) -> Study:
    changes: dict[str, Any] = {"strategy": {"searcher": "random", "scheduler": name}}
    if SCHEDULERS[name].needs_budget and study.budget is None:
        changes["budget"] = {"name": "epochs", "max": 9}
    return study.replace(**changes)


def journal(study: Study, pattern: str = "mixed") -> list[Event]:
    session = Session(study, pattern, flaky=True)
    session.run()
    return session.journal.events


def assert_pure(one: Scheduler[Any], other: Scheduler[Any], events: Sequence[Event]) -> None:
    """Equal settings and equal events give equal states and wishes; no call changes what it is given."""
    state = one.initial()
    assert state == one.initial() == other.initial()
    states = [state]
    for event in events:
        kept, event_before = deepcopy(state), repr(event)
        wish = one.decide(state)
        assert isinstance(wish, New | Promote | Pause | Stop | Nothing)
        assert one.decide(state) == other.decide(kept) == wish
        assert state == kept, "decide changed the state"
        following = one.step(state, event)
        assert state == kept, "step changed the state it was given"
        assert repr(event) == event_before, "step changed the event"
        assert one.step(deepcopy(kept), event) == other.step(kept, event) == following
        state = following
        states.append(state)
    afresh = other.initial()
    for event, expected in zip([None, *events], states, strict=True):
        afresh = afresh if event is None else other.step(afresh, event)
        assert afresh == expected


@every_scheduler
@FEW
@given(studies(), st.sampled_from(["fine", "mixed"]))
def test_a_scheduler_is_a_pure_fold(name: str, study: Study, pattern: str) -> None:
    study = with_scheduler(name, study)
    make = SCHEDULERS[name].make
    assert_pure(make(study), make(study), journal(study, pattern))


@every_scheduler
def test_measurements_do_not_matter(name: str) -> None:
    """A decision knows no clock."""
    study = with_scheduler(name, small_study(budget={"name": "epochs", "max": 9}, workers=3))
    scheduler = SCHEDULERS[name].make(study)
    one = other = scheduler.initial()
    for event in journal(study, "fine"):
        one = scheduler.step(one, event)
        other = scheduler.step(other, event._replace(measured=ev.NOTHING))
        assert scheduler.decide(one) == scheduler.decide(other)


@every_scheduler
def test_the_first_wish_is_a_new_trial_with_a_budget_of_the_study(name: str) -> None:
    study = with_scheduler(name, small_study(budget={"name": "epochs", "min": 2, "max": 9}))
    scheduler = SCHEDULERS[name].make(study)
    wish = scheduler.decide(scheduler.initial())
    assert isinstance(wish, New)
    assert wish.budget is not None
    assert 2 <= wish.budget <= 9


@every_scheduler
def test_without_a_budget_a_scheduler_works_or_the_study_is_refused(name: str) -> None:
    study = small_study(strategy={"searcher": "random", "scheduler": name})
    if SCHEDULERS[name].needs_budget:
        with pytest.raises(ValueError, match="needs a budget"):
            resolve(study)
    else:
        scheduler = resolve(study).scheduler
        assert scheduler.decide(scheduler.initial()) == New(None)


def test_full_always_wishes_for_a_new_trial_at_the_largest_budget() -> None:
    study = small_study(budget={"name": "epochs", "min": 1, "max": 81})
    scheduler = resolve(study).scheduler
    assert scheduler == FullScheduler(81)
    state = scheduler.initial()
    for event in journal(study.replace(budget={"name": "epochs", "max": 3})):
        assert scheduler.decide(state) == New(81)
        state = scheduler.step(state, event)


@dataclass
class _Counts:
    """A scheduler that breaks the contract in one way."""

    fault: str
    calls: int = 0

    def initial(self) -> list[int]:
        return []

    def step(self, state: list[int], event: Event) -> list[int]:
        if self.fault == "step changes its state":
            state.append(1)
            return state
        self.calls += 1
        return [*state, self.calls if self.fault == "step counts its calls" else 1]

    def decide(self, state: list[int]) -> Wish:
        if self.fault == "decide changes the state":
            state.append(1)
        self.calls += 1
        return New(self.calls) if self.fault == "decide counts its calls" else New(len(state))


@pytest.mark.parametrize(
    "fault",
    ["step changes its state", "step counts its calls", "decide changes the state", "decide counts its calls"],
)
def test_the_check_refuses_what_is_not_pure(fault: str) -> None:
    events: list[Event] = [ev.Capacity(1), ev.Capacity(2)]
    assert_pure(_Counts("none"), _Counts("none"), events)
    with pytest.raises(AssertionError):
        assert_pure(_Counts(fault), _Counts(fault), events)
