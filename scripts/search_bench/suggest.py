"""`bench_search suggest`: how long a suggestion takes in 8 dimensions, two tools in turn, each in its own process."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Iterator, Sequence

from search_bench.problems import ROOT
from search_bench.running import ONE_THREAD, python_of, version_of

ASKS = 6  # in a row on one history: the first finds no model fitted before


class Timed:
    """A tool in its own process, with one thread."""

    def __init__(self, tool: str) -> None:
        environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT / "scripts")}
        command = [python_of(tool), "-W", "ignore", "-m", "search_bench.suggest_worker", tool]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )  # fmt: skip

    def say(self, line: str) -> str:
        """The answer to a line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise SystemExit(f"{self._process.args} ended with {self._process.wait()}")
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def page(ours: str, theirs: str, counts: Sequence[int], ours_counts: Sequence[int], repeats: int) -> str:
    """The table: medians over repeats, each with another history."""
    tools = [Timed(ours), Timed(theirs)]
    rows = [f"| observations | {ours} | {theirs} | ratio | the first: {ours} | {theirs} |", "|---|---|---|---|---|---|"]
    for count in counts:
        mine, other = zip(*side_by_side(tools, count, repeats), strict=True)
        ratio = statistics.median(a / b for a, b in zip(flat(mine), flat(other), strict=True))
        rows.append(
            f"| {count:,} | {milliseconds(flat(mine))} | {milliseconds(flat(other))} | {ratio:.3f}"
            f" | {milliseconds(firsts(mine))} | {milliseconds(firsts(other))} |"
        )
    for count in ours_counts:
        mine = [times for (times,) in side_by_side(tools[:1], count, repeats)]
        rows.append(f"| {count:,} | {milliseconds(flat(mine))} | | | {milliseconds(firsts(mine))} | |")
    for tool in tools:
        tool.close()
    about = (
        f"Median milliseconds of {ASKS} suggestions in a row on each of {repeats} histories of random trials in 8"
        f" dimensions, in turn, one thread each; `{ours}` {version_of(ours)}, `{theirs}` {version_of(theirs)}. Beside:"
        " the first of each, which finds no model fitted before."
    )
    return "\n".join([about, "", *rows])


def side_by_side(tools: Sequence[Timed], count: int, repeats: int) -> Iterator[tuple[list[float], ...]]:
    """For each repeat the seconds of each tool, asked in turn."""
    for repeat in range(repeats):
        for tool in tools:
            tool.say(f"fill {count} {repeat}")
        asked = [[float(tool.say("ask")) for tool in tools] for _ in range(ASKS)]
        yield tuple(list(times) for times in zip(*asked, strict=True))


def flat(times: Sequence[Sequence[float]]) -> list[float]:
    """All of them."""
    return [each for some in times for each in some]


def firsts(times: Sequence[Sequence[float]]) -> list[float]:
    """The first of each repeat."""
    return [some[0] for some in times]


def milliseconds(seconds: Sequence[float]) -> str:
    """Their median, for a cell."""
    return f"{1000 * statistics.median(seconds):.3g}"
