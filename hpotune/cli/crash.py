"""The crash file: what a report of a bug needs, and no more.

Values of environment variables stay out of it, and so do those of secrets of the study, wherever they would stand: in
the arguments, or in the words of an error. Local variables are not shown.
"""

from __future__ import annotations

import os
import platform
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import gettempdir, mkstemp

from hpotune import __version__

run_folder: ContextVar[Path | None] = ContextVar("run_folder", default=None)
"""The folder of the run that the command works on, set as soon as it is known: a crash file belongs there."""

_PACKAGES = ("numpy", "scipy", "pydantic", "pyyaml", "typer", "rich")


def write_crash_file(error: BaseException) -> Path | None:
    """Write what is known about a crash to a new file; None where no file can be written."""
    text = _text(error)
    for folder in (run_folder.get(), Path(gettempdir())):
        if folder is None:
            continue
        try:
            descriptor, name = mkstemp(prefix="hpotune-crash-", suffix=".txt", dir=folder, text=True)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return Path(name)
    return None


def _text(error: BaseException) -> str:
    facts = {
        "hpotune": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        **{package: _version(package) for package in _PACKAGES},
        "arguments": repr([_argument(argument) for argument in sys.argv]),
        "folder": _folder(),
        "variables": ", ".join(sorted(name for name in os.environ if name.startswith("HPOTUNE_"))) or "none",
    }
    lines = [f"{name:<12}{value}" for name, value in facts.items()]
    return _scrubbed("\n".join([*lines, "", *traceback.format_exception(error)]))


def _argument(argument: str) -> str:
    """An argument of the command line; of `--set trial.env.X=...` and its like, right or mistyped, not the value."""
    name, equals, _ = argument.removeprefix("--set=").partition("=")
    return f"{name}=(not shown)" if equals and ("trial" in name or "env" in argument) else argument


def _scrubbed(text: str) -> str:
    """The text without the secrets of the study, if one was read. What loads a study is slow to import."""
    secrets = sys.modules.get("hpotune.study.secrets")
    scrub: Callable[[str], str] | None = getattr(secrets, "scrubbed", None)
    return text if scrub is None else scrub(text)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "gone"
