"""Times the suggestions of one tool: `python -m search_bench.suggest_worker TOOL`.

`fill COUNT SEED` on its standard input makes a history of random trials, answered with `ready`; `ask` is answered with
the seconds that a suggestion took.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from search_bench import functions
from search_bench.problem import Config, Space, samples
from search_bench.tools import Setting, Tool, make

SPACE: Space = {f"x{i}": {"type": "float", "low": 0.0, "high": 1.0} for i in range(8)}


def main() -> None:
    """Answer until the input ends."""
    tool: Tool | None = None
    for line in sys.stdin:
        command, *numbers = line.split()
        if command == "fill":
            tool = filled(sys.argv[1], *(int(number) for number in numbers))
            print("ready", flush=True)
        elif tool is not None:
            print(timed(tool), flush=True)


def filled(name: str, count: int, seed: int) -> Tool:
    """A tool with so many random trials behind it."""
    draws = samples(SPACE, (), np.random.default_rng([count, seed]))
    configs = [next(draws) for _ in range(count)]
    tool = make(name, Setting(SPACE, (), seed, 1, count + 1000))
    tool.prefill(configs, [loss(config) for config in configs])  # type: ignore[attr-defined]
    return tool


def timed(tool: Tool) -> float:
    """The seconds of one suggestion; its loss is told after the clock has stopped."""
    begin = time.perf_counter()
    config = tool.ask()
    seconds = time.perf_counter() - begin
    assert config is not None
    tool.tell(config, loss(config))
    return seconds


def loss(config: Config) -> float:
    """Hartmann-6 of six of the eight, and a little slope of the others."""
    x = np.array([config[name] for name in SPACE])
    return functions.hartmann6(x[:6]) + 0.1 * float(x[6] + x[7])


if __name__ == "__main__":
    main()
