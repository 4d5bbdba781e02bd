"""What a study becomes on this machine: its workers, its devices, and whether its command can be started at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hpotune.errors import Problem, RunError, StudyError
from hpotune.run.gpus import Slots, discover
from hpotune.study import Study
from hpotune.study.secrets import completed

# Programs whose first argument that is no option is a script they read.
_INTERPRETER = re.compile(r"(python|bash|sh|zsh|Rscript|julia|node|ruby|perl)[\d.]*t?")  # python3.13t


@dataclass(frozen=True, slots=True)
class Machine:
    """A study with its `auto` values settled, and the places it has here."""

    study: Study
    workers: int
    slots: Slots | None


def fit_to_machine(study: Study, environ: Mapping[str, str]) -> Machine:
    """Settle devices, workers and secrets, and check the command.

    Raises:
        StudyError: the command does not exist or cannot be executed, or the value of a secret is not here.
        RunError: the machine lacks what every trial asks for.
    """
    study = completed(study, environ)
    check_command(study, environ)
    slots = None
    if study.gpus is not None:
        devices = discover(study.gpus.devices, environ)
        slots = Slots(devices, study.gpus.per_trial)
        study = study.replace(gpus=study.gpus.model_copy(update={"devices": devices}))
    places = slots.capacity if slots is not None else None
    workers = study.workers or places or 1
    if places is not None and workers > places:
        raise RunError(
            f"{workers} workers, but the devices here have room for {places} trials at a time",
            f"say `workers: {places}`, or give each trial less: `gpus: {{per_trial: 0.5}}`",
        )
    return Machine(study.replace(workers=workers), workers, slots)


def check_command(study: Study, environ: Mapping[str, str]) -> None:
    """Find the program, and the script if it is an interpreter's, before the first trial needs them.

    Raises:
        StudyError: with the place of the command.
    """
    program, *arguments = study.command
    cwd = working_folder(study) or study.folder
    if not cwd.is_dir():
        raise StudyError([study.problem(("trial", "cwd"), f"there is no folder {cwd}", "trials need it to run in")])
    if "${" in program:
        return
    path = study.trial.env.get("PATH", environ.get("PATH", os.defpath))
    problem = _missing_program(study, program, cwd, path) or _missing_script(study, program, arguments, cwd)
    if problem is not None:
        raise StudyError([problem])


def working_folder(study: Study) -> Path | None:
    """Where trials run; None stands for each trial's own folder."""
    cwd = study.trial.cwd
    if cwd == "trial":
        return None
    return study.folder if cwd == "study" else (study.folder / cwd).resolve()


def _missing_program(study: Study, program: str, cwd: Path, path: str) -> Problem | None:
    if "/" not in program:
        if shutil.which(program, path=path) is not None:
            return None
        remedy = (
            f"write `./{program}`: there is such a file beside the study"
            if (cwd / program).is_file()
            else ("is it installed, and on the PATH of this terminal?")
        )
        return study.problem(("command",), f"no program {program!r} on the PATH", remedy)
    file = cwd / program
    if not file.is_file():
        return study.problem(("command",), f"there is no program {file}", f"paths are relative to {cwd}")
    if not os.access(file, os.X_OK):
        interpreter = "python" if file.suffix == ".py" else "sh"
        remedy = f"run `chmod +x {file}`, or name its interpreter: `command: [{interpreter}, {program}]`"
        return study.problem(("command",), f"{file} is not executable", remedy)
    return None


def _missing_script(study: Study, program: str, arguments: list[str], cwd: Path) -> Problem | None:
    if not _INTERPRETER.fullmatch(Path(program).name) or not arguments:
        return None
    script = arguments[0]  # an option first (`-m`, `-c`) may mean anything: then the program itself will tell
    if script.startswith("-") or "${" in script or (cwd / script).exists() or study.trial.cwd == "trial":
        return None
    return study.problem(("command",), f"there is no file {cwd / script}", f"paths are relative to {cwd}")
