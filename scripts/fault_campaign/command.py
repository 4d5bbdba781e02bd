"""The command line of `scripts/faults`."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import shlex
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from random import Random

from fault_campaign import journals, kills, permissions, processes, storage, studies
from fault_campaign.case import Case, Complaint, Found, Missed
from fault_campaign.judge import Judge, left_over
from fault_campaign.table import Table
from fault_campaign.world import References, World

MOMENTS = 500
_TURNS = 3  # of a case whose fault did not come about
# The short form leaves these out; their like is in tests/e2e.
_LONG_ONLY = {
    "kill during the birth of a journal",
    "kill during an end",
    "journal with a flipped bit: resume",
    "limit on the size of files",
    "file system becomes read-only",
    "signal that asks the tuner to end",
    "SIGSTOP, then SIGCONT to the tuner",
    "watchdog killed",
    "tuner killed while trials have daemons",
    "second tuner while the first lives",
}
_STRIDE = 7  # between the cases that the short form picks, so that their workers differ, too
AT_A_TIME = 2


def main(about: str) -> int:
    """Do what the arguments say; the exit code."""
    options = _arguments(about)
    folder = Path(tempfile.mkdtemp(prefix="faults-")).resolve()
    folder.chmod(0o755)  # some cases are another user's
    judge = Judge(References(folder / "undisturbed"), quick=options.short)
    cases = list(chosen(all_cases(judge, options), options))
    if options.list:
        print(*(case.name for case in cases), sep="\n")
        folder.rmdir()
        return 0
    for possible, what in (
        (storage.may_mount(), "a file system that is full or read-only: none can be mounted"),
        (permissions.may_be_refused(), "permissions: root has them all, and no setpriv to give them up"),
    ):
        if not possible:
            print(f"left out: {what}", file=sys.stderr)
    table = Campaign(options, folder).run(cases)
    print(table.markdown())
    if options.json:
        options.json.write_text(json.dumps(table.rows(), indent=1) + "\n")
    return 0 if cases and table.clean else 1


def _arguments(about: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a few cases of every fault")
    parser.add_argument("--only", default="*", metavar="FAULT", help="a fault or a case; * and ? stand for any letters")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    parser.add_argument("--moments", type=int, default=MOMENTS, help=f"kills at random moments (default: {MOMENTS})")
    parser.add_argument("--sample", type=int, metavar="N", help="so many cases of each fault, drawn by the seed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the table for programs")
    parser.add_argument("--keep", action="store_true", help="keep the folders of all cases")
    parser.add_argument("--list", action="store_true", help="print the names of the cases, and do nothing")
    return parser.parse_args()


def all_cases(judge: Judge, options: argparse.Namespace) -> Iterator[Case]:
    """Every case of every fault, those of one fault in a row."""
    yield from kills.cases(judge, options.moments)
    yield from journals.cases(judge, every=17 if options.short else 1)
    yield from storage.cases(judge)
    yield from permissions.cases(judge)
    yield from processes.cases(judge)


def chosen(cases: Iterable[Case], options: argparse.Namespace) -> Iterator[Case]:
    """Those that were asked for; in the short form one of each fault, with one of three strategies."""
    for turn, (fault, group) in enumerate(groupby(cases, lambda case: case.fault)):
        of_fault = list(group)
        if options.sample and options.sample < len(of_fault):
            of_fault = Random(f"{options.seed} {fault}").sample(of_fault, options.sample)
        if options.short:
            few = [case for case in of_fault if case.strategy in _few(options.seed)]
            of_fault = [] if fault in _LONG_ONLY else [few[(turn * _STRIDE + options.seed) % len(few)]]
        for case in of_fault:
            if any(fnmatch.fnmatchcase(name, options.only) for name in (case.fault, case.name)):
                yield case


def _few(seed: int) -> set[str]:
    """One that does not look at results, one with a model, and one that promotes: others for another seed."""
    scheduled = [name for name in studies.NAMES if studies.is_scheduled(name)]
    models = [name for name in studies.NAMES if name not in (*scheduled, *studies.BLIND)]
    return {kinds[seed % len(kinds)] for kinds in (studies.BLIND, models, scheduled)}


class Campaign:
    """Runs cases, two side by side."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._began = time.monotonic()
        self._kept = False

    def run(self, cases: list[Case]) -> Table:
        """All of them; what each has found goes to stderr at once."""
        table = Table(dict.fromkeys(case.fault for case in cases))
        with contextlib.suppress(KeyboardInterrupt), ThreadPoolExecutor(AT_A_TIME) as pool:  # then: the table so far
            results = pool.map(self._do, range(len(cases)), cases)
            for number, (case, found) in enumerate(zip(cases, results, strict=True), 1):
                if isinstance(found, Missed):
                    table.missed[case.fault] += 1
                else:
                    table.enter(case.fault, found.tried, found.complaints)
                self._tell(case, found)
                if number == len(cases) or cases[number].fault != case.fault:
                    self._progress(case.fault, table, number, len(cases))
        if not (self._kept or self._options.keep):
            shutil.rmtree(self._folder)
        return table

    def _do(self, number: int, case: Case) -> Found | Missed:
        found = self._try(number, case, 0)
        for turn in range(1, _TURNS):
            if isinstance(found, Missed):
                found = self._try(number, case, turn)
        return found

    def _try(self, number: int, case: Case, turn: int) -> Found | Missed:
        world = World(self._folder / f"{number:04d}-{turn}")
        try:
            found = _find(case, world, Random(f"{self._options.seed} {case.name} {turn}"))
        finally:
            world.close()
        if not isinstance(found, Missed) and found.complaints:
            self._kept = True
            (world.folder / "complaints.txt").write_text(f"{case.name}\n{_listed(found.complaints)}")
        elif not self._options.keep:
            shutil.rmtree(world.folder)
        return found

    def _tell(self, case: Case, found: Found | Missed) -> None:
        if isinstance(found, Missed) or not found.complaints:
            return
        options = self._options
        again = ["scripts/faults", "--only", case.name, "--seed", str(options.seed)]
        if options.moments > MOMENTS:
            again += ["--moments", str(options.moments)]
        print(f"FAILED {case.name}\n{_listed(found.complaints)}  again: {shlex.join(again)}", file=sys.stderr)

    def _progress(self, fault: str, table: Table, number: int, of: int) -> None:
        missed = f" (and {table.missed[fault]} that it did not reach)" if table.missed[fault] else ""
        seconds = time.monotonic() - self._began
        print(f"{seconds:6.0f} s  {number}/{of}  {fault}: {table.tried[fault]}{missed}", file=sys.stderr)


def _find(case: Case, world: World, rng: Random) -> Found | Missed:
    try:
        found = case.do(world, rng)
    except Missed as missed:
        return missed
    except Exception:  # noqa: BLE001 - a campaign of an hour goes on, and tells of it
        return Found([Complaint("word", f"the case itself failed:\n{traceback.format_exc()}")])
    found.complaints.extend(left_over(world))
    return found


def _listed(complaints: list[Complaint]) -> str:
    return "".join(f"  {kind}: {text}\n" for kind, text in complaints)
