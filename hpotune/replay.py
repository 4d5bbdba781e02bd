"""Replay: recompute every decision of a journal from the events it saw, and compare (law 2).

A decision d looked at the events up to number `d.saw` and at nothing else, so folding that prefix afresh and deciding
must give d again: with any number of workers, on the same versions and the same kind of processor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from hpotune import events as ev
from hpotune.events import Decision, Event
from hpotune.tuner import Interrupt, Ledger, Memory, Propose, Wait, decision, proposal_decision


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """How many decisions a journal holds, how many came out the same, and what differs (in journal order)."""

    decisions: int
    same: int
    differences: tuple[str, ...]


def replay(events: Iterable[Event], *, most: int = 20) -> ReplayResult:
    """Recompute the decisions of a journal; at most `most` differences are told in words."""
    journal = list(events)
    by_saw: defaultdict[int, list[tuple[int, Decision]]] = defaultdict(list)
    for n, event in enumerate(journal):
        if isinstance(event, ev.DECISIONS):
            by_saw[event.saw].append((n, event))
    ledger = Ledger(Memory())
    found: list[tuple[int, str]] = []
    decisions = same = 0
    for n, event in enumerate(journal):
        ledger.replay((event,))
        for place, taken in by_saw.pop(n, ()):
            decisions += 1
            recomputed = _decide_again(ledger, n)
            if _without_measurements(recomputed) == _without_measurements(taken):
                same += 1
            else:
                found.append((place, _difference(place, taken, recomputed)))
    impossible = [(n, f"event {n} saw event {saw}, which is not before it") for saw in by_saw for n, _ in by_saw[saw]]
    told = sorted(found + impossible)[:most]
    return ReplayResult(decisions + len(impossible), same, tuple(words for _, words in told))


def _decide_again(ledger: Ledger, saw: int) -> Event | None:
    """The decision that follows from what the ledger has folded; None for none."""
    match ledger.decide():
        case Propose() as action:
            return proposal_decision(action, ledger.begin_proposal(action).compute(), saw)
        case Interrupt() | Wait():
            return None
        case action:
            return decision(action, saw)


def _without_measurements(event: Event | None) -> Event | None:
    return None if event is None else event._replace(measured=ev.NOTHING)


def _difference(n: int, taken: Decision, recomputed: Event | None) -> str:
    name = ev.NAMES[type(taken)]
    if recomputed is None:
        return f"event {n}: {name}, but nothing was due"
    if type(recomputed) is not type(taken):
        return f"event {n}: {name}, but recomputed it is {ev.NAMES[type(recomputed)]}"
    parts = [
        f"{field} was {was!r} and is {now!r}"
        for field, was, now in zip(taken._fields, taken, recomputed, strict=True)
        if field != "measured" and was != now
    ]
    return f"event {n}: {name}: {'; '.join(parts)}"
