"""The commands of `hpotune`: one literal table.

A command's module has a function `command`, annotated for Typer, whose docstring is its help. It returns an exit code
(None stands for 0). Modules are imported when their command is called, and not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """Where a command lives, what it does in one line, and under which heading `--help` shows it."""

    module: str
    summary: str
    panel: str


TUNE = "Tune"
PREPARE = "Prepare"
LOOK = "Look"

COMMANDS: Mapping[str, Entry] = {
    "run": Entry("hpotune.cli.run", "Tune: start the run of a study", TUNE),
    "resume": Entry("hpotune.cli.resume", "Go on with a run that ended, was ended, or died", TUNE),
    "report": Entry("hpotune.cli.report", "What came out: best configuration, top trials, failures", TUNE),
    "stop": Entry("hpotune.cli.stop", "End a living run: after its running trials, or now", TUNE),
    "init": Entry("hpotune.cli.init", "Write a first study file for your script", PREPARE),
    "validate": Entry(
        "hpotune.cli.validate", "Check a study file: every mistake and every doubt, with its line", PREPARE
    ),
    "plan": Entry("hpotune.cli.plan", "What a study will do and cost, before anything runs", PREPARE),
    "try": Entry("hpotune.cli.try_", "One trial by hand, the line that gave the metric marked", PREPARE),
    "check-resume": Entry(
        "hpotune.cli.check_resume", "Whether your script goes on rightly from its checkpoints", PREPARE
    ),
    "strategies": Entry("hpotune.cli.strategies", "The strategies, searchers and schedulers there are", PREPARE),
    "schema": Entry("hpotune.cli.schema", "The JSON Schema of study files, for editors", PREPARE),
    "status": Entry("hpotune.cli.status", "How a run stands", LOOK),
    "list": Entry("hpotune.cli.list_", "The runs below a folder", LOOK),
    "show": Entry("hpotune.cli.show", "Everything about one trial", LOOK),
    "why": Entry("hpotune.cli.why", "Why a trial was tried, and why it went as it did", LOOK),
    "logs": Entry("hpotune.cli.logs", "What a trial printed; -f follows it", LOOK),
    "best": Entry("hpotune.cli.best", "The best configuration, as flags, environment or JSON", LOOK),
    "simulate": Entry("hpotune.cli.simulate", "What another strategy would have made of a run", LOOK),
    "replay": Entry("hpotune.cli.replay", "Take every decision of a run again and compare", LOOK),
}
