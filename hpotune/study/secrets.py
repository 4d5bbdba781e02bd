"""Values of `trial.env` that are nobody's business: which they are, and how they stay out of all that is written.

A variable is secret by its name. Its value is given to the trials and to no file of the run: not to the journal, the
copy of the study, a report, a log or a crash file, and no hash of it either, since a short one could be guessed. Where
it would stand, `PLACEHOLDER` stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hpotune.errors import Problem, StudyError
from hpotune.study.source import NOWHERE

if TYPE_CHECKING:
    from hpotune.study.model import Study

PLACEHOLDER = "(secret)"
# What ends in the word KEY, KEYS, TOKEN or PASS, and what speaks of passwords, secrets or credentials anywhere.
_NAMES = re.compile(
    r"(?:^|[^a-z0-9])(?:keys?|token|pass)$|(?:api|access|auth)_?(?:key|token)$"
    r"|password|passwd|passphrase|secret|credential",
    re.IGNORECASE,
)
_TELLING = 4  # characters; a shorter value may stand in a text by chance

# Every value of a secret that this process was given, so that a text about whatever went wrong can be cleared of them.
_given: set[str] = set()


def is_secret(name: str) -> bool:
    """Whether a variable's name says that its value is secret: `WANDB_API_KEY`, `HF_TOKEN`, `DB_PASSWORD`, ..."""
    return _NAMES.search(name) is not None


def hidden(env: Mapping[str, str]) -> dict[str, str]:
    """The variables with the placeholder for the value of each secret."""
    return {name: PLACEHOLDER if is_secret(name) else value for name, value in env.items()}


def without_secrets(study: Mapping[str, Any]) -> dict[str, Any]:
    """What `Study.to_dict` gives, with the placeholder for the value of each secret."""
    trial = study["trial"]
    return {**study, "trial": {**trial, "env": hidden(trial["env"])}}


def recorded(study: Study) -> Study:
    """The study as it may be written down: it has neither the values of its secrets nor its text."""
    trial = study.trial.model_copy(update={"env": hidden(study.trial.env)})
    return study.model_copy(update={"trial": trial}).placed(NOWHERE, None, study.folder)


def completed(study: Study, environ: Mapping[str, str]) -> Study:
    """The study with the value of each secret: where the placeholder stands, the environment has to have it.

    Raises:
        StudyError: it has not.
    """
    withheld = [name for name, value in study.trial.env.items() if is_secret(name) and value == PLACEHOLDER]
    if not withheld:
        return study
    missing = [name for name in withheld if name not in environ]
    if missing:
        raise StudyError([_missing(study, name) for name in missing])
    remember(environ[name] for name in withheld)
    # The variables of the trial win over those it inherits, so the value has to take the placeholder's place.
    env = {**study.trial.env, **{name: environ[name] for name in withheld}}
    trial = study.trial.model_copy(update={"env": env})
    return study.model_copy(update={"trial": trial})


def _missing(study: Study, name: str) -> Problem:
    return study.problem(
        ("trial", "env", name),
        f"the value of {name} is not here: values of secrets are never recorded",
        f"give it again: `export {name}=...` in this terminal, or `--set trial.env.{name}=...`, or write it into the "
        "study file",
    )


def remember(values: Iterable[object]) -> None:
    """Take note of values that `scrubbed` is to find."""
    _given.update(text for value in values if len(text := str(value)) >= _TELLING and text != PLACEHOLDER)


def remember_all(data: Mapping[str, Any]) -> None:
    """Take note of the values of the secrets in what a study file holds, right or wrong."""
    trial = data.get("trial")
    env = trial.get("env") if isinstance(trial, Mapping) else None
    if isinstance(env, Mapping):
        remember(value for name, value in env.items() if is_secret(str(name)) and isinstance(value, str | int | float))


def scrubbed(text: str) -> str:
    """A text without the values of secrets that this process was given, but for those of three characters or fewer."""
    for value in sorted(_given, key=len, reverse=True):
        for form in (value, repr(value)[1:-1], value.encode("unicode_escape").decode()):
            text = text.replace(form, PLACEHOLDER)
    return text
