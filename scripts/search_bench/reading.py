"""Which results a table is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from search_bench import problems
from search_bench.stats import Cell, Runs

Result = Mapping[str, Any]


def runs_of(
    found: Sequence[Result], tools: Sequence[str], sizes: tuple[int, int], best: Callable[[str], float]
) -> tuple[Runs, dict[str, str]]:
    """The runs of the tools, and the version of each: `TOOL@VERSION` names one, `TOOL` the last one in the results.

    `sizes`: (workers, evaluations). Without tools, all there are. `best` states the best score of a problem, which
    counts if no result is better.
    """
    workers, evaluations = sizes
    chosen = [each for each in found if each["workers"] == workers and each["evaluations"] == evaluations]
    last = {each["tool"]: each["version"] for each in chosen}
    versions = {}
    by_tool: dict[str, dict[Cell, Result]] = {}
    for tool in tools or list(last):
        name, _, version = tool.partition("@")
        versions[tool] = version or last.get(name, "")
        by_tool[tool] = {
            (each["problem"], each["seed"]): each
            for each in chosen
            if each["tool"] == name and each["version"] == versions[tool]
        }
    by_tool.setdefault("random", {(e["problem"], e["seed"]): e for e in chosen if e["tool"] == "random"})
    return Runs(by_tool, best_scores(found, best)), versions


def best_scores(found: Iterable[Result], stated: Callable[[str], float]) -> dict[str, float]:
    """The least score known of each problem."""
    best: dict[str, float] = {}
    for each in found:
        name = each["problem"]
        if name not in best:
            best[name] = stated(name)
        best[name] = min(best[name], *(score for _, score in each.get("improvements", ())), math.inf)
    return best


def stated(name: str, tables: Path) -> float:
    """The best score of a problem of `bench_search`; inf where nobody knows it, and the results must do."""
    try:
        return problems.get(name, tables).best
    except (FileNotFoundError, KeyError):
        return math.inf
