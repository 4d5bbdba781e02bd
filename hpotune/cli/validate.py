"""`hpotune validate`."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict

from hpotune.cli.options import Json, Sets, StudyArgument
from hpotune.cli.terminal import json_text
from hpotune.errors import Problem, StudyError
from hpotune.run.machine import check_command, working_folder
from hpotune.strategies import doubts, load_study
from hpotune.study import Study, lint

_SCRIPT_BYTES = 1 << 20


def command(study: StudyArgument, set_: Sets = None, *, json_: Json = False) -> int:
    """Check a study file: every mistake and every doubt at once, each with its line and a remedy.

    The exit code is 2 if the study is wrong, 0 if it can be run; warnings do not change it.
    """
    try:
        loaded = load_study(study, overrides=set_ or ())
    except StudyError as error:
        if not json_:
            raise
        _print({"valid": False, "errors": _rows(error.problems), "warnings": []})
        return error.exit_code
    warnings = [*_of_the_command(loaded), *lint(loaded), *doubts(loaded)]
    if json_:
        _print({"valid": True, "errors": [], "warnings": _rows(warnings)})
        return 0
    for warning in warnings:
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.write(_verdict(study, loaded, len(warnings)))
    return 0


def _of_the_command(study: Study) -> list[Problem]:
    """What is amiss with the command as seen from here. Only warnings: the study may be meant for another machine."""
    try:
        check_command(study, os.environ)
    except StudyError as error:
        return list(error.problems)
    if any("${" in element for element in study.command):
        return []
    texts = [text for element in study.command if (text := _script(study, element)) is not None]
    if not texts or any(b"hpotune" in text.lower() for text in texts):
        return []
    words = "the command hands no parameter over, and the script does not mention HPOTUNE_CONFIG or HPOTUNE_PARAM_…"
    return [study.problem(("command",), words, 'for a script with flags, add "${args}" to the command')]


def _script(study: Study, element: str) -> bytes | None:
    """The beginning of a file that the command names relative to where it runs; None if there is no such file."""
    try:
        with ((working_folder(study) or study.folder) / element).open("rb") as file:
            return file.read(_SCRIPT_BYTES)
    except (OSError, ValueError):
        return None


def _verdict(file: str, study: Study, warnings: int) -> str:
    doubts = f", {warnings} warning{'s' if warnings > 1 else ''}" if warnings else ""
    cardinality = study.space.cardinality()
    points = "" if cardinality is None else f", {cardinality:,} points"
    return f"{file}: valid{doubts} ({study.name}: {study.space.dimension} parameters to search{points})\n"


def _print(value: object) -> None:
    sys.stdout.write(json_text(value) + "\n")


def _rows(problems: tuple[Problem, ...] | list[Problem]) -> list[dict[str, object]]:
    return [asdict(problem) for problem in problems]
