"""The plots of the benchmark: mean rank against evaluations, and regret on every problem."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from search_bench.stats import mean_ranks
from search_bench.tables import View

mpl.use("Agg")
from matplotlib import pyplot as plt

COLUMNS = 6


def draw(view: View, tools: list[str], folder: Path) -> list[Path]:
    """Write `search-rank.svg` and `search-regret.png` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mpl.rcParams.update({"svg.hashsalt": "search", "svg.fonttype": "none", "font.size": 8})
    colours = {tool: f"C{number}" for number, tool in enumerate(view.tools)} | {view.ours: "black"}
    return [_ranks(view, tools, colours, folder / "search-rank.svg"), _regrets(view, colours, folder)]


def _ranks(view: View, tools: list[str], colours: Mapping[str, str], file: Path) -> Path:
    cells = view.runs.common(tools)
    counts = range(5, view.evaluations + 1, 3)
    ranks = np.array([mean_ranks(view.runs, tools, cells, count) for count in counts])
    figure, axes = plt.subplots(figsize=(6, 3.6))
    for tool, line in zip(tools, ranks.T, strict=True):
        axes.plot(counts, line, color=colours[tool], label=tool, linewidth=2.5 if tool == view.ours else 1.2)
    axes.set(xlabel="evaluations", ylabel="mean rank (1 is best)")
    axes.invert_yaxis()
    axes.legend(fontsize=7, ncols=2)
    return _saved(figure, file, metadata={"Date": None})


def _regrets(view: View, colours: Mapping[str, str], folder: Path) -> Path:
    """Median regret over the seeds, on a logarithmic scale."""
    problems = list(dict.fromkeys(problem for tool in view.tools for problem, _ in view.runs.by_tool[tool]))
    rows = math.ceil(len(problems) / COLUMNS)
    figure, grid = plt.subplots(rows, COLUMNS, figsize=(2.1 * COLUMNS, 1.6 * rows), squeeze=False, sharex=True)
    for axes, problem in zip(grid.flat, problems, strict=False):
        _panel(axes, view, problem, colours)
    for axes in grid.flat[len(problems) :]:
        axes.set_axis_off()
    handles = [plt.Line2D([], [], color=colours[tool], label=tool) for tool in view.tools]
    figure.legend(handles=handles, loc="lower right", ncols=2, fontsize=8)
    return _saved(figure, folder / "search-regret.png", dpi=75)


def _panel(axes: Any, view: View, problem: str, colours: Mapping[str, str]) -> None:
    counts = range(1, view.evaluations + 1)
    least, most = math.inf, 0.0  # of the regrets that a logarithmic scale can show
    for tool in view.tools:
        cells = [cell for cell in view.runs.by_tool[tool] if cell[0] == problem]
        if not cells:
            continue
        medians = np.array([np.median(view.runs.scores(tool, cells, count)) for count in counts])
        regrets = medians - view.runs.best[problem]
        shown = regrets[np.isfinite(regrets) & (regrets > 0)]
        least, most = min([least, *shown]), max([most, *shown])
        axes.step(counts, np.maximum(regrets, 1e-12), where="post", color=colours[tool], linewidth=1)
    axes.set_yscale("log")
    if least < most:
        axes.set_ylim(bottom=max(least, most * 1e-6) / 2)
    axes.set_title(problem, fontsize=8, pad=2)
    axes.tick_params(labelsize=6)


def _saved(figure: Any, file: Path, **options: Any) -> Path:
    figure.tight_layout()
    figure.savefig(file, **options)
    plt.close(figure)
    return file
