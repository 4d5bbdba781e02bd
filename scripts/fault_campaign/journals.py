"""Journals that were cut anywhere, or in which bits have flipped."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from fault_campaign import studies
from fault_campaign.case import Case, Complaint, Found
from fault_campaign.judge import Judge, said, unchanged, whole
from fault_campaign.world import World
from hpotune.errors import RunError
from hpotune.events import Event
from hpotune.history import History
from hpotune.journal import JournalReader, repair
from hpotune.journal.folder import read_events
from hpotune.replay import replay

_SAMPLE = 8  # cuts and flips of a strategy's journal that the real program gets to see
_HEAD = len('{"n":0,')  # what begins otherwise is no journal


def cases(judge: Judge, *, every: int) -> Iterator[Case]:
    """All of them. In this process each `every`-th byte is looked at."""
    both: dict[str, Callable[..., Found]] = {"cut": _each_cut, "with a flipped bit": _each_flip}
    for what, look in both.items():
        for number, strategy in enumerate(studies.NAMES):
            do = functools.partial(look, strategy, (1, 2, 8)[number % 3], every)
            yield Case(f"journal {what}: read", strategy, strategy, do)
    for number in range(_SAMPLE):
        for strategy in studies.NAMES:
            do = functools.partial(_resume_cut, judge, strategy)
            yield Case("journal cut: resume", f"{strategy}/{number}", strategy, do)
    for number in range(_SAMPLE):
        for strategy in studies.NAMES:
            do = functools.partial(_resume_flipped, judge, strategy)
            yield Case("journal with a flipped bit: resume", f"{strategy}/{number}", strategy, do)


def _finished(world: World, strategy: str, workers: int) -> bytes:
    world.study(strategy, workers, pause=0.001)
    done = world.call("run", "study.yaml")
    if done.code != 0:
        raise RuntimeError(f"an undisturbed run failed: {done.err}")
    return world.journal()


def _each_cut(strategy: str, workers: int, every: int, world: World, rng: Random) -> Found:
    """What is read of every beginning of a journal, and what repair makes of it."""
    data = _finished(world, strategy, workers)
    events = list(world.run.events())
    path = world.folder / "journal.jsonl"
    places = range(rng.randrange(every), len(data) + 1, every)
    found = [complaint for size in places for complaint in cut(path, data[:size], events)]
    ends = [n for n, byte in enumerate(data, 1) if byte == 10]
    for lines in range(1, len(ends) + 1, 1 if every == 1 else 5):
        history = History()
        for event in events[:lines]:
            history.fold(event)
    for lines in range(1, len(ends) + 1, 5):
        again = replay(events[:lines])
        if again.same != again.decisions:
            found.append(Complaint("outcome", f"replay of {lines} lines: {again.differences[0]}"))
    return Found(found, len(places))


def cut(path: Path, data: bytes, events: list[Event]) -> Iterator[Complaint]:
    """What reading and repairing make of a beginning of a journal that held these events."""
    path.write_bytes(data)
    lines, torn = data.count(b"\n"), data[len(whole(data)) :]
    reader = JournalReader(path)
    try:
        read = list(read_events(reader))
    except RunError as error:
        if lines or "--fresh" not in error.remedy:
            yield Complaint("lost", f"cut to {len(data)} bytes: {error}")
        return
    if read != events[:lines] or reader.tail.torn != len(torn):
        yield Complaint("lost", f"cut to {len(data)} bytes: {len(read)} of {lines} lines read as they were")
    elif torn:
        piece = repair(path, reader.tail)
        if piece.read_bytes() != torn or path.read_bytes() != whole(data):
            yield Complaint("lost", f"cut to {len(data)} bytes: the repair has lost some of them")
        piece.unlink()


def _each_flip(strategy: str, workers: int, every: int, world: World, rng: Random) -> Found:
    """What is read of a journal in which one bit is another."""
    data = _finished(world, strategy, workers)
    events = list(world.run.events())
    path = world.folder / "journal.jsonl"
    places = range(rng.randrange(every), len(data), every)
    found = [complaint for place in places for complaint in flip(path, flipped(data, place, rng), place, events)]
    return Found(found, len(places))


def flipped(data: bytes, place: int, rng: Random) -> bytes:
    """The same but for one bit of one byte."""
    return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]


def flip(path: Path, data: bytes, place: int, events: list[Event]) -> Iterator[Complaint]:
    """What reading makes of a journal of these events in which a bit of the byte at `place` has flipped."""
    path.write_bytes(data)
    reader = JournalReader(path)
    read: list[Event] = []
    try:
        read.extend(read_events(reader))
    except RunError as error:
        if not any(word in str(error) for word in refusals(data, place)):
            yield Complaint("word", f"byte {place}: {error}")
    else:
        if place != len(data) - 1:  # the last line end: then the line is torn
            yield Complaint("word", f"byte {place}: it was not refused")
    if read != events[: len(read)]:
        yield Complaint("lost", f"byte {place}: another event was read")
    yield from unchanged(path, data)


def refusals(data: bytes, place: int) -> list[str]:
    """Words one of which names the damage: the number of the line, or that it is no journal at all."""
    number = data[:place].count(b"\n") + 1
    return [f"journal.jsonl:{number}:", *(["not a journal"] if place < _HEAD else [])]


def _resume_cut(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    """The trials' folders are from later than the journal that is left."""
    data = _finished(world, strategy, 1)
    left = data[: rng.randrange(len(data))]
    world.run.journal.write_bytes(left)
    if not whole(left):
        done = world.begin().end()
        return Found([*said(done, 4, "--fresh"), *unchanged(world.run.journal, left)])
    return Found(judge.goes_on(world))


def _resume_flipped(judge: Judge, strategy: str, world: World, rng: Random) -> Found:
    data = _finished(world, strategy, rng.choice([1, 2, 8]))
    place = rng.randrange(len(data))
    damaged = flipped(data, place, rng)
    world.run.journal.write_bytes(damaged)
    if place == len(data) - 1:
        return Found(judge.goes_on(world, law3=False))
    found = []
    before = _tree(world.run.path)
    for verb in ("resume", "report", "replay"):
        done = world.call(verb, str(world.run.path))
        found += said(done, 4)
        if not any(word in done.err for word in refusals(damaged, place)):
            found.append(Complaint("word", f"byte {place}, and it said: {done.err}"))
    if _tree(world.run.path) != before:
        found.append(Complaint("lost", "a damaged run was changed"))
    return Found(found)


def _tree(folder: Path) -> dict[str, bytes]:
    """All files but the lock and the log, which are no record."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in ("lock", "tuner.log")]
    return {str(path): path.read_bytes() for path in files}
