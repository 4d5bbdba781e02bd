"""The arguments and options that several commands share, so that they are called and explained alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

StudyArgument: TypeAlias = Annotated[str, typer.Argument(metavar="STUDY", help="The study file.")]
RunArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="The run: its folder, or the study file whose run is meant. Left out: the only run below ./runs.",
        show_default=False,
    ),
]
RequiredRun: TypeAlias = Annotated[
    str, typer.Argument(metavar="RUN", help="The run: its folder, or the study file whose run is meant.")
]
TrialArgument: TypeAlias = Annotated[int, typer.Argument(metavar="TRIAL", min=0, help="The number of the trial.")]

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Sets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the study, such as limits.trials=50. May be given several times.",
        show_default=False,
    ),
]
Workers: TypeAlias = Annotated[
    int | None,
    typer.Option("--workers", "-w", metavar="N", min=1, help="Trials at a time; else the study's.", show_default=False),
]
Seed: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", min=0, help="The seed; else the study's, else one is drawn.", show_default=False
    ),
]
Name: TypeAlias = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The name of the run; else the study's.", show_default=False),
]
Runs: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--runs",
        metavar="DIR",
        help="The folder that holds the runs; else `runs` beside the study file.",
        show_default=False,
    ),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors and the result.")]
Smoke: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--smoke",
        help="A handful of trials at the smallest budget, defaults and bounds first, in a temporary run.",
    ),
]
Require: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--require",
        metavar="EXPRESSION",
        help='What must hold in the end, else the exit code is 1: "best >= 0.9", "failed == 0 and trials > 20". '
        "Names: best, trials, completed, failed, and the metric's.",
        show_default=False,
    ),
]
