"""The contract of a scheduler, for every one in the table: a pure fold over the events.

The checks are functions, so that they can be shown to refuse schedulers that break the contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import Session

from hpotune import events as ev
from hpotune.errors import StudyError
from hpotune.events import Budget, Event
from hpotune.history import History
from hpotune.schedulers import Drop, FullScheduler, New, Nothing, Pause, Promote, Room, Scheduler, Stop, Wish
from hpotune.schedulers import room as room_left
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
    """Equal settings and equal events give equal states and wishes, and deciding changes nothing."""
    history = History()
    state, twin = one.initial(), other.initial()
    assert state == twin == one.initial()
    states = [deepcopy(state)]
    for event in events:
        history.fold(event)
        before = repr(event)
        state, twin = one.step(state, event, history), other.step(twin, event, history)
        assert state == twin
        assert repr(event) == before, "step changed the event"
        kept = deepcopy(state)
        for room in (Room(), room_left(history), Room(trials=0), Room(budget=0.5)):
            wish = one.decide(state, room)
            assert isinstance(wish, New | Promote | Pause | Stop | Drop | Nothing)
            assert one.decide(state, room) == other.decide(twin, room) == wish
        assert state == kept, "decide changed the state"
        states.append(kept)
    history, afresh = History(), other.initial()
    assert afresh == states[0]
    for event, expected in zip(events, states[1:], strict=True):
        history.fold(event)
        afresh = other.step(afresh, event, history)
        assert afresh == expected


@every_scheduler
@FEW
@given(studies(), st.sampled_from(["fine", "mixed"]))
def test_a_scheduler_is_a_pure_fold(name: str, study: Study, pattern: str) -> None:
    study = with_scheduler(name, study)
    assert_pure(resolve(study).scheduler, resolve(study).scheduler, journal(study, pattern))


@every_scheduler
def test_measurements_do_not_matter(name: str) -> None:
    """A decision knows no clock."""
    study = with_scheduler(name, small_study(budget={"name": "epochs", "max": 9}, workers=3))
    scheduler = resolve(study).scheduler
    one, other = scheduler.initial(), scheduler.initial()
    timed, timeless = History(), History()
    for event in journal(study, "fine"):
        bare = event._replace(measured=ev.NOTHING)
        timed.fold(event)
        timeless.fold(bare)
        one, other = scheduler.step(one, event, timed), scheduler.step(other, bare, timeless)
        assert scheduler.decide(one, Room()) == scheduler.decide(other, Room())


@every_scheduler
def test_the_first_wish_is_a_new_trial_with_a_budget_of_the_study(name: str) -> None:
    study = with_scheduler(name, small_study(budget={"name": "epochs", "min": 2, "max": 9}))
    scheduler = resolve(study).scheduler
    wish = scheduler.decide(scheduler.initial(), Room())
    assert isinstance(wish, New)
    assert wish.budget is not None
    assert 2 <= wish.budget <= 9


@every_scheduler
def test_without_a_budget_a_scheduler_works_or_the_study_is_refused(name: str) -> None:
    study = small_study(strategy={"searcher": "random", "scheduler": name})
    if SCHEDULERS[name].needs_budget:
        with pytest.raises(StudyError, match="needs a budget"):
            resolve(study)
    else:
        scheduler = resolve(study).scheduler
        assert scheduler.decide(scheduler.initial(), Room()) == New(None)
        assert scheduler.decide(scheduler.initial(), Room(trials=0)) == Nothing()


def test_full_always_wishes_for_a_new_trial_at_the_largest_budget() -> None:
    study = small_study(budget={"name": "epochs", "min": 1, "max": 81})
    scheduler = resolve(study).scheduler
    assert scheduler == FullScheduler(81)
    state, history = scheduler.initial(), History()
    for event in journal(study.replace(budget={"name": "epochs", "max": 3})):
        history.fold(event)
        assert scheduler.decide(state, Room()) == New(81)
        assert scheduler.decide(state, Room(budget=80)) == Nothing()
        state = scheduler.step(state, event, history)


@dataclass
class _Counts:
    """A scheduler that breaks the contract in one way."""

    fault: str
    calls: int = 0
    levels: ClassVar[tuple[Budget, ...]] = ()
    needs_reports: ClassVar[bool] = False

    def initial(self) -> list[int]:
        return []

    def step(self, state: list[int], event: Event, history: History) -> list[int]:
        self.calls += 1
        return [*state, self.calls if self.fault == "step counts its calls" else 1]

    def decide(self, state: list[int], room: Room) -> Wish:
        if self.fault == "decide changes the state":
            state.append(1)
        self.calls += 1
        return New(self.calls) if self.fault == "decide counts its calls" else New(len(state))


@pytest.mark.parametrize(
    "fault",
    ["step counts its calls", "decide changes the state", "decide counts its calls"],
)
def test_the_check_refuses_what_is_not_pure(fault: str) -> None:
    study = small_study(seed=1)
    events: list[Event] = [ev.StudyStarted(ev.FORMAT, study.to_dict(), 1), ev.Capacity(1), ev.Capacity(2)]
    assert_pure(_Counts("none"), _Counts("none"), events)
    with pytest.raises(AssertionError):
        assert_pure(_Counts(fault), _Counts(fault), events)
