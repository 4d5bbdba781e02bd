"""`hpotune replay`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from hpotune import events as ev
from hpotune.cli.options import Json, RunArgument, Runs
from hpotune.cli.target import the_run
from hpotune.cli.terminal import harmless, json_text
from hpotune.events import Event
from hpotune.journal.folder import RunFolder
from hpotune.replay import ReplayResult, replay
from hpotune.summary import count_text
from hpotune.summary.replay_words import difference_line, difference_lines, distance_words, replay_reason_words
from hpotune.summary.replayed import ABSENT, FAR, REASONS, VERDICTS, Difference, Off, Reason, Verdict

_MOST = 20  # differences that are told unless all are asked for

All = Annotated[bool, typer.Option("--all", help=f"Tell every difference, not only the first {_MOST}.")]


def command(run: RunArgument = None, *, all_: All = False, runs: Runs = None, json_: Json = False) -> int:
    """Take every decision of a run again, on what it looked at then, and compare.

    A decision is the same, numerically different (nothing but numbers that rounding could tell apart: within 0.01 of
    the unit cube for a parameter, within 0.01 of itself for any other number), or different. On the same versions and
    kind of processor all are the same. Of the first difference the likely reason is told.

    The exit code is 1 if one is not the same.
    """
    folder = the_run(run, runs)
    result = replay(_Journal(folder), most=None if all_ or json_ else _MOST)
    if json_:
        sys.stdout.write(json_text(_as_json(result)) + "\n")
    else:
        sys.stdout.write(harmless("\n".join(_lines(result))) + "\n")
    return int(result.same != result.decisions)


class _Journal:
    """The events of a run, read anew for each iteration, so that no more than one of them is in memory."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder

    def __iter__(self) -> Iterator[Event]:
        return self._folder.events()


def _lines(result: ReplayResult) -> Iterator[str]:
    yield from _table(result)
    if result.found:
        first, *others = result.found
        yield ""
        yield "The first difference:"
        yield from (f"  {line}" for line in difference_lines(first))
        yield from (f"  likely reason: {replay_reason_words(reason)}" for reason in result.reasons)
        if others:
            yield ""
            yield "Further differences:"
            yield from (f"  {difference_line(other)}" for other in others)
        left = result.decisions - result.same - len(result.found)
        if left:
            yield f"  and {left:,} more: `--all` tells them"
        yield ""
    if result.farthest:
        near = count_text(result.count("numerically different"), "decision")
        yield f"{near} numerically different, by at most {distance_words(result.farthest)}"
    if result.noted:
        yield f"of {count_text(result.noted, 'decision')} only what was noted is another, not what was decided"
    yield f"{result.same} of {result.decisions} decisions are the same"


def _table(result: ReplayResult) -> Iterator[str]:
    """Decisions by kind and verdict; kinds of which there are none are left out."""
    rows = [("decision", *VERDICTS)]
    for kind, counts in _kinds(result).items():
        rows.append((kind, *(str(number) for number in counts.values())))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        yield "  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])])


def _kinds(result: ReplayResult) -> dict[str, dict[Verdict, int]]:
    names = [ev.NAMES[kind] for kind in ev.DECISIONS]
    every = {name: {verdict: result.count(verdict, name) for verdict in VERDICTS} for name in names}
    return {name: counts for name, counts in every.items() if any(counts.values())}


def _as_json(result: ReplayResult) -> dict[str, Any]:
    """Stable: names may be added, never changed."""
    return {
        "decisions": result.decisions,
        "same": result.same,
        "numerically_different": result.count("numerically different"),
        "different": result.count("different"),
        "only_noted": result.noted,
        "distance": _distances(result.farthest),
        "far": dict(FAR),
        "kinds": {
            kind: {verdict.replace(" ", "_"): number for verdict, number in counts.items()}
            for kind, counts in _kinds(result).items()
        },
        "reasons": [_reason(reason) for reason in result.reasons],
        "sessions": [asdict(session) for session in result.sessions],
        "now": None if result.now is None else asdict(result.now),
        "differences": [_difference(found) for found in result.found],
    }


def _distances(distances: Mapping[Any, float | None]) -> dict[str, float | None]:
    return {measure: distances.get(measure) for measure in FAR}


def _reason(reason: Reason) -> dict[str, Any]:
    return {"kind": REASONS[type(reason)], "words": replay_reason_words(reason), **asdict(reason)}


def _difference(found: Difference) -> dict[str, Any]:
    recomputed = found.recomputed
    return {
        "event": found.event,
        "line": found.event + 1,
        "session": found.session,
        "decision": found.kind,
        "trial": found.trial,
        "saw": found.taken.saw,
        "verdict": found.verdict.replace(" ", "_"),
        "recomputed": None if recomputed is None else ev.NAMES[type(recomputed)],
        "only_noted": found.only_noted,
        "distance": _distances({measure: found.distance(measure) for measure in FAR}),
        "fields": [_off(each) for each in found.off],
        "words": difference_line(found),
    }


def _off(off: Off) -> dict[str, Any]:
    """An entry that one of the two has not is left out: `was` or `is`."""
    values = {name: value for name, value in (("was", off.was), ("is", off.now)) if value is not ABSENT}
    measure = None if off.distance is None else off.measure
    return {"path": list(off.path), **values, "distance": off.distance, "measure": measure}
