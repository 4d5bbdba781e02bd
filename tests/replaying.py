"""Journals to be replayed, and changed before that."""

from __future__ import annotations

from typing import Any

from sessions import Session

from hpotune import events as ev
from hpotune.events import Event
from hpotune.replay import ReplayResult
from hpotune.space import Space
from hpotune.summary.replayed import Difference
from studies import PARAMETERS, study

SPACE = study(parameters=PARAMETERS).space
EPOCHS = {"name": "epochs", "max": 9}


def journal(pattern: str = "fine", **changes: Any) -> list[Event]:
    """What a run writes, decisions without their times."""
    session = Session(study(**changes), pattern)
    session.run()
    events = session.journal.events
    return [event._replace(measured=ev.NOTHING) if isinstance(event, ev.DECISIONS) else event for event in events]


def places(events: list[Event], kind: type[Event]) -> list[int]:
    return [n for n, event in enumerate(events) if type(event) is kind]


def changed(events: list[Event], n: int, **values: Any) -> list[Event]:
    """The journal with some values of event `n` changed."""
    return [*events[:n], events[n]._replace(**values), *events[n + 1 :]]


def moved(space: Space, config: dict[str, Any], name: str, by: float) -> dict[str, Any]:
    """The configuration with a continuous parameter moved in the unit cube, inwards."""
    at = [parameter.name for parameter in space.searchable].index(name)
    point = space.encode(config)
    point[at] += by if point[at] < 0.5 else -by
    return {**config, name: space.decode(point)[name]}


def the_one(result: ReplayResult) -> Difference:
    assert result.same == result.decisions - 1
    assert len(result.found) == 1
    return result.found[0]


def plan(config: dict[str, Any], **record: Any) -> ev.TrialPlanned:
    return ev.TrialPlanned(0, config, "search", 1, record=record)
