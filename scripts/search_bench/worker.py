"""Runs of tools on problems, in virtual time: `python -m search_bench.worker`, jobs as JSON lines on standard input.

It runs in a tool's own environment, so it imports nothing but numpy, the problems and the tool. Each run becomes one
line of the results.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import math
import statistics
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from search_bench import problems, results
from search_bench.problem import Config, Problem
from search_bench.tools import Setting, Tool, make, spelt

SPREAD = 0.5  # of the lognormal durations: the slowest of twenty takes some five times as long as the fastest


@dataclass(frozen=True, slots=True)
class Job:
    """One run: what makes it what it is, and what its result is found by again."""

    tool: str
    version: str
    problem: str
    seed: int
    workers: int
    evaluations: int


def serve(run_job: Callable[[Job, Path], dict[str, Any]]) -> None:
    """Run the jobs of standard input, one after the other."""
    file, tables = Path(sys.argv[1]), Path(sys.argv[2])
    for line in sys.stdin:
        begin = time.time()
        result = run_or_fail(Job(**json.loads(line)), tables, run_job)
        results.append(file, result)
        print(describe(result, time.time() - begin), flush=True)


def describe(result: dict[str, Any], seconds: float) -> str:
    """A line for the log."""
    scores = [score for _, score in result.get("improvements", [])]
    found = result.get("error") or (scores[-1] if scores else "nothing")
    return f"{result['tool']} {result['version']} {result['problem']} {result['seed']} {seconds:.1f} s: {found}"


def run_named(job: Job, tables: Path) -> dict[str, Any]:
    """A run on the problem that the job names."""
    return run(job, problems.get(job.problem, tables))


def run_or_fail(job: Job, tables: Path, run_job: Callable[[Job, Path], dict[str, Any]] = run_named) -> dict[str, Any]:
    """The result of a run, or the error that ended it."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return {**asdict(job), **run_job(job, tables)}
    except Exception as error:  # noqa: BLE001 - whatever a tool raises is its result, and is shown as such
        traceback.print_exc()
        return {**asdict(job), "error": f"{type(error).__name__}: {error}"[:300]}


def run(job: Job, problem: Problem) -> dict[str, Any]:
    """Asynchronous workers in virtual time: whoever is free asks, whoever is done first tells first."""
    tool = make(job.tool, Setting(problem.space, problem.constraints, job.seed, job.workers, job.evaluations))
    record = Record()
    running: list[tuple[float, int, Config]] = []  # when it ends, its number, what it runs
    now, asked = 0.0, 0
    while True:
        while len(running) < job.workers and asked < job.evaluations:
            config = record.ask(tool)
            if config is None:
                break
            heapq.heappush(running, (now + duration(job, asked), asked, config))
            asked += 1
        if not running:
            return record.line()
        now, number, config = heapq.heappop(running)
        record.tell(tool, problem, config, job.seed * 1_000_000 + number)


def duration(job: Job, number: int) -> float:
    """How long an evaluation takes: the same for every tool."""
    rng = np.random.default_rng([3, zlib.crc32(job.problem.encode()), job.seed, number])
    return float(rng.lognormal(0.0, SPREAD))


class Record:
    """What a run is judged by. The incumbent is the trial with the least observed loss; it is scored without noise."""

    def __init__(self) -> None:
        self.told = 0
        self.failed = 0
        self.least = math.inf
        self.improvements: list[tuple[int, float]] = []
        self.seconds: list[float] = []
        self.asked: dict[str, int] = {}

    def ask(self, tool: Tool) -> Config | None:
        """Ask, and note how long it took."""
        begin = time.perf_counter()
        config = tool.ask()
        self.seconds.append(time.perf_counter() - begin)
        if config is not None:
            self.asked[spelt(config)] = self.asked.get(spelt(config), 0) + 1
        return config

    def tell(self, tool: Tool, problem: Problem, config: Config, evaluation_seed: int) -> None:
        """Evaluate and tell."""
        self.told += 1
        allowed = problem.feasible(config)
        loss = problem.loss(config, evaluation_seed) if allowed or tool.soft_constraints else math.nan
        tool.tell(config, loss)
        if not allowed or not math.isfinite(loss):
            self.failed += 1
        elif loss < self.least:
            self.least = loss
            self.improvements.append((self.told, float(f"{problem.score(config):.10g}")))

    def line(self) -> dict[str, Any]:
        """The fields of the result."""
        return {
            "improvements": self.improvements,
            "told": self.told,
            "failed": self.failed,
            "repeats": sum(count - 1 for count in self.asked.values()),
            "suggest_seconds": [round(statistics.median(self.seconds), 4), round(sum(self.seconds), 2)],
        }


if __name__ == "__main__":
    serve(run_named)
