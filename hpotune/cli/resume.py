"""`hpotune resume`: go on with a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hpotune.causes import CAUSES, family
from hpotune.cli.ending import conclude
from hpotune.cli.options import Json, Quiet, Require, RunArgument, Runs, Sets, Workers
from hpotune.cli.overrides import overrides_of
from hpotune.cli.require import parse_require
from hpotune.cli.screens import mode_of, screens
from hpotune.cli.target import the_run
from hpotune.errors import UsageError
from hpotune.journal import Holder
from hpotune.journal.folder import RunFolder
from hpotune.run.resume import ResumePlan, Wish, resume
from hpotune.run.session import Source
from hpotune.strategies import load_study
from hpotune.study import Study

RetryFailed = Annotated[
    str | None,
    typer.Option(
        "--retry-failed",
        metavar="CAUSES",
        help=f"Run failed trials again: `all`, or causes with commas between: {', '.join(CAUSES)}.",
        show_default=False,
    ),
]


_HOW_TO_GO_ON = {
    limit: f"; a larger limit goes on: `hpotune resume --set limits.{limit}=…`"
    for limit in ("trials", "time", "budget")
}


def command(
    run: RunArgument = None,
    *,
    set_: Sets = None,
    workers: Workers = None,
    runs: Runs = None,
    retry_failed: RetryFailed = None,
    require: Require = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> int:
    """Go on with a run that was interrupted, died, or reached a limit that has been raised since.

    Interrupted trials are run again first. The study file is read again: limits, workers, trial, gpus and the target
    may have changed, and `enqueue` may have grown; what would make finished trials meaningless is refused.
    """
    causes = _causes(retry_failed)
    folder = the_run(run, runs)
    requirement = parse_require(require, folder.study().metric.name) if require is not None else None
    extra = overrides_of(set_, workers=workers)
    study_file = Path(run).absolute() if run is not None and Path(run).is_file() else None

    def load_again(was: Source, study: Study) -> tuple[Study, Source]:
        if was.overrides and not quiet:
            sys.stderr.write(f"set earlier, and above the study file: {', '.join(was.overrides)}\n")
        source = Source(study_file or _study_file(was.study_file, folder), _latest((*was.overrides, *extra)))
        if source.study_file.is_file():
            loaded = load_study(source.study_file, overrides=source.overrides)
        else:
            sys.stderr.write(f"{source.study_file} is gone: going on with the copy in {folder.path}\n")
            home = source.study_file.parent
            loaded = load_study(folder.study_copy, overrides=source.overrides, folder=home)
        if loaded.seed is None:
            loaded = loaded.replace(seed=study.seed)
        return loaded, source

    wish = Wish(load_again, causes)
    mode = mode_of(json_=json_, quiet=quiet)
    history = resume(folder, wish, screens(mode), _Announcer(quiet=quiet))
    return conclude(history, folder, requirement, mode)


def _latest(overrides: tuple[str, ...]) -> tuple[str, ...]:
    """Of several values for one key the last, in the order in which the last ones were given."""
    latest = {text.partition("=")[0]: n for n, text in enumerate(overrides)}
    return tuple(text for n, text in enumerate(overrides) if latest[text.partition("=")[0]] == n)


def _study_file(was: Path, folder: RunFolder) -> Path:
    """The study file of a run: where it was, else where it is if it moved together with its runs."""
    moved = folder.path.parent.parent / was.name
    return moved if moved.is_file() and not was.is_file() else was


def _causes(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    if text == "all":
        return CAUSES
    causes = tuple(part.strip() for part in text.split(","))
    for cause in causes:
        if cause not in CAUSES:
            raise UsageError(f"--retry-failed: there is no cause {cause!r}", f"`all`, or of {', '.join(CAUSES)}")
    return family(causes)


class _Announcer:
    """Says on stderr what a resume is about."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def waiting(self, holder: Holder | None) -> None:
        """Said even when quiet: the wait would puzzle."""
        del holder
        self.notice("the last session has just died; waiting until its trials have ended")

    def notice(self, text: str) -> None:
        """A line of its own."""
        sys.stderr.write(f"{text}\n")

    def plan(self, plan: ResumePlan) -> None:
        """The three numbers, and what has changed."""
        if self._quiet:
            return
        left = "no limit on trials" if plan.left is None else f"{plan.left} left to plan"
        self.notice(f"{plan.done} trials done, {plan.again} to run again, {left}")
        for change in plan.changes:
            self.notice(f"  changed: {change}")
        if plan.idle is not None:
            self.notice(f"nothing is left to do{_HOW_TO_GO_ON.get(plan.idle, '')}")
