"""`--set key.path=value`: changes on top of a study file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hpotune.errors import Problem, StudyError
from hpotune.study.concealing import concealed
from hpotune.study.nodes import MAX_DEPTH
from hpotune.study.source import Option, Path
from hpotune.study.suggest import did_you_mean
from hpotune.study.yaml12 import read_value

_INDEX = re.compile(r"\[(\d+)\]")


def apply_overrides(data: dict[str, Any], texts: Sequence[str]) -> list[tuple[Path, Option]]:
    """Change `data` in place; the options say where each change went, so that problems can be shown in them.

    Raises:
        StudyError: a text is not `key.path=value`, or its path leads nowhere.
    """
    problems: list[Problem] = []
    options = []
    for text in texts:
        try:
            options.append(_apply(data, text))
        except _OptionError as error:
            problems.append(error.problem)
    if problems:
        raise StudyError(problems)
    return options


class _OptionError(Exception):
    def __init__(self, text: str, at: int, message: str, remedy: str) -> None:
        super().__init__(message)
        shown = f"--set {text}"
        self.problem = concealed(Problem(message, remedy, source_line=shown, column=len("--set ") + at + 1), "")


def _apply(data: dict[str, Any], text: str) -> tuple[Path, Option]:
    dotted, equals, raw = text.partition("=")
    dotted = dotted.strip()
    if not equals or not dotted:
        raise _OptionError(text, 0, "this is not key=value", "write `--set limits.trials=200`")
    if quote := next((sign for sign in "\"'" if sign in dotted), ""):
        raise _OptionError(text, dotted.index(quote), "a key is written without quotes", "only the value may have some")
    try:
        value = read_value(raw)
    except ValueError as error:
        raise _OptionError(text, len(dotted) + 1, str(error), "the value is written as in the study file") from None
    words = _INDEX.sub(r".\1", dotted).split(".")
    if len(words) > MAX_DEPTH:
        raise _OptionError(text, 0, f"the key is more than {MAX_DEPTH} levels deep", "a study needs four or five")
    path = _put(data, text, words, value)
    return path, Option(f"--set {text}", len("--set ") + text.index("=") + 1)


def _put(data: dict[str, Any], text: str, words: list[str], value: Any) -> Path:
    """Put a value at a dotted path, making the mappings on the way that do not exist yet."""
    here: Any = data
    path: Path = ()
    while words:
        step, words = _step(here, path, words, text)
        if not words:
            here[step] = value
        else:
            if path == () and step == "strategy" and isinstance(here.get(step), str):
                here[step] = {"name": here[step]}
            if isinstance(here, dict) and here.get(step) is None:
                here[step] = {}
            here = here[step]
        path = (*path, step)
    return path


def _step(here: Any, path: Path, words: list[str], text: str) -> tuple[str | int, list[str]]:
    """The next key of the path; names that hold dots are taken whole."""
    at = text.find(words[0])
    if isinstance(here, list):
        if not words[0].isdecimal() or int(words[0]) >= len(here):
            raise _OptionError(text, at, f"there is no element {words[0]!r}", f"there are {len(here)}")
        return int(words[0]), words[1:]
    if not isinstance(here, dict):
        raise _OptionError(text, at, f"there is nothing below {'.'.join(map(str, path))}", "")
    for size in range(len(words), 0, -1):
        name = ".".join(words[:size])
        if name in here:
            return name, words[size:]
    if path == ("parameters",) and len(words) > 1:
        name = ".".join(words[:-1])
        remedy = did_you_mean(name, here) or f"the parameters are {', '.join(here)}"
        raise _OptionError(text, at, f"unknown parameter {name!r}", remedy)
    if path == ("parameters",):
        return ".".join(words), []
    return words[0], words[1:]
