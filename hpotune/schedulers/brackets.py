"""Successive halving and Hyperband: brackets of trials that wait for each other in every rung.

Jamieson & Talwalkar 2016 (successive halving); Li et al. 2018 (Hyperband), algorithm 1, with the arithmetic of `rungs`.

A bracket goes up rung by rung. A rung is *due* when all its trials have arrived. The first promotion out of it decides
it: as many as the next rung holds, the best by (loss, trial), failed and non-finite ones excepted, are chosen, and
nothing that comes later changes that. One bracket of three trials, eta = 3, two workers:

    2 planned, 1 arrived         -> New in the bracket
    3 planned, 2 arrived         -> New in the next bracket
    3 planned, 3 arrived         -> Promote(best); folded: the bracket is sealed, its level 1
    the promoted one arrived     -> Promote it, and so on up to the top

If no more trials may come, the newest bracket makes do with the trials it has (n' of n): its rungs hold
max(1, floor(n' / eta^i)). It is sealed at n' by its first promotion only: a limit that is raised before lets it fill
up, one that is raised later opens the next bracket. Promotions for which there is no budget are left out; they are the
cheapest of their bracket, so that none of its others could be taken instead.

A failed trial that a resume revives is waited for if its rung has not been decided; else it is trained to where it was
going, and goes no further.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from hpotune import events as ev
from hpotune.events import Budget, Event
from hpotune.history import History
from hpotune.schedulers.base import Drop, New, Nothing, Pause, Promote, Room, Wish
from hpotune.schedulers.open_brackets import BracketsState, OpenBracket
from hpotune.schedulers.pausing import Place, Rung
from hpotune.schedulers.rungs import Bracket


@dataclass(frozen=True, slots=True)
class SynchronousScheduler:
    """Runs brackets of the given kinds one after the other, and the next one beside those in which something is waited
    for, so that no worker idles.

    kinds        the brackets, which come again cyclically; one for successive halving
    eta          one trial in eta goes on
    count        only so many brackets (None: as many as the limits take)
    resume       whether a promoted trial goes on from its checkpoint
    checkpoints  all: keep those that are of no more use too; else they are dropped (a number changes nothing: a bracket
                 needs what it may still promote), but never that of the best trial
    """

    kinds: tuple[Bracket, ...]
    eta: int = 3
    count: int | None = None
    resume: bool = True
    checkpoints: int | Literal["auto", "all"] = "auto"
    needs_reports: ClassVar[bool] = False

    @property
    def levels(self) -> tuple[Budget, ...]:
        """The budgets of all rungs."""
        return max((kind.budgets for kind in self.kinds), key=len)

    def initial(self) -> BracketsState:
        """No bracket."""
        return BracketsState()

    def step(self, state: BracketsState, event: Event, history: History) -> BracketsState:
        """See `Scheduler`; the state is changed in place."""
        state.traffic.see(history)
        match event:
            case ev.TrialPlanned(trial=trial, reason={"bracket": int() as number}):
                self._join(state, trial, number)
            case ev.TrialPromoted():
                state.promoted(event.trial)
            case ev.TrialPaused():
                state.traffic.to_pause.pop(event.trial, None)
            case ev.CheckpointDropped():
                state.to_drop.pop(event.trial, None)
            case ev.JobEnded() | ev.TrialStopped():
                state.settle(event, history)
            case ev.StudyResumed():
                for trial in state.traffic.revived(history):
                    state.revive(trial)
        return state

    def decide(self, state: BracketsState, room: Room) -> Wish:
        """See `Scheduler`."""
        for trial in state.traffic.to_pause:
            return Pause(trial, state.reason(trial))
        if self.checkpoints != "all":
            for trial in state.to_drop:
                if trial != state.traffic.best:
                    return Drop(trial, state.reason(trial))
        return self._promotion(state, room) or self._new(state, room) or Nothing()

    def _join(self, state: BracketsState, trial: int, number: int) -> None:
        while len(state.brackets) <= number:
            kind = self._kind(len(state.brackets))
            rungs = [Rung() for _ in kind.sizes]
            state.brackets.append(OpenBracket(kind.sizes[0], self.eta, kind.budgets, rungs, [0] * len(rungs)))
        state.brackets[number].members += 1
        state.send(trial, Place(number, 0))

    def _kind(self, number: int) -> Bracket:
        return self.kinds[number % len(self.kinds)]

    def _promotion(self, state: BracketsState, room: Room) -> Promote | None:
        for number in self._with_promotions(state, room):
            bracket = state.brackets[number]
            below, to = bracket.budgets[bracket.level : bracket.level + 2]
            if room.takes(to - (below if self.resume else 0)):
                return Promote(bracket.next, to, state.reason(bracket.next, as_it_is=True))
        return None

    def _with_promotions(self, state: BracketsState, room: Room) -> Iterator[int]:
        """The brackets that have one due, the oldest first; last the newest, if it cannot fill up."""
        yield from state.due
        newest = len(state.brackets) - 1
        if newest >= 0:
            bracket = state.brackets[newest]
            if bracket.open and bracket.settled and not room.takes_new(bracket.budgets[0]):
                yield newest

    def _new(self, state: BracketsState, room: Room) -> New | None:
        number = len(state.brackets)
        if number and state.brackets[-1].open:
            number -= 1
        lowest = self._kind(number).budgets[0]
        if (self.count is not None and number >= self.count) or not room.takes_new(lowest):
            return None
        return New(lowest, {"bracket": number, "rung": 0})
