"""One process's share of the inputs of one target."""

from __future__ import annotations

import resource
import signal
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, TypeAlias

from fuzzing.coverage import Coverage
from fuzzing.mutate import Mutator
from fuzzing.target import Target

Slot: TypeAlias = Any  # an array of bytes in shared memory; the types of multiprocessing do not tell it apart
MEMORY = 1 << 31  # bytes of address space that reading may add
_MOST_KEPT = 3000
_PACKAGE = str(Path(__file__).resolve().parents[2] / "hpotune")


class SlowError(Exception):
    """An input took more processor time than its target allows."""


@dataclass(slots=True)
class Defect:
    """A kind of defect: where it shows, the first input with it, and how many had it."""

    kind: str
    data: bytes
    text: str
    count: int = 1


@dataclass(slots=True)
class Tally:
    """What came of a share."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    broken: int = 0
    corpus: int = 0
    lines: set[int] = field(default_factory=set)
    times: list[float] = field(default_factory=list)  # seconds, of a sample
    slowest: float = 0.0
    slowest_data: bytes = b""
    memory: int = 0  # bytes, peak
    seconds: float = 0.0
    defects: dict[str, Defect] = field(default_factory=dict)


def limit_memory() -> None:
    """Give this process a bound on its memory, so that an input that wants more ends in a MemoryError."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))


def attempt(target: Target, data: bytes, coverage: Coverage | None = None) -> tuple[bool | Defect, float]:
    """Whether an input was accepted, or the defect it shows; and the seconds it took (0: not measured)."""
    signal.signal(signal.SIGVTALRM, _too_slow)
    allowed = target.seconds * (1 if coverage is None else 10)
    start = time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, allowed)
        try:
            if coverage is None:
                return target.check(data), time.perf_counter() - start
            with coverage:
                accepted = target.check(data)
            return accepted, 0.0
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except Exception as error:  # noqa: BLE001 - whatever comes is the finding
        return Defect(_kind(error), data, traceback.format_exc(limit=-12)), 0.0


def run_share(target: Target, inputs: int, seed: str, slot: Slot) -> Tally:
    """Try so many inputs. `slot` always holds the one being tried, for whoever finds this process dead."""
    rng = Random(f"{seed}/{target.name}")
    mutator = Mutator(target.tokens, target.longest)
    coverage = Coverage(target.files)
    corpus = [seed_input[: target.longest] for seed_input in target.seeds]
    good = list(corpus)  # those that are accepted: what is one step from them goes deepest
    waiting = list(corpus)
    tally = Tally()
    limit_memory()
    began = time.monotonic()
    while tally.inputs < inputs:
        if waiting:
            data = waiting.pop()
        else:
            data = _next(target, mutator, rng.choice((corpus, good)), rng)
        slot.raw = len(data).to_bytes(4, "little") + data
        traced = tally.inputs % target.traced == 0
        result, seconds = attempt(target, data, coverage if traced else None)
        if seconds > tally.slowest:  # once more, since another process may have had the processor
            seconds = min(seconds, attempt(target, data)[1] or seconds)
        _count(tally, data, result, seconds)
        if traced and coverage.gained() and not isinstance(result, Defect):
            if len(corpus) >= _MOST_KEPT:
                corpus.pop(rng.randrange(len(target.seeds), len(corpus)))
            corpus.append(data)
            if result:
                good.append(data)
    tally.corpus = len(corpus)
    tally.lines = {line for _, line in coverage.steps}
    tally.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tally.seconds = time.monotonic() - began
    return tally


def _next(target: Target, mutator: Mutator, corpus: list[bytes], rng: Random) -> bytes:
    """An input made from one of the corpus."""
    data = rng.choice(corpus)
    if rng.random() < 0.5:
        return mutator.mutate(data, rng.choice(corpus), rng)
    if target.mutate is not None:
        return target.mutate(data, rng)[: target.longest]
    return mutator.gently(data, rng)


def _count(tally: Tally, data: bytes, result: bool | Defect, seconds: float) -> None:  # noqa: FBT001 - a union
    tally.inputs += 1
    if isinstance(result, Defect):
        tally.broken += 1
        known = tally.defects.setdefault(result.kind, result)
        if known is not result:
            known.count += 1
            if len(data) < len(known.data):
                known.data, known.text = data, result.text
    elif result:
        tally.accepted += 1
    else:
        tally.refused += 1
    if seconds:
        if len(tally.times) < 50_000:
            tally.times.append(seconds)
        if seconds > tally.slowest:
            tally.slowest, tally.slowest_data = seconds, data


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise SlowError


def _kind(error: BaseException) -> str:
    """The error's type and the innermost line of the package that it came through; a broken promise is its own kind."""
    name = type(error).__name__
    if isinstance(error, AssertionError):
        return f"{name}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SlowError | MemoryError | RecursionError):
        frames = frames[:6]  # the innermost line is chance
    own = [frame for frame in frames if frame.filename.startswith(_PACKAGE)] or frames
    return f"{name} at {Path(own[-1].filename).name}:{own[-1].lineno}"
