"""Journals: events and their history, or a refusal that says which line; the file stays as it is.

The first byte of an input says what is done to the rest before it is read: nothing (0), its checksums are made right
again (1), its checksums and numbers are (2). Only the last two come past the checksums to what lies behind. `journals`
reads the events, `histories` folds them as well.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

from fuzzing.mutate import NUMBERS
from fuzzing.target import Target, must
from hpotune.errors import DamagedError, HpotuneError
from hpotune.events import NAMES, Event, JobEnded, Reported, SignalReceived, StudyResumed, TimerFired, decode, encode
from hpotune.journal.folder import RunFolder
from hpotune.journal.format import seal
from hpotune.study import Study
from hpotune.tuner import Tuner
from hpotune.tuner.ledger import Memory

_SUFFIX = re.compile(rb',"crc":"[0-9a-f]{8}"\}$')
_NUMBER = re.compile(rb'^\{"n":[0-9]+,')
_VALUES = (
    None, True, False, 0, -1, 1, 2, 2**63, 10**400, -0.5, 1e308, "", "nan", "inf", "x", "\ud800", [], ["x"], [[]], {},
    {"a": 1}, {"at": "x"}, {"at": -1}, "completed", "failed", "interrupted", "tuner_died", "stop", 9, 81,
)  # fmt: skip


_FIELDS = ("trial", "job", "attempt", "saw", "to", "from", "budget", "value", "also", "measured", "reason", "study")


def _journal(strategy: Any, **changes: Any) -> bytes:
    """A journal of a small study: some jobs succeed, some fail, one session is cut off and another goes on."""
    study = Study.from_dict(
        {
            "name": "small", "command": ["true"], "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"x": {"type": "float", "low": 0, "high": 1}}, "strategy": strategy, "seed": 1,
            "limits": {"trials": 4}, **changes,
        }
    )  # fmt: skip
    memory = Memory()
    tuner = Tuner(study, workers=2, sink=memory)
    count = 0
    while count < 8 and (job := tuner.ask()) is not None:
        count += 1
        if tuner.report(job, 1 if job.budget is not None else None, 1 / count, other=count) and count == 3:
            tuner.fail(job, "exit", "an error")
        else:
            tuner.tell(job, float("nan") if count == 4 else 0.5 / count)
    return _sealed([*memory.events, *_END])


_END: tuple[Event, ...] = (
    SignalReceived("SIGTERM", "stop", {"at": 3.5}),
    TimerFired("time_limit", measured={"at": 4.0}),
    JobEnded(3, 0, 0, "interrupted", "tuner_died", notes={"duplicates": 2}, measured={"at": 4.5, "seconds": 1.5}),
    StudyResumed([], retry_failed=["exit", "nan"], measured={"at": 0.0}),
)


def _sealed(events: list[Event]) -> bytes:
    lines = [json.dumps(encode(n, event), separators=(",", ":")).encode() for n, event in enumerate(events)]
    return _resealed(b"\n".join(lines) + b"\n", renumber=False)


def _resealed(data: bytes, *, renumber: bool) -> bytes:
    """The lines with a right chain of checksums, whatever stands in them. What is not terminated stays as it is."""
    *lines, rest = data.split(b"\n")
    crc = 0
    sealed = []
    for n, line in enumerate(lines):
        found = _SUFFIX.search(line)
        body = line[: found.start()] if found else line.removesuffix(b"}")
        if renumber:
            body = _NUMBER.sub(b'{"n":%d,' % n, body)
        whole, crc = seal(body + b"}", crc)
        sealed.append(whole)
    return b"".join(sealed) + rest


@cache
def _folder(process: int) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"hpotune-fuzz-{process}-"))


def _check(data: bytes, *, fold: bool = False) -> bool:
    mode, content = data[:1] or b"\0", data[1:]
    if mode[0] % 3:
        content = _resealed(content, renumber=mode[0] % 3 == 2)
    folder = RunFolder(_folder(os.getpid()))
    folder.journal.write_bytes(content)
    accepted = _read(folder, content.count(b"\n"), fold=fold)
    must(folder.journal.read_bytes() == content, "reading changes nothing")
    must([path.name for path in folder.path.iterdir()] == [folder.journal.name], "reading leaves nothing behind")
    return accepted


def _read(folder: RunFolder, lines: int, *, fold: bool) -> bool:
    given = 0
    try:
        for event in folder.events():
            given += 1
            if not isinstance(event, Reported) or _numbers(event):
                must(repr(decode(_plain(encode(0, event)))) == repr(event), "an event survives being written")
        must(given == lines, "every terminated line is given")
        history = folder.history() if fold else None
    except DamagedError as error:
        place = re.search(r"journal\.jsonl:([0-9]+):", error.message)
        must(place is not None and 0 < int(place[1]) <= lines, "damage has a line")
        return False
    except HpotuneError as error:
        must(bool(error.message), "a refusal has words")
        return False
    must(history is None or history.n + 1 == lines, "every line is folded")
    return True


def _numbers(report: Reported) -> bool:
    return all(
        isinstance(number, int | float) and abs(number) < 1e308 for number in (report.value, *report.also.values())
    )


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(json.dumps(line))
    return decoded


def _mutate(data: bytes, rng: Random) -> bytes:
    """A value somewhere in one of the lines becomes another, or goes; or a line becomes an event of another kind."""
    lines = data[1:].split(b"\n")
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        try:
            line = json.loads(lines[at])
        except (ValueError, RecursionError):
            continue
        if not isinstance(line, dict) or not line:
            continue
        rng.choice(_CHANGES)(line, rng)
        lines[at] = json.dumps(line, separators=(",", ":")).encode()
    return bytes([rng.choice((1, 2, 2))]) + b"\n".join(lines)


def _change_value(line: dict[str, Any], rng: Random) -> None:
    container, key = rng.choice(list(_places(line)))
    container[key] = rng.choice(_VALUES)


def _change_number(line: dict[str, Any], rng: Random) -> None:
    places = [(container, key) for container, key in _places(line) if type(container[key]) in (int, float)]
    container, key = rng.choice(places or list(_places(line)))
    try:
        container[key] = json.loads(rng.choice(NUMBERS))
    except ValueError:
        container[key] = rng.randint(-1, 9)


def _drop(line: dict[str, Any], rng: Random) -> None:
    container, key = rng.choice(list(_places(line)))
    del container[key]


def _rename(line: dict[str, Any], rng: Random) -> None:
    line["event"] = rng.choice(list(NAMES.values()))


def _add(line: dict[str, Any], rng: Random) -> None:
    line[rng.choice(_FIELDS)] = rng.choice(_VALUES)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


_CHANGES: tuple[Callable[[dict[str, Any], Random], None], ...] = (_change_value, _change_number, _drop, _rename, _add)
_JOURNALS = (
    _journal("random"),
    _journal({"name": "asha", "eta": 2}, budget={"name": "epochs", "min": 1, "max": 4}, trial={"retries": 1}),
    _journal(
        {"name": "hyperband", "eta": 2},
        budget={"name": "epochs", "min": 1, "max": 4},
        limits={"trials": 3, "failures": 2},
    ),
    _journal("tpe", metric={"name": "loss", "goal": "maximize", "use": "best"}, parameters={"b": {"type": "bool"}}),
)
TARGET = Target(
    name="journals",
    check=_check,
    seeds=[bytes([mode]) + journal for mode in range(3) for journal in _JOURNALS],
    tokens=[
        *(f'"{name}"'.encode() for name in NAMES.values()),
        *(json.dumps(value).encode() for value in _VALUES),
        b"{", b"}", b"[", b"]", b":", b",", b'"', b"\n", b"\r\n", b"[" * 2000, b'{"a":' * 1000, b'"crc":"00000000"}',
        b',"crc":"', b'{"n":0,', b'"n":1', b"NaN", b"-Infinity", b'"\\ud800"',
        *(f'"{name}":'.encode() for name in _FIELDS),
    ],
    files=["/hpotune/journal/", "/hpotune/history/", "/hpotune/events/"],
    share=0.12,
    traced=12,
    seconds=5.0,
    longest=1 << 15,
    mutate=_mutate,
)  # fmt: skip
HISTORIES = replace(TARGET, name="histories", share=0.11, check=partial(_check, fold=True))
