"""`bench_search table`: the results as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from search_bench import results
from search_bench.reading import runs_of
from search_bench.stats import CAP, Cell, Runs, mean_difference, mean_ranks, verdict, wins_ties_losses

FULL = 0.9  # a tool that has run so large a part of what the fullest has belongs into the first table


class View(NamedTuple):
    """What a page is made of: runs, their tools in order, the tool they are compared with, and how long they ran."""

    runs: Runs
    tools: Sequence[str]
    versions: Mapping[str, str]
    ours: str
    evaluations: int
    workers: int
    counts: Sequence[int]  # after how many evaluations the tools are ranked
    unit: str = "evaluations"


def read(files: Sequence[Path]) -> list[dict[str, Any]]:
    """All results of some files."""
    return list(results.read(files))


def view_of(
    found: Sequence[dict[str, Any]],
    tools: Sequence[str],
    ours: str,
    sizes: tuple[int, int],
    best: Callable[[str], float],
) -> View:
    """The view of the runs with so many (workers, evaluations), ranked after a quarter, half and all."""
    workers, evaluations = sizes
    runs, versions = runs_of(found, tools, sizes, best)
    there = [tool for tool in versions if runs.by_tool[tool]]
    return View(
        runs, there, versions, ours, evaluations, workers, [evaluations // 4, evaluations // 2, evaluations]
    )  # fmt: skip


def page(view: View) -> str:
    """All tables of a view."""
    parts = [*ranking(view, full(view))]
    if full(view) != list(view.tools):
        parts += ["", *ranking(view, view.tools)]
    if view.ours in view.tools:
        parts += ["", *against(view), "", *by_problem(view)]
    return "\n".join(parts)


def full(view: View) -> list[str]:
    """The tools that have run nearly everything."""
    most = max(len(view.runs.by_tool[tool]) for tool in view.tools)
    return [tool for tool in view.tools if len(view.runs.by_tool[tool]) >= FULL * most]


def ranking(view: View, tools: Sequence[str]) -> Iterator[str]:
    """Mean ranks and regrets of the tools on what all of them have run, the best first."""
    cells = view.runs.common(tools)
    yield f"{title(view)} {shared(cells)}"
    yield ""
    yield "| tool | version | " + " | ".join(f"rank at {count}" for count in view.counts) + " | regret | errors |"
    yield "|---|---|" + "---|" * (len(view.counts) + 2)
    if not cells:
        return
    ranks = np.array([mean_ranks(view.runs, tools, cells, count) for count in view.counts])
    for i in np.argsort(ranks[-1], kind="stable"):
        tool = tools[i]
        cells_of_row = [f"{rank:.2f}" for rank in ranks[:, i]]
        regret = mean_regret(view, tool, cells)
        errors = sum("error" in view.runs.by_tool[tool][cell] for cell in cells)
        row = [bold(tool, view), view.versions[tool], *cells_of_row, number(regret), str(errors or "")]
        yield "| " + " | ".join(row) + " |"


def title(view: View) -> str:
    """What was run."""
    return f"{view.evaluations} {view.unit}, {view.workers} {'worker' if view.workers == 1 else 'workers'}:"


def shared(cells: Sequence[Cell]) -> str:
    """On what the tools are compared."""
    problems = dict.fromkeys(problem for problem, _ in cells)
    return f"{len(problems)} problems, {len(cells)} runs of each tool that all of them have ({', '.join(problems)})."


def mean_regret(view: View, tool: str, cells: Sequence[Cell]) -> float:
    """The mean over problems of the mean over seeds of the normalised regret."""
    values = view.runs.normalised(tool, cells, view.evaluations)
    problems = dict.fromkeys(problem for problem, _ in cells)
    means = [np.mean(values[[cell[0] == problem for cell in cells]]) for problem in problems]
    return float(np.nanmean(means)) if not np.all(np.isnan(means)) else math.nan


def against(view: View) -> Iterator[str]:
    """Ours against each tool, on all that both have run."""
    yield f"`{view.ours}` against each, on all that both have run. Difference: normalised regret of the tool less ours,"
    yield f"each at most {CAP:g}, with a 95 % interval by paired bootstrap over problems and seeds; above 0, we win."
    yield ""
    yield "| tool | problems | runs | difference | 95 % | runs won, equal, lost | problems won, lost beyond 95 % |"
    yield "|---|---|---|---|---|---|---|"
    for tool in view.tools:
        cells = view.runs.common([tool, view.ours])
        if tool == view.ours or not cells:
            continue
        problems = dict.fromkeys(problem for problem, _ in cells)
        found = mean_difference(view.runs, tool, view.ours, cells, view.evaluations)
        won, equal, lost = wins_ties_losses(view.runs, tool, view.ours, cells, view.evaluations)
        verdicts = [verdict(view.runs, tool, view.ours, problem, view.evaluations) for problem in problems]
        row = [tool, str(len(problems)), str(len(cells)), f"{found.mean:+.3f}", f"{found.low:+.3f} – {found.high:+.3f}"]
        row += [f"{won}, {equal}, {lost}", f"{verdicts.count(1)}, {verdicts.count(-1)}"]
        yield "| " + " | ".join(row) + " |"


def by_problem(view: View) -> Iterator[str]:
    """The median final regret of every tool on every problem, and who beats ours there."""
    yield "Median regret at the end, of the seeds that each has run, in the problem's own unit. Last: who beats ours"
    yield "beyond the 95 % interval of the paired differences."
    yield ""
    yield "| problem | " + " | ".join(view.tools) + " | beaten by |"
    yield "|---|" + "---|" * (len(view.tools) + 1)
    for problem in dict.fromkeys(problem for tool in view.tools for problem, _ in view.runs.by_tool[tool]):
        medians = [median_regret(view, tool, problem) for tool in view.tools]
        least = min((each for each in medians if not math.isnan(each)), default=math.nan)
        shown = [f"**{number(each)}**" if each == least else number(each) for each in medians]
        winners = [t for t in view.tools if verdict(view.runs, t, view.ours, problem, view.evaluations) < 0]
        yield f"| {problem} | " + " | ".join(shown) + f" | {', '.join(winners)} |"


def median_regret(view: View, tool: str, problem: str) -> float:
    """Over the seeds that a tool has run; nan without any."""
    cells = [cell for cell in view.runs.by_tool[tool] if cell[0] == problem]
    scores = view.runs.scores(tool, cells, view.evaluations)
    return float(np.median(scores)) - view.runs.best[problem] if cells else math.nan


def number(value: float) -> str:
    """A number for a cell of a table; nothing for nan."""
    return "" if math.isnan(value) else f"{value:.3g}"


def bold(tool: str, view: View) -> str:
    """A tool's name, in bold if it is ours."""
    return f"**{tool}**" if tool == view.ours else tool
