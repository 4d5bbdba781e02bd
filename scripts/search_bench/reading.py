"""Which results a table is made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from search_bench import problems
from search_bench.stats import Cell, Runs, score_after

Result = Mapping[str, Any]


def runs_of(
    found: Sequence[Result], tools: Sequence[str], workers: int, evaluations: int, tables: Path
) -> tuple[Runs, dict[str, str]]:
    """The runs of the tools, and the version of each: `TOOL@VERSION` names one, `TOOL` the last one in the results.

    Without tools, all there are. The best score of a problem is the least of what is stated and of all results.
    """
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
    return Runs(by_tool, best_scores(found, tables)), versions


def best_scores(found: Iterable[Result], tables: Path) -> dict[str, float]:
    """The least score known of each problem."""
    best: dict[str, float] = {}
    for each in found:
        name = each["problem"]
        if name not in best:
            best[name] = _stated(name, tables)
        best[name] = min(best[name], *(score for _, score in each.get("improvements", ())), math.inf)
    return best


def _stated(name: str, tables: Path) -> float:
    try:
        return problems.get(name, tables).best
    except (FileNotFoundError, KeyError):
        return math.inf  # what the results have must do


def curve(result: Result, counts: Sequence[int]) -> list[float]:
    """Scores after so many evaluations each."""
    return [score_after(result, count) for count in counts]
