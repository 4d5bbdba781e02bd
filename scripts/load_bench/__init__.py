"""Eight hours of work in little time: what grows in a tuner that works for long, and what does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from load_bench.events import many_events
from load_bench.reports import many_reports
from load_bench.trials import many_trials, many_workers
from load_bench.watch import Row

# What is measured, and how much of it by default.
CASES: dict[str, tuple[Callable[[int, Path], Iterable[Row]], int]] = {
    "trials": (many_trials, 100_000),
    "workers": (many_workers, 64),
    "reports": (many_reports, 10_000),
    "events": (many_events, 5_000_000),
}
