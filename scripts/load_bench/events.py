"""A journal of very many events: read, folded, and reported."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hpotune import events as ev
from hpotune.events import Event
from hpotune.journal import JournalReader, JournalWriter
from hpotune.journal.folder import RunFolder
from hpotune.study import Study
from load_bench.watch import Row, run

REPORTS = 46  # of a trial; with its plan, its job, its start and its end, 50 events
_EVENTS_OF_TRIAL = REPORTS + 4
_CHUNK = 1 << 20

STUDY: dict[str, Any] = {
    "name": "events",
    "command": ["true"],
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True},
        "optimizer": {"type": "categorical", "choices": ["adam", "adamw", "sgd"]},
    },
    "strategy": "random",
    "budget": {"name": "epochs", "max": REPORTS},
    "seed": 7,
}


LOOKS = (["status"], ["report"], ["report", "--json"], ["show", "0"], ["best"])


def many_events(size: int, folder: Path, looks: Sequence[Sequence[str]] = LOOKS) -> Iterator[Row]:
    """A journal of `size` events, gone through by ever more of the program."""
    return measure(write(folder / "runs" / "events", size), size, looks)


def measure(journal: Path, size: int, looks: Sequence[Sequence[str]] = LOOKS) -> Iterator[Row]:
    """What a journal costs. All times are the processor's: those of a clock depend on who else is at work."""
    yield "events, trials, bytes", f"{size:,}, {size // _EVENTS_OF_TRIAL:,}, {journal.stat().st_size:,}"
    raw = min(_seconds(lambda: _read_raw(journal)) for _ in range(3))
    parsed = _seconds(lambda: _parse(journal))
    read = _seconds(lambda: _read_lines(journal))
    yield "read as bytes", f"{raw:.2f} s = 1 ×"
    yield "`json.loads` of each line", f"{parsed:.1f} s = {parsed / raw:.0f} ×"
    yield "read by the journal's reader", f"{read:.1f} s = {read / raw:.0f} × = {read / parsed:.2f} of parsing"
    for verb, *options in looks:
        ended = run([verb, str(journal.parent), *options], journal.parent.parent, every=0.05)
        if ended.code != 0:
            raise RuntimeError(f"hpotune {verb} ended with {ended.code}: {ended.out[-2000:]}")
        times = f"{ended.cpu:.1f} s = {ended.cpu / raw:.0f} × = {ended.cpu / parsed:.2f} of parsing"
        memory = f"{ended.peak / 1e6:.0f} MB at most, {ended.peak / size:.0f} bytes an event"
        yield f"`hpotune {' '.join([verb, *options])}`", f"{times}; {memory}"


def write(folder: Path, size: int) -> Path:
    """A run of so many events, as the tuner would have written it."""
    folder.mkdir(parents=True)
    run_folder = RunFolder(folder)
    with JournalWriter.create(run_folder.journal) as writer:
        for n, event in enumerate(_events(size)):
            writer.append(ev.encode(n, event))
    return run_folder.journal


def _events(size: int) -> Iterator[Event]:
    trials = max(1, (size - 3) // _EVENTS_OF_TRIAL)
    study = Study.from_dict({**STUDY, "limits": {"trials": trials}, "workers": 1})
    yield ev.StudyStarted(ev.FORMAT, study.to_dict(), 7, {"hpotune": "0.1.0"}, measured={"at": 0.0, "time": 1.7e9})
    yield ev.Capacity(1, measured={"at": 0.0})
    for trial in range(trials):
        yield from _trial(trial, saw=1 + trial * _EVENTS_OF_TRIAL, at=trial * 0.5)
    yield ev.StudyFinished("trials", 1 + trials * _EVENTS_OF_TRIAL, {"at": trials * 0.5})


def _trial(trial: int, saw: int, at: float) -> Iterator[Event]:
    place = (trial * 7919 % 10007) / 10007
    config = {"lr": 10 ** (-5 + 4 * place), "optimizer": ("adam", "adamw", "sgd")[trial % 3]}
    yield ev.TrialPlanned(trial, config, "search", saw, REPORTS, measured={"at": at, "seconds": 0.0})
    yield ev.JobPlanned(trial, 0, 0, 0, REPORTS, "first", saw + 1, measured={"at": at})
    handle = {"pid": 1000 + trial, "start": trial}
    yield ev.JobStarted(trial, 0, 0, "local", measured={"at": round(at + 0.01, 3), "handle": handle})
    for epoch in range(1, REPORTS + 1):
        measured = {"at": round(at + 0.01 * epoch, 3)}
        report = ev.Reported(trial, 0, 0, epoch, place + 1 / epoch, {"lr": 0.1 / epoch}, measured=measured)
        yield report._replace(zero_based=False) if epoch == 1 else report
    measured = {"at": round(at + 0.49, 3), "seconds": 0.48, "cpu": 0.4}
    yield ev.JobEnded(trial, 0, 0, "completed", code=0, notes={"zero_based": False}, measured=measured)


def _read_raw(journal: Path) -> None:
    with journal.open("rb", buffering=0) as file:
        while file.read(_CHUNK):
            pass


def _parse(journal: Path) -> None:
    with journal.open("rb") as file:
        for line in file:
            json.loads(line)


def _read_lines(journal: Path) -> None:
    for _ in JournalReader(journal):
        pass


def _seconds(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
