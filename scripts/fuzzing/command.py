"""The command line of the fuzzer: shares to processes, defects made small and saved, one line a target."""

from __future__ import annotations

import argparse
import multiprocessing
import shlex
import statistics
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from fuzzing.campaign import Defect, Slot, Tally, attempt, limit_memory, run_share
from fuzzing.coverage import lines_in_all
from fuzzing.shrink import shrink
from fuzzing.target import Target
from fuzzing.targets import TARGETS

_INPUTS = 1_000_000
_SHORT = 4_000
_PROCESSES = 2
_HANGS = 120.0  # seconds without a new input, after which a process is taken for stuck in a loop of C
_HEAD = f"{'target':12}{'inputs':>9}{'accepted':>10}{'refused':>9}{'broken':>8}{'corpus':>8}{'lines':>12}"
_HEAD += f"{'median':>9}{'slowest':>9}{'memory':>8}{'time':>7}"
_FORK = multiprocessing.get_context("fork")


def main(doc: str) -> int:
    """Run the campaign; the exit code says whether anything is broken."""
    parser = _parser(doc)
    options = parser.parse_args()
    if options.input is not None and len(options.targets) != 1:
        parser.error("--input goes with one target")
    warnings.simplefilter("error")
    if options.input is not None:
        return _repeat(TARGETS[options.targets[0]], options.input)
    with tempfile.TemporaryDirectory(prefix="hpotune-fuzz-") as scratch:
        tempfile.tempdir = scratch  # of all processes; what they leave goes with it
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    names = options.targets or list(TARGETS)
    whole = sum(TARGETS[name].share for name in names)
    total = _SHORT if options.short else options.inputs
    print(_HEAD, flush=True)
    broken = 0
    for name in names:
        target = TARGETS[name]
        tallies = _campaign(target, max(1, round(total * target.share / whole)), options.seed)
        print(_row(target, tallies), flush=True)
        broken += _show_defects(target, tallies, Path(options.keep))
    return 1 if broken else 0


def _parser(doc: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--inputs", type=int, default=_INPUTS, help="inputs in all (%(default)s)")
    parser.add_argument("--short", action="store_true", help=f"{_SHORT} inputs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--keep", default=str(Path(tempfile.gettempdir()) / "hpotune-fuzz"), help="where inputs are saved"
    )
    parser.add_argument("--input", type=Path, help="try this one input of one target")
    return parser


@dataclass(slots=True)
class _Share:
    """A process at work: where its tally arrives, and the input it is at."""

    process: BaseProcess
    answer: Connection
    slot: Slot


def _campaign(target: Target, inputs: int, seed: int) -> list[Tally]:
    """The tallies of both processes, which work at the same time."""
    shares = []
    for number in range(_PROCESSES):
        slot: Slot = _FORK.Array("c", target.longest + 4, lock=False)
        answer, end = _FORK.Pipe(duplex=False)
        part = inputs // _PROCESSES + (number < inputs % _PROCESSES)
        process = _FORK.Process(target=_work, args=(target, part, f"{seed}/{number}", slot, end), daemon=True)
        process.start()
        end.close()
        shares.append(_Share(process, answer, slot))
    return [_gather(share) for share in shares]


def _work(target: Target, inputs: int, seed: str, slot: Slot, end: Connection) -> None:
    end.send(run_share(target, inputs, seed, slot))


def _gather(share: _Share) -> Tally:
    """What a process found; if it died or hangs, the input that it was at is the finding."""
    before = None
    while not share.answer.poll(_HANGS):
        at = share.slot.raw
        if at == before:
            break
        before = at
    try:
        if share.answer.poll(0):
            tally: Tally = share.answer.recv()
            share.process.join()
            return tally
    except EOFError:
        share.process.join()
    share.process.kill()
    share.process.join()
    data = share.slot.raw[4 : 4 + int.from_bytes(share.slot.raw[:4], "little")]
    kind = f"the process ended with {share.process.exitcode}, or hung"
    return Tally(inputs=1, broken=1, times=[0.0], defects={kind: Defect(kind, data, kind)})


def _row(target: Target, tallies: Sequence[Tally]) -> str:
    counts = [sum(getattr(tally, name) for tally in tallies) for name in ("inputs", "accepted", "refused", "broken")]
    median = statistics.median([seconds for tally in tallies for seconds in tally.times] or [0.0])
    slowest = max(tally.slowest for tally in tallies)
    lines = len(set().union(*(tally.lines for tally in tallies)))
    return (
        f"{target.name:12}{counts[0]:9}{counts[1]:10}{counts[2]:9}{counts[3]:8}{sum(t.corpus for t in tallies):8}"
        f"{f'{lines}/{lines_in_all(target.files)}':>12}{median * 1e6:7.0f}us{slowest / max(median, 1e-9):8.0f}x"
        f"{max(tally.memory for tally in tallies) >> 20:6}MB{max(tally.seconds for tally in tallies):6.0f}s"
    )


def _show_defects(target: Target, tallies: Sequence[Tally], folder: Path) -> int:
    found: dict[str, list[Defect]] = {}
    for tally in tallies:
        for defect in tally.defects.values():
            found.setdefault(defect.kind, []).append(defect)
    slow = max(tallies, key=lambda tally: tally.slowest)
    folder.mkdir(parents=True, exist_ok=True)
    if slow.slowest > target.seconds / 20:
        path = folder / f"{target.name}-slowest"
        path.write_bytes(slow.slowest_data)
        print(f"  the slowest input, {slow.slowest:.2f} s: {path}")
    for number, (kind, defects) in enumerate(sorted(found.items())):
        path = folder / f"{target.name}-{number}"
        smallest = shrink(target, min(defects, key=lambda defect: len(defect.data)))
        path.write_bytes(smallest)
        print(f"  {sum(defect.count for defect in defects)} x {kind}")
        print(f"      scripts/fuzz {target.name} --input {shlex.quote(str(path))}", flush=True)
    return len(found)


def _repeat(target: Target, path: Path) -> int:
    data = path.read_bytes()
    limit_memory()
    result, seconds = attempt(target, data)
    if isinstance(result, Defect):
        print(result.text, file=sys.stderr)
        print(f"broken: {result.kind}", file=sys.stderr)
        return 1
    print(f"{'accepted' if result else 'refused'} after {seconds:.3f} s of processor time")
    return 0
