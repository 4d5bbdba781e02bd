"""Trials that report very often: what of it enters the journal, and whether the tuner keeps up."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hpotune import events as ev
from hpotune.journal.folder import RunFolder
from load_bench.watch import Ended, Row, run

TRIALS = 8
FULL = 1000  # reports of a job that enter before any is left out

# A hundred times a second, a hundredth of a second's worth; each line has the time at which it was printed.
TRIAL = """
import sys, time
rate, seconds = int(sys.argv[1]), int(sys.argv[2])
burst = max(1, rate // 100)
begun, step = time.time(), 0
while step < rate * seconds:
    now = time.time()
    lines = []
    for step in range(step + 1, min(step + burst, rate * seconds) + 1):
        loss = 1 + (step * 7919 % 10007) / 10007 - step / 1e9
        lines.append('{"step": %d, "loss": %r, "printed": %.4f}' % (step, loss, now))
    print("\\n".join(lines), flush=True)
    time.sleep(max(0.0, begun + step / rate - time.time()))
"""


def many_reports(size: int, folder: Path, seconds: int = 10) -> list[Row]:
    """Eight trials at once that print `size` reports a second, for so many seconds each."""
    (folder / "train.py").write_text(TRIAL)
    total = size * seconds
    study: dict[str, Any] = {
        "name": "reports",
        "command": [sys.executable, "-S", "train.py", f"{size}", f"{seconds}"],
        "metric": {"name": "loss", "goal": "minimize", "use": "best"},
        "parameters": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
        # The rule looks at every fourth of the way, and finds nobody worse than the others.
        "strategy": {"name": "random", "stop": {"rule": "median", "after": total // 4, "every": total // 4}},
        "budget": {"name": "steps", "max": total},
        "limits": {"trials": TRIALS},
        "workers": TRIALS,
        "seed": 7,
    }
    (folder / "reports.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in study.items()))
    run_folder = RunFolder(folder / "runs" / "reports")
    ended = run(["run", "reports.yaml", "--quiet"], folder, journal=run_folder.journal, every=0.1)
    if ended.code != 0:
        raise RuntimeError(f"hpotune ended with {ended.code}: {ended.out[-2000:]}")
    events = list(run_folder.events())
    return [*_of_the_run(events, ended, size, total), *_of_the_journal(events, run_folder, total)]


def _of_the_run(events: list[ev.Event], ended: Ended, size: int, total: int) -> list[Row]:
    lags = sorted(_lags(events))
    quarter = len(ended.samples) // 4
    second, last = ended.samples[quarter : 2 * quarter], ended.samples[-quarter:]
    resident = [f"{max(sample.resident for sample in part) / 1e6:.1f}" for part in (second, last)]
    late = (statistics.median(lags), lags[int(0.99 * len(lags))], lags[-1])
    jobs = [event for event in events if isinstance(event, ev.JobEnded)]
    longest = max(event.measured["seconds"] for event in jobs)
    return [
        ("trials, reports a second of each", f"{len(jobs)}, {size:,}"),
        ("seconds of the longest trial", f"{longest:.1f}"),
        ("tuner's share of one processor", f"{ended.cpu / ended.seconds:.0%}"),
        ("tuner's processor time a printed line", f"{1e6 * ended.cpu / (TRIALS * total):.1f} µs"),
        ("from printed to journalled: median, 99 %, most", ", ".join(f"{lag:.2f}" for lag in late) + " s"),
        ("resident in the second, in the last fourth", ", ".join(resident) + " MB"),
    ]


def _lags(events: list[ev.Event]) -> Iterator[float]:
    first = events[0]
    begun = first.measured["time"] - first.measured["at"]
    for event in events:
        if isinstance(event, ev.Reported):
            yield begun + event.measured["at"] - event.also["printed"]


def _of_the_journal(events: list[ev.Event], folder: RunFolder, total: int) -> list[Row]:
    """That the journal holds what it must, and the files everything."""
    entered: dict[int, list[ev.Reported]] = {}
    for event in events:
        if isinstance(event, ev.Reported):
            entered.setdefault(event.trial, []).append(event)
    missing = sum(len(list(_missing(entered.get(trial, []), total))) for trial in range(TRIALS))
    thinned = [event.notes.get("thinned", 0) for event in events if isinstance(event, ev.JobEnded)]
    kept = [len(entered.get(trial, [])) for trial in range(TRIALS)]
    lines = [(folder.attempt(trial, 0, 0) / "stdout.log").read_bytes().count(b"\n") for trial in range(TRIALS)]
    sums = sorted({f"{entered + left:,}" for entered, left in zip(kept, thinned, strict=True)})
    return [
        ("reports of a trial: printed, in its log, in the journal", f"{total:,}, {min(lines):,}, {max(kept):,}"),
        ("in the journal + noted as left out", ", ".join(sums)),
        ("that should be in the journal and are not", f"{missing}"),
        ("journal bytes a trial", f"{folder.journal.stat().st_size / TRIALS:,.0f}"),
    ]


def _missing(entered: list[ev.Reported], total: int) -> Iterator[float]:
    """The first 1,000, every 2^k-th between 1,000 * 2^(k-1) and 1,000 * 2^k, where the rule looks, and the last."""
    there = {event.budget for event in entered}
    yield from (step for step in range(1, min(FULL, total) + 1) if step not in there)
    stride, low = 2, FULL
    while low < total:
        yield from (step for step in range(low + stride, min(2 * low, total) + 1, stride) if step not in there)
        stride, low = 2 * stride, 2 * low
    yield from (step for step in (total // 4, total // 2, total // 4 * 3, total) if step not in there)
