"""`bench_search run` and its like: which runs are missing, and the processes that make them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from search_bench import results
from search_bench.problems import ROOT
from search_bench.tools import ToolKind, kind_of
from search_bench.worker import Job

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Bench(NamedTuple):
    """A benchmark: the kinds of its tools by their names, and the module that runs jobs."""

    kind_of: Callable[[str], ToolKind]
    worker: str


SEARCH = Bench(kind_of, "search_bench.worker")


def python_of(tool: str, bench: Bench = SEARCH) -> str:
    """The Python in whose environment a tool runs."""
    environment = bench.kind_of(tool).environment
    return str(ROOT / ".bench" / environment / "bin" / "python") if environment else sys.executable


def version_of(tool: str, label: str = "", bench: Bench = SEARCH) -> str:
    """The version of a tool: of ours the label, else the commit and what differs from it."""
    package = bench.kind_of(tool).package
    if package == "hpotune":
        return label or commit()
    if not package:
        return "1"
    code = f"from importlib.metadata import version; print(version({package!r}))"
    command = [python_of(tool, bench), "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def commit() -> str:
    """The commit that the package stands at, with a digest of its files if they are not the commit's."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True).stdout

    name = git("rev-parse", "--short", "HEAD").strip()
    if not git("status", "--porcelain", "--", "hpotune"):
        return name
    files = sorted((ROOT / "hpotune").rglob("*.py"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{name}+{digest[:8]}"


def missing(jobs: Sequence[Job], file: Path) -> list[Job]:
    """The jobs that have no result yet; an error is one."""
    there = {results.key(result) for result in results.read([file])}
    return [job for job in jobs if results.key(asdict(job)) not in there]


def run_all(jobs: Sequence[Job], file: Path, tables: Path, processes: int, bench: Bench = SEARCH) -> None:
    """Run what is missing, tool by tool, in so many processes at a time."""
    for tool in dict.fromkeys(job.tool for job in jobs):
        todo = missing([job for job in jobs if job.tool == tool], file)
        print(f"{tool}: {len(todo)} runs", flush=True)
        threads = [
            threading.Thread(target=_run_share, args=(todo[share::processes], file, tables, bench))
            for share in range(processes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _run_share(jobs: Sequence[Job], file: Path, tables: Path, bench: Bench) -> None:
    """Run jobs in one process, and in another if it dies; the run that killed it gets an error for a result."""
    while jobs:
        code = _run_process(jobs, file, tables, bench)
        jobs = missing(jobs, file)
        if jobs and code:
            results.append(file, {**asdict(jobs[0]), "error": f"the process died with code {code}"})
            jobs = jobs[1:]


def _run_process(jobs: Sequence[Job], file: Path, tables: Path, bench: Bench) -> int:
    lines = "".join(json.dumps(asdict(job)) + "\n" for job in jobs)
    command = [python_of(jobs[0].tool, bench), "-m", bench.worker, str(file), str(tables)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT / "scripts")}
    return subprocess.run(command, input=lines, text=True, env=environment, check=False).returncode


def jobs_of(versions: Mapping[str, str], problems: Sequence[str], seeds: int, sizes: tuple[int, int]) -> Iterator[Job]:
    """All runs of the tools of these versions with so many (workers, evaluations).

    Seed by seed, so that the first table is there early.
    """
    for tool, version in versions.items():
        for seed in range(seeds):
            for problem in problems:
                yield Job(tool, version, problem, seed, *sizes)
