"""`hpotune replay`."""

from __future__ import annotations

import json
import sys

from hpotune.cli.options import Json, RunArgument, Runs
from hpotune.cli.target import the_run
from hpotune.replay import replay


def command(run: RunArgument = None, *, runs: Runs = None, json_: Json = False) -> int:
    """Take every decision of a run again, on what it looked at then, and compare.

    On the same versions and kind of processor all are the same; the exit code is 1 if one is not.
    """
    folder = the_run(run, runs)
    result = replay(folder.events())
    if json_:
        row = {"decisions": result.decisions, "same": result.same, "differences": list(result.differences)}
        sys.stdout.write(json.dumps(row, indent=2, ensure_ascii=False) + "\n")
    else:
        for difference in result.differences:
            sys.stdout.write(f"{difference}\n")
        sys.stdout.write(f"{result.same} of {result.decisions} decisions are the same\n")
    return int(result.same != result.decisions)
