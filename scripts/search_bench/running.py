"""`bench_search run`: which runs are missing, and the processes that make them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from search_bench import results
from search_bench.problems import ROOT
from search_bench.tools import kind_of
from search_bench.worker import Job

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def python_of(tool: str) -> str:
    """The Python in whose environment a tool runs."""
    environment = kind_of(tool).environment
    return str(ROOT / ".bench" / environment / "bin" / "python") if environment else sys.executable


def version_of(tool: str, label: str = "") -> str:
    """The version of a tool: of ours the label, else the commit and what differs from it."""
    package = kind_of(tool).package
    if package == "hpotune":
        return label or commit()
    if not package:
        return "1"
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python_of(tool), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


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


def run_all(jobs: Sequence[Job], file: Path, tables: Path, processes: int) -> None:
    """Run what is missing, tool by tool, in so many processes at a time."""
    for tool in dict.fromkeys(job.tool for job in jobs):
        todo = missing([job for job in jobs if job.tool == tool], file)
        print(f"{tool}: {len(todo)} runs", flush=True)
        threads = [
            threading.Thread(target=_run_share, args=(todo[share::processes], file, tables))
            for share in range(processes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _run_share(jobs: Sequence[Job], file: Path, tables: Path) -> None:
    """Run jobs in one process, and in another if it dies; the run that killed it gets an error for a result."""
    while jobs:
        code = _run_process(jobs, file, tables)
        jobs = missing(jobs, file)
        if jobs and code:
            results.append(file, {**asdict(jobs[0]), "error": f"the process died with code {code}"})
            jobs = jobs[1:]


def _run_process(jobs: Sequence[Job], file: Path, tables: Path) -> int:
    lines = "".join(json.dumps(asdict(job)) + "\n" for job in jobs)
    command = [python_of(jobs[0].tool), "-m", "search_bench.worker", str(file), str(tables)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT / "scripts")}
    return subprocess.run(command, input=lines, text=True, env=environment, check=False).returncode


def jobs_of(
    tools: Sequence[str], problems: Sequence[str], seeds: int, workers: int, evaluations: int, label: str
) -> Iterator[Job]:
    """All runs, seed by seed, so that the first table is there early."""
    for tool in tools:
        version = version_of(tool, label)
        for seed in range(seeds):
            for problem in problems:
                yield Job(tool, version, problem, seed, workers, evaluations)
