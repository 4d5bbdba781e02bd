"""The state of synchronous brackets, and its fold; the rules are told in `brackets`."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Any

from hpotune.events import Budget, JobEnded, TrialStopped
from hpotune.history import History
from hpotune.schedulers.pausing import Place, Rung, Traffic
from hpotune.schedulers.rungs import sizes
from hpotune.schedulers.standings import loss_at


@dataclass(slots=True)
class OpenBracket:
    """One bracket as it stands.

    n          how many trials its lowest rung is to hold; how many it does hold, once it is sealed
    budgets    of its rungs
    members    trials planned for it so far
    expected   trials on their way to each rung
    level      the rung that is next to be decided, or whose promotions are going on
    chosen     those that are still to be promoted from `level`, once that is decided
    """

    n: int
    eta: int
    budgets: tuple[Budget, ...]
    rungs: list[Rung]
    expected: list[int]
    members: int = 0
    level: int = 0
    sealed: bool = False
    chosen: list[int] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it takes new trials."""
        return self.members < self.n

    @property
    def settled(self) -> bool:
        """Whether there is something to promote from its level, and nothing there to wait for but new trials."""
        if self.level == len(self.rungs) - 1:
            return False
        return bool(self.chosen or (not self.expected[self.level] and self.rungs[self.level].waiting))

    @property
    def next(self) -> int:
        """The trial to promote, if it is settled."""
        return self.chosen[0] if self.chosen else self.rungs[self.level].waiting[0][1]

    @property
    def due(self) -> bool:
        """Whether a promotion is due."""
        return self.settled and not self.open

    def decided(self, k: int) -> bool:
        """Whether it has been decided who goes on from rung k."""
        return k < self.level or (k == self.level and bool(self.chosen))

    def quota(self, k: int, *, as_it_is: bool = False) -> int:
        """How many go on from rung k at most: the size of the next, or of itself at the top.

        With the trials that it has now if it is taken `as_it_is`, else with all that it may get.
        """
        n = self.members if as_it_is and not self.sealed else self.n
        return sizes(n, self.eta, len(self.rungs))[min(k + 1, len(self.rungs) - 1)]


@dataclass(slots=True)
class BracketsState:
    """All brackets, in the order of opening; those with a promotion due, ascending; trials whose checkpoints are of no
    more use.
    """

    brackets: list[OpenBracket] = field(default_factory=list)
    due: list[int] = field(default_factory=list)
    to_drop: dict[int, None] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)

    def send(self, trial: int, place: Place) -> None:
        """A trial is on its way to a rung."""
        self.traffic.send(trial, place)
        self.brackets[place.bracket].expected[place.rung] += 1
        self._note_if_due(place.bracket)

    def promoted(self, trial: int) -> None:
        """A trial goes on; the first one decides its rung."""
        number, k = self.traffic.place[trial]
        bracket = self.brackets[number]
        if not bracket.decided(k):
            self._decide(bracket)
        bracket.rungs[k].promote(trial)
        bracket.chosen.remove(trial)
        if not bracket.chosen:
            bracket.level += 1
        self.send(trial, Place(number, k + 1))

    def _decide(self, bracket: OpenBracket) -> None:
        """Who goes on from the bracket's level. The others' checkpoints are of no more use."""
        quota = bracket.quota(bracket.level, as_it_is=True)
        if not bracket.sealed:
            bracket.n, bracket.sealed = bracket.members, True
        rung = bracket.rungs[bracket.level]
        bracket.chosen = [trial for _, trial in rung.waiting[:quota]]
        for _, trial in rung.waiting[quota:]:
            self._give_up(rung, trial)

    def settle(self, event: JobEnded | TrialStopped, history: History) -> None:
        """A job is over; its trial may have arrived."""
        trial = self.traffic.arrival(event, history)
        if trial is None:
            return
        number, k = self.traffic.place[trial.number]
        bracket = self.brackets[number]
        bracket.expected[k] -= 1
        loss = loss_at(trial, history.study.metric.use, bracket.budgets[k])
        pauses = trial.state == "completed" and k < len(bracket.rungs) - 1
        bracket.rungs[k].arrive(trial.number, loss, pauses=pauses)
        if pauses:
            self.traffic.to_pause[trial.number] = None
            self._look_for_checkpoints_of_no_use(bracket, k, trial.number)
        self._note_if_due(number)

    def _look_for_checkpoints_of_no_use(self, bracket: OpenBracket, k: int, new: int) -> None:
        """With one more trial in the rung, the last one may be beyond what the next rung will hold, for good."""
        rung = bracket.rungs[k]
        if bracket.decided(k) or rung.entry(new)[0] == math.inf:
            self._give_up(rung, new)
            return
        last = rung.kept[-1][1]
        if rung.standings.rank(last) > bracket.quota(k):
            self._give_up(rung, last)

    def _give_up(self, rung: Rung, trial: int) -> None:
        if rung.keeps(trial):
            rung.give_up(trial)
            self.to_drop[trial] = None

    def revive(self, trial: int) -> None:
        """A failed trial is on its way to the same rung again."""
        place = self.traffic.place[trial]
        self.brackets[place.bracket].rungs[place.rung].standings.leave(trial)
        self.send(trial, place)

    def reason(self, trial: int, *, as_it_is: bool = False) -> dict[str, Any]:
        """The numbers of a trial in the rung where it is."""
        number, k = self.traffic.place[trial]
        bracket = self.brackets[number]
        quota = bracket.quota(k, as_it_is=as_it_is)
        numbers = bracket.rungs[k].standings.numbers(trial, quota, self.traffic.sign)
        return {"rule": "rung", "bracket": number, "rung": k, "at": bracket.budgets[k], **numbers}

    def _note_if_due(self, number: int) -> None:
        """Keep `due` up to date, after anything has happened in a bracket."""
        at = bisect_left(self.due, number)
        noted = at < len(self.due) and self.due[at] == number
        due = self.brackets[number].due
        if due and not noted:
            insort(self.due, number)
        elif noted and not due:
            del self.due[at]
