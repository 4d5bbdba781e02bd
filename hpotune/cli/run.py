"""`hpotune run`: start the run of a study and see it through."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from hpotune.cli.ending import conclude
from hpotune.cli.options import Json, Name, Quiet, Require, Runs, Seed, Sets, Smoke, StudyArgument, Workers
from hpotune.cli.overrides import overrides_of
from hpotune.cli.require import parse_require
from hpotune.cli.screens import mode_of, screens
from hpotune.cli.smoke import smoke_study
from hpotune.cli.target import mark_run
from hpotune.errors import UsageError
from hpotune.journal import RunLock
from hpotune.journal.folder import RunFolder
from hpotune.run.orphans import end_holders
from hpotune.run.session import Source, start
from hpotune.strategies import load_study

_GRACE = 10.0  # seconds for what an earlier run may have left behind

Fresh = Annotated[bool, typer.Option("--fresh", help="Start anew; a run of the same name is kept under another name.")]


def command(
    study: StudyArgument,
    *,
    set_: Sets = None,
    workers: Workers = None,
    seed: Seed = None,
    name: Name = None,
    runs: Runs = None,
    fresh: Fresh = False,
    smoke: Smoke = False,
    require: Require = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> int:
    """Tune: start the run of a study.

    Ctrl-C lets the running trials finish, a second one stops them; `hpotune resume` goes on either way.
    """
    overrides = overrides_of(set_, workers=workers, seed=seed, name=name)
    loaded = load_study(study, overrides=overrides)
    requirement = parse_require(require, loaded.metric.name) if require is not None else None
    if smoke:
        loaded = smoke_study(loaded)
        runs = Path(tempfile.mkdtemp(prefix="hpotune-smoke-"))
    if loaded.seed is None:
        loaded = loaded.replace(seed=secrets.randbits(31))
    folder = RunFolder(((runs or loaded.folder / "runs") / loaded.name).absolute())
    _make_way(folder, study, fresh=fresh)
    mark_run(folder)
    mode = mode_of(json_=json_, quiet=quiet)
    history = start(loaded, folder, Source(Path(study).absolute(), overrides), screens(mode))
    code = conclude(history, folder, requirement, mode)
    if smoke and code == 0:
        shutil.rmtree(folder.path.parent)  # kept only where there is something to look into
    return code


def _make_way(folder: RunFolder, study: str, *, fresh: bool) -> None:
    """See that the folder is free: a run that is there is kept, under another name if `fresh`.

    Raises:
        UsageError: there is a run, and nobody said that a new one is wanted.
        LockedError: a living tuner is at work in it.
    """
    if not folder.journal.exists():
        return
    if not fresh:
        raise UsageError(
            f"{folder.path} holds a run already",
            f"go on with it: `hpotune resume {study}`; or start anew: `hpotune run {study} --fresh` (the old run is "
            "kept under another name)",
        )
    with RunLock.acquire(folder.path) as lock:
        if lock.previous is not None:
            end_holders(lock.previous, _GRACE)  # should its tuner and its watchdog have died together
        number = 1
        while (kept := folder.path.with_name(f"{folder.name}.{number}")).exists():
            number += 1
        folder.path.rename(kept)
    sys.stderr.write(f"the earlier run is kept as {kept}\n")
