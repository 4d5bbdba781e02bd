"""The words for what a replay finds: each difference in one line or in full, distances, and the likely reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hpotune import events as ev
from hpotune.events import Event
from hpotune.summary.replayed import (
    ABSENT,
    Changes,
    Difference,
    Fallback,
    Measure,
    NotRecorded,
    Off,
    OtherHost,
    OtherProcessor,
    OtherVersions,
    Path,
    ProgramOrJournal,
    Reason,
)
from hpotune.summary.text import NOTHING, number_text, printable, setting_text, shortened

_MOST = 3  # entries of a decision that are told in a line
_LONG = 400  # characters of a whole decision
_MEASURES: Mapping[Measure, str] = {"cube": "of the unit cube", "relative": "relative", "count": "of a count"}


def difference_line(found: Difference) -> str:
    """`event 17 (line 18), trial 5, trial_planned: config.kind was adam and is sgd`.

    Of numbers that are a little off only how much, of others first what makes them different.
    """
    place = _place(found, "")
    if found.verdict == "numerically different":
        return f"{place}: {_listed([path_text(each.path) for each in found.off])}, by {_distances(found)}"
    told = [_entry(each) for each in sorted(found.off, key=lambda each: each.is_near)]
    return f"{place}: {_listed(told) if told else _unlike(found)}"


def difference_lines(found: Difference) -> Iterator[str]:
    """In full: the place and the verdict, then one entry a line."""
    yield f"{_place(found, ' of journal.jsonl')}: {found.verdict}"
    if not found.off:
        yield _unlike(found)
        yield f"was  {_whole(found.taken)}"
        if found.recomputed is not None:
            yield f"is   {_whole(found.recomputed)}"
        return
    for each in found.off:
        yield _entry(each, exact=True)
    if found.only_noted:
        yield "what was decided is the same: only the numbers that were noted about it are not"
    yield f"distance: {_distances(found)}"


def distance_words(distances: Mapping[Measure, float | None]) -> str:
    """`1e-9 of the unit cube, 3.2e-8 relative`; a dash where there is none to tell."""
    there = [(measure, distances.get(measure)) for measure in _MEASURES]
    return ", ".join(_distance(number, measure) for measure, number in there if number is not None) or NOTHING


def replay_reason_words(reason: Reason) -> str:
    """What likely made a decision come out otherwise."""
    match reason:
        case Fallback(then=then, failure=failure):
            when = "then, and does not now" if then else "now, and did not then"
            return f"the model got round a numerical failure {when} ({printable(failure)})"
        case OtherVersions(changed=changed) if "hpotune" in changed:
            return f"this version of hpotune decides otherwise: {_changes(changed)}"
        case OtherVersions(changed=changed):
            return f"another version of what it computes with: {_changes(changed)}"
        case OtherProcessor(changed=changed):
            return f"another kind of processor, which rounds otherwise: {_changes(changed)}"
        case OtherHost(was=was, now=now):
            hosts = f"host {printable(was or NOTHING)}, not on {printable(now or NOTHING)}"
            return (
                f"the versions are the same, but it was decided on {hosts}: maybe another kind of processor, which "
                "rounds otherwise (the journal does not tell)"
            )
        case NotRecorded():
            return "not recorded: the journal does not tell which versions decided it"
        case ProgramOrJournal(journal=True):
            return "the journal was changed: no decision looks at what comes after it"
        case ProgramOrJournal():
            return "the versions are the same: the program, a library of it or the journal was changed since"


def path_text(path: Path) -> str:
    """`record.fit.lengths[2]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return printable(text.removeprefix("."))


def _place(found: Difference, of: str) -> str:
    trial = "" if found.trial is None else f"trial {found.trial}, "
    return f"event {found.event} (line {found.event + 1}{of}), {trial}{found.kind}"


def _unlike(found: Difference) -> str:
    if not found.possible:
        return f"it saw event {found.taken.saw}, which is not before it"
    if found.recomputed is None:
        return "but nothing was due"
    trial = getattr(found.recomputed, "trial", None)
    return f"recomputed it is {ev.NAMES[type(found.recomputed)]}" + ("" if trial is None else f" of trial {trial}")


def _entry(off: Off, *, exact: bool = False) -> str:
    words = f"{path_text(off.path)} was {_value(off.was, exact=exact)} and is {_value(off.now, exact=exact)}"
    return words if off.distance is None else f"{words} ({_distance(off.distance, off.measure)})"


def _value(value: Any, *, exact: bool) -> str:
    return "absent" if value is ABSENT else setting_text(value, exact=exact or isinstance(value, float))


def _listed(words: list[str]) -> str:
    more = len(words) - _MOST
    return ", ".join([*words[:_MOST], f"and {more} more"] if more > 0 else words)


def _distances(found: Difference) -> str:
    return distance_words({measure: found.distance(measure) for measure in _MEASURES})


def _distance(number: float, measure: Measure) -> str:
    return f"{number_text(number, 2)} {_MEASURES[measure]}"


def _whole(event: Event) -> str:
    line = ev.encode(0, event._replace(measured=ev.NOTHING))
    del line["n"]
    return shortened(printable(json.dumps(line, ensure_ascii=False)), _LONG)


def _changes(changed: Changes) -> str:
    return "; ".join(
        f"{printable(name)} was {printable(str(was))} and is {printable(str(now))}"
        for name, (was, now) in changed.items()
    )
