"""The contract of a scheduler: who gets budget next.

A scheduler is a fold over the same events as the history. Its state is its own; the tuner advances it event by event,
a replay folds it afresh. A trace of `asha` with rungs 1, 3, 9 and one worker:

    state = scheduler.initial()
    scheduler.decide(state, room)                         -> New(budget=1)
    state = scheduler.step(state, trial_planned, history)   (and so on for every event)
    scheduler.decide(state, room)                         -> Pause(0, ...)      its job has ended at 1
    scheduler.decide(state, room)                         -> New(budget=1)      one of one is too few to go on
    ...                                                   -> Promote(2, 3, ...) the best of three goes on to 3

The tuner takes one wish at a time and folds the decision it led to before it asks again; only of new trials, whose
configuration has to be thought of first, one is under way while others of the wishes are carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from hpotune.events import Budget, Event
from hpotune.history import History

State = TypeVar("State")

_ROUNDING = 1e-9  # ten times 0.1 fits into 1


class Room(NamedTuple):
    """What the limits of the study leave; None: no limit.

    trials   that may still be planned; 0 also when the space holds no further configuration
    budget   that may still be spent
    """

    trials: int | None = None
    budget: float | None = None

    def takes(self, cost: float) -> bool:
        """Whether so much budget may still be spent."""
        return self.budget is None or (self.budget > 0 and cost - self.budget <= _ROUNDING * cost)

    def takes_new(self, budget: Budget | None) -> bool:
        """Whether a new trial, first trained to `budget`, may be planned."""
        return self.trials != 0 and self.takes(budget or 0)


@dataclass(frozen=True, slots=True)
class New:
    """A new trial, first trained to `budget` (None: the study has no budget).

    `reason` comes back in `trial_planned`: the proposal may take a while, and the state has moved on by then.
    """

    budget: Budget | None
    reason: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promote:
    """A paused trial goes on to budget `to`."""

    trial: int
    to: Budget
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pause:
    """A trial that has reached its rung waits there."""

    trial: int
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stop:
    """A running trial ends early."""

    trial: int
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drop:
    """The checkpoint of a paused trial is deleted: it is not to be promoted. If it is after all, it starts at 0."""

    trial: int
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No wish as things stand: a result is waited for, or the schedule is complete."""


Wish: TypeAlias = New | Promote | Pause | Stop | Drop | Nothing


class Scheduler(Protocol[State]):
    """Says who gets budget."""

    @property
    def levels(self) -> tuple[Budget, ...]:
        """The budgets at which it decides about trials, ascending; empty if it never does."""
        ...

    @property
    def needs_reports(self) -> bool:
        """Whether it judges trials while they run, so that each of their reports has to name its budget."""
        ...

    def initial(self) -> State:
        """The state before the first event."""
        ...

    def step(self, state: State, event: Event, history: History) -> State:
        """The state after one more event, at a cost that does not grow with the history.

        `history`, which has folded the event already, is for reading. The state given may be changed and returned: the
        tuner does not use it again.
        """
        ...

    def decide(self, state: State, room: Room) -> Wish:
        """The most urgent wish that the room takes; the state stays as it is.

        Stops, pauses and drops come before promotions, promotions before new trials.
        """
        ...
