"""The contract of a scheduler: who gets budget next.

A scheduler is a fold over the same events as the history. Its state is a value of its own; the tuner advances it event
by event, a replay folds it afresh. A trace of `full` with a budget up to 9:

    state = scheduler.initial()
    scheduler.decide(state)                          -> New(budget=9)
    state = scheduler.step(state, trial_planned)     (and so on for every event)

The tuner takes one wish at a time and folds the decision it led to before it asks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from hpotune.events import Budget, Event

State = TypeVar("State")


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
class Nothing:
    """No wish as things stand: a result is waited for, or the schedule is complete."""


Wish: TypeAlias = New | Promote | Pause | Stop | Nothing


class Scheduler(Protocol[State]):
    """Says who gets budget."""

    def initial(self) -> State:
        """The state before the first event."""
        ...

    def step(self, state: State, event: Event) -> State:
        """The state after one more event, at a cost that does not grow with the history."""
        ...

    def decide(self, state: State) -> Wish:
        """The most urgent wish. Stops and pauses come before promotions, promotions before new trials."""
        ...
