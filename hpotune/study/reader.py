"""From a path to the text of a study file."""

from __future__ import annotations

import codecs
from pathlib import Path

from hpotune.errors import Problem, StudyError
from hpotune.study.suggest import did_you_mean, listed

MOST_BYTES = 4_000_000
_SUFFIXES = (".yaml", ".yml")
_SCRIPTS = {".py": "python ", ".sh": "sh ", ".R": "Rscript ", ".jl": "julia "}  # and what runs them
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """The text of a study file, without a byte order mark.

    Raises:
        StudyError: there is no such file, it cannot be read, or it is not text in UTF-8.
    """
    try:
        if path.is_dir():
            raise _refused(path, "this is a folder, not a study file", _name_one(path))
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise _refused(path, "there is no such file", _nearby(path)) from None
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _refused(path, f"the file cannot be read: {words.lower()}", "") from None
    if path.suffix in _SCRIPTS:
        raise _refused(path, "this is a script, not a study file", _begin_with(path))
    if len(content) > MOST_BYTES:
        raise _refused(path, f"the file is larger than {MOST_BYTES // 1_000_000} MB", "is this the study file?")
    return _decoded(path, content)


def _decoded(path: Path, content: bytes) -> str:
    if content.startswith(_OTHER_ENCODINGS):
        raise _refused(path, "the file is in UTF-16", "save it as UTF-8")
    if b"\0" in content:
        raise _refused(path, "this is a binary file, not a study file", "")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode()) + 1
        words = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise StudyError([Problem(words, "save the file as UTF-8", (), str(path), line, column)]) from None


def _refused(path: Path, message: str, remedy: str) -> StudyError:
    return StudyError([Problem(f"{path}: {message}", remedy, file=str(path))])


def _begin_with(script: Path) -> str:
    command = f"{_SCRIPTS[script.suffix]}{script.name}"
    return f'write a study for it first: `hpotune init --command "{command}" --metric NAME`'


def _studies_in(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.suffix in _SUFFIXES)
    except OSError:
        return []


def _name_one(folder: Path) -> str:
    found = _studies_in(folder)
    return f"name the file: {listed([str(folder / name) for name in found[:5]])}" if found else "it holds no YAML file"


def _nearby(path: Path) -> str:
    found = _studies_in(path.parent)
    if not found:
        return "`hpotune init` writes a study file"
    return did_you_mean(path.name, found) or f"beside it: {', '.join(found[:5])}"
