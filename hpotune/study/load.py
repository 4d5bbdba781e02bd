"""Study files: from a path or a text to a study, or to every problem of the file at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from hpotune.errors import Problem, StudyError
from hpotune.study.assemble import Check, assemble
from hpotune.study.concealing import concealed
from hpotune.study.fields import described
from hpotune.study.model import DEFAULT_NAME, Study
from hpotune.study.overrides import apply_overrides
from hpotune.study.reader import read_text
from hpotune.study.yaml12 import read_yaml


def load_study(
    path: str | PathLike[str],
    *,
    overrides: Sequence[str] = (),
    checks: Sequence[Check] = (),
    folder: Path | None = None,
) -> Study:
    """The study that a file declares.

    Args:
        path: the study file.
        overrides: `key.path=value` texts, as `--set` takes them; the value is read as YAML.
        checks: further checks of the study; their problems are given together with the others.
        folder: what its relative paths are relative to; the file's own folder if left out.

    Raises:
        StudyError: with all problems, each with file, line and column, in the order of the file.
    """
    return load_text(read_text(Path(path)), path, overrides=overrides, checks=checks, folder=folder)


def load_text(
    text: str,
    path: str | PathLike[str],
    *,
    overrides: Sequence[str] = (),
    checks: Sequence[Check] = (),
    folder: Path | None = None,
) -> Study:
    """The study that a text declares, as if it stood in the file `path`; see `load_study`."""
    file = Path(path)
    text = text.removeprefix("\ufeff")
    document = read_yaml(text, str(file))
    if isinstance(document.data, dict):
        data: dict[str, Any] = document.data
    else:
        problems = document.problems or [_not_a_mapping(document.data, document.source.problem((), ""))]
        raise StudyError([concealed(problem, text) for problem in problems])
    options = apply_overrides(data, overrides)
    home = file.absolute().parent
    if data.get("name") is None:
        data["name"] = _default_name(file, home)
    source = replace(document.source, options=options)
    study = assemble(Study, data, source, checks, document.problems)
    return study.placed(source, text, folder or home)


def _not_a_mapping(data: object, place: Problem) -> Problem:
    if data is None:
        return replace(
            place, message="the file is empty", remedy="`hpotune init` writes a study file", source_line=None
        )
    remedy = "a study begins with keys: `command: ...`, `metric: ...`, `parameters: ...`"
    return replace(place, message=f"expected a mapping, found {described(data)}", remedy=remedy)


def _default_name(file: Path, folder: Path) -> str:
    """The file's name, or its folder's if the file is just called `study`."""
    name = folder.name if file.stem.casefold() == DEFAULT_NAME else file.stem
    return re.sub(r"[^\w.+-]+", "-", name).strip(".-+")[:100] or DEFAULT_NAME
