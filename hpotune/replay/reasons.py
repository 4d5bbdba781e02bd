"""The likely reason why a decision did not come out the same, from what the journal tells of its session."""

from __future__ import annotations

import platform
from typing import Any

from hpotune import events as ev
from hpotune.events import JsonObject
from hpotune.summary.replayed import (
    ABSENT,
    Changes,
    Difference,
    Fallback,
    NotRecorded,
    OtherHost,
    OtherProcessor,
    OtherVersions,
    ProgramOrJournal,
    Reason,
    Surroundings,
)
from hpotune.tuner import versions
from hpotune.tuner.processor import processor


def here() -> Surroundings:
    """What a replay computes with."""
    return Surroundings(versions(), processor(), platform.node())


def surroundings(event: ev.StudyStarted | ev.StudyResumed) -> Surroundings:
    """What a session computed with, as far as its first event tells."""
    recorded = event.measured.get("processor")
    return Surroundings(event.versions, recorded if isinstance(recorded, dict) else {}, event.measured.get("host"))


def reasons(difference: Difference, then: Surroundings, now: Surroundings) -> tuple[Reason, ...]:
    """The likely reason, the most particular fact first. `then` is of the session that took the decision."""
    if not difference.possible:
        return (ProgramOrJournal(journal=True),)
    fallback = _fallback(difference)
    cause = _cause(difference, then, now)
    return (cause,) if fallback is None else (fallback, cause)


def _cause(difference: Difference, then: Surroundings, now: Surroundings) -> Reason:
    if not then.versions:
        return NotRecorded()
    if changed := _changes(then.versions, now.versions):
        return OtherVersions(changed)
    if not _may_be_rounding(difference):
        return ProgramOrJournal()
    if changed := _changes(then.processor, now.processor):
        return OtherProcessor(changed)
    if not then.processor and difference.verdict == "numerically different" and then.host != now.host:
        return OtherHost(then.host, now.host)
    return ProgramOrJournal()


def _may_be_rounding(difference: Difference) -> bool:
    """Whether another rounding may have led here: to a number next to it, or a search to another optimum."""
    searched = isinstance(difference.taken, ev.TrialPlanned) and difference.taken.origin == "search"
    return searched or difference.verdict == "numerically different"


def _changes(then: JsonObject, now: JsonObject) -> Changes:
    """What both know of and is not the same."""
    return {name: (was, now[name]) for name, was in then.items() if name in now and now[name] != was}


def _fallback(difference: Difference) -> Fallback | None:
    for each in difference.off:
        if each.path == ("record", "fallback") and ABSENT in (each.was, each.now):
            failure: Any = each.now if each.was is ABSENT else each.was
            return Fallback(then=each.now is ABSENT, failure=str(failure))
    return None
