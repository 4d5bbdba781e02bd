"""`by_hand`: the exact command and environment that run a trial without the tuner."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from hpotune.history import History, Trial
from hpotune.journal.folder import RunFolder
from hpotune.protocol import CommandTemplate, TrialContext, template_context, trial_environment
from hpotune.study import outward_names
from hpotune.study.secrets import PLACEHOLDER, hidden, is_secret
from hpotune.tuner import Launch, job_of

_ALWAYS = {"HPOTUNE_SEED", "HPOTUNE_BUDGET"}
_SHELLS = {"sh", "bash", "dash", "zsh", "ksh"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # a name that a shell can assign to


@dataclass(frozen=True, slots=True)
class ByHand:
    """A trial to be run by hand: where, with which environment added, and the argv.

    `needed` is the part of the environment that a script reads seed and budget from, and its configuration if the
    command does not tell it. Values of secrets are in neither: the shell takes them from its own environment.
    """

    folder: str
    environment: Mapping[str, str] = field(hash=False)
    needed: Mapping[str, str] = field(hash=False)
    argv: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """The command line for a shell, in words that are quoted already."""
        words = [_assignment(name, value) for name, value in self.needed.items()]
        if not all(_VARIABLE.fullmatch(name) for name in self.needed):
            words.insert(0, "env")  # which knows of no name that a variable could not have
        return words + [shell_quoted(argument) for argument in self.argv]

    @property
    def line(self) -> str:
        """The command line for a shell."""
        return " ".join(self.words)


def by_hand(history: History, trial: Trial, folder: RunFolder, study_file: Path | None) -> ByHand | None:
    """How to train a trial's configuration from the start to the budget that its value belongs to.

    Args:
        history: of the run.
        trial: the trial.
        folder: the run's.
        study_file: where the study came from, if that is known; else it is taken to lie beside the runs.

    Returns:
        None if the configuration holds a value that no process can be given.
    """
    study = history.study
    budget = None if study.budget is None else trial.budget or study.budget.max
    start = None if budget is None else 0
    job = job_of(history, Launch(trial.number, 0, 0, start, budget, "first"))
    place = folder.trial(trial.number)
    context = TrialContext(
        study=study.name,
        trial_id=trial.number,
        trial_dir=str(place),
        config_file=str(place / "config.json"),
        checkpoint_dir=str(place / "checkpoint"),
        metrics_file=str(folder.attempt(trial.number, 0, 0) / "metrics.jsonl"),
        seed=job.seed,
        budget=job.budget,
        previous_budget=job.previous_budget,
        token="",
    )
    outward = outward_names(study)
    template, names = CommandTemplate(study.command, outward), template_context(context)
    try:
        argv = template.render(trial.config, names)
        whole = {**hidden(study.trial.env), **trial_environment(trial.config, context, outward)}
    except ValueError:  # a value that no process can be given
        return None
    del whole["HPOTUNE_RUN_TOKEN"]
    is_told = argv != template.render({}, names)
    home = study_file.parent if study_file is not None else folder.path.parent.parent
    cwd = {"study": home, "trial": place}.get(study.trial.cwd, home / study.trial.cwd)
    needed = {
        name: value
        for name, value in whole.items()
        if name in study.trial.env or name in _ALWAYS or (not is_told and _holds_config(name, argv))
    }
    return ByHand(str(cwd), whole, needed, tuple(argv))


def _assignment(name: str, value: str) -> str:
    """One variable for a shell. A secret is the shell's own: it refuses the command if it has none."""
    if not _VARIABLE.fullmatch(name):
        return shell_quoted(f"{name}={value}")
    return f'{name}="${{{name}:?}}"' if is_secret(name) and value == PLACEHOLDER else f"{name}={shell_quoted(value)}"


def _holds_config(name: str, argv: Sequence[str]) -> bool:
    """Whether this is the variable from which the script reads its configuration. A shell has no JSON."""
    return name.startswith("HPOTUNE_PARAM_") if _is_shell(argv) else name == "HPOTUNE_CONFIG"


def _is_shell(argv: Sequence[str]) -> bool:
    return PurePath(argv[0]).name in _SHELLS or any(argument.endswith(".sh") for argument in argv[:2])


def shell_quoted(text: str) -> str:
    """The text as one word of a POSIX shell; what does not print is escaped as bash and zsh read it."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(c if c.isprintable() and c not in "\\'" else _bytes_of(c) for c in text) + "'"


def _bytes_of(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogateescape"))
