"""Very many trials of a trivial command, and very many at a time, through the real runner."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpotune import events as ev
from hpotune.journal.folder import RunFolder
from load_bench.watch import Ended, Row, around, growth, reached, run

WORKERS = 4


def many_trials(size: int, folder: Path) -> list[Row]:
    """`size` trials of `echo`: does anything grow but the history?"""
    run_folder, ended = _tune(folder, "many", ["/bin/echo", "m=0.5"], size, WORKERS)
    outcomes = _outcomes(run_folder)
    stages = [around(ended.samples, share) for share in (0.1, 0.5, 0.9)]
    return [
        ("trials, completed", f"{size:,}, {outcomes['completed']:,}"),
        ("trials a second", f"{size / ended.seconds:.0f}"),
        ("tuner's processor time a trial", f"{1e3 * ended.cpu / size:.2f} ms"),
        ("the same in the last tenth / in the second", _pace(ended)),
        ("resident at 10 %, 50 %, 90 %", ", ".join(f"{st[-1].resident / 1e6:.1f}" for st in stages) + " MB"),
        ("resident bytes a trial (slope)", f"{growth(ended.samples, size):,.0f}"),
        ("most descriptors around 10 %, 50 %, 90 %", ", ".join(f"{max(s.descriptors for s in st)}" for st in stages)),
        ("most threads around 10 %, 50 %, 90 %", ", ".join(f"{max(s.threads for s in st)}" for st in stages)),
        ("journal bytes a trial", f"{run_folder.journal.stat().st_size / size:,.0f}"),
        ("tuner.log bytes a trial", f"{run_folder.log.stat().st_size / size:,.0f}"),
        ("files and folders of a trial", f"{sum(1 for _ in run_folder.trial(0).rglob('*')) + 1}"),
    ]


def many_workers(size: int, folder: Path, kinds: Sequence[tuple[float, int]] = ((0.2, 20), (2.0, 6))) -> list[Row]:
    """`size` workers at once: are all of them busy, and what does that cost the tuner?

    `kinds`: how long a trial sleeps, and how many of them a worker sees.
    """
    rows: list[Row] = []
    for sleep, rounds in kinds:
        command = ["/bin/sh", "-c", f"sleep {sleep}; echo m=0.5"]
        run_folder, ended = _tune(folder, f"workers-{sleep}", command, size * rounds, size)
        outcomes, (most, mean) = _outcomes(run_folder), _out(run_folder)
        failed = sum(outcomes.values()) - outcomes["completed"]
        rows += [
            (f"{size} workers, trials of {sleep} s: most at once", f"{most}"),
            ("at once in the middle half, on average", f"{mean:.1f}"),
            ("trials a second, failed", f"{size * rounds / ended.seconds:.0f}, {failed}"),
            ("tuner's share of one processor", f"{ended.cpu / ended.seconds:.0%}"),
            ("most descriptors, threads", _most(ended)),
        ]
    return rows


def _tune(folder: Path, name: str, command: list[str], trials: int, workers: int) -> tuple[RunFolder, Ended]:
    study: dict[str, Any] = {
        "name": name,
        "command": command,
        "metric": {"name": "m", "goal": "minimize"},
        "parameters": {
            "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True},
            "hidden": {"type": "int", "low": 16, "high": 512, "log": True},
            "optimizer": {"type": "categorical", "choices": ["adam", "adamw", "sgd"]},
        },
        "strategy": "random",
        "limits": {"trials": trials},
        "workers": workers,
        "seed": 7,
    }
    (folder / f"{name}.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in study.items()))
    run_folder = RunFolder(folder / "runs" / name)
    every = min(2.0, max(0.05, trials / 5000))
    ended = run(["run", f"{name}.yaml", "--quiet"], folder, journal=run_folder.journal, every=every)
    if ended.code != 0:
        raise RuntimeError(f"hpotune ended with {ended.code}: {ended.out[-2000:]}")
    return run_folder, ended


def _outcomes(folder: RunFolder) -> Counter[str]:
    return Counter(event.outcome for event in folder.events() if isinstance(event, ev.JobEnded))


def _out(folder: RunFolder) -> tuple[int, float]:
    """How many processes were out at once, at most and on average over the middle half of the time."""
    changes = [
        (event.measured["at"], 1 if isinstance(event, ev.JobStarted) else -1)
        for event in folder.events()
        if isinstance(event, ev.JobStarted | ev.JobEnded)
    ]
    begin, end = changes[0][0], changes[-1][0]
    low, high = begin + (end - begin) / 4, end - (end - begin) / 4
    out = most = 0
    area, since = 0.0, low
    for at, change in changes:
        now = min(max(at, low), high)
        area, since = area + out * (now - since), now
        out += change
        most = max(most, out)
    return most, area / (high - low)


def _pace(ended: Ended) -> str:
    """Whether a trial costs more as the history grows."""
    s = [reached(ended.samples, share) for share in (0.1, 0.2, 0.9, 1.0)]
    first, last = s[1].cpu - s[0].cpu, s[3].cpu - s[2].cpu
    return f"{last / first:.2f}" if first else "-"


def _most(ended: Ended) -> str:
    return f"{max(s.descriptors for s in ended.samples)}, {max(s.threads for s in ended.samples)}"
