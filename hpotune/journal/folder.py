"""A run on disk: where its files are, how a run is found, and how its history is read.

runs/<study name>/
  journal.jsonl  study.yaml  tuner.log  lock
  trials/00042/  config.json  checkpoint/  jobs/0-0/{stdout.log, stderr.log, metrics.jsonl}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpotune import __version__
from hpotune.errors import DamagedError, RunError, StudyError, UsageError
from hpotune.events import FORMAT, Event, StudyStarted, decode
from hpotune.history import History, reading
from hpotune.journal.reader import JournalReader
from hpotune.study import Study, load_study

JOURNAL = "journal.jsonl"
_SESSIONS = ("study_started", "study_resumed")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the run: its folder's."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The journal, the only truth."""
        return self.path / JOURNAL

    @property
    def study_copy(self) -> Path:
        """A copy of the study file, for people."""
        return self.path / "study.yaml"

    @property
    def log(self) -> Path:
        """What the tuner said, for people."""
        return self.path / "tuner.log"

    def trial(self, number: int) -> Path:
        """The folder of a trial."""
        return self.path / "trials" / f"{number:05d}"

    def attempt(self, trial: int, job: int, attempt: int) -> Path:
        """The folder of an attempt's logs."""
        return self.trial(trial) / "jobs" / f"{job}-{attempt}"

    def events(self) -> Iterator[Event]:
        """The events of the journal, oldest first; a torn last line is left out.

        Raises:
            RunError: the journal cannot be read, or is of a newer format.
            DamagedError: a line is not what was written.
        """
        return read_events(JournalReader(self.journal))

    def study(self) -> Study:
        """The study that the run was started with. Raises as `events` does."""
        first = next(self.events())
        assert isinstance(first, StudyStarted)  # noqa: S101 - the reader refuses any other beginning
        return Study.from_dict(first.study)

    def history(self) -> History:
        """The fold of the journal. Raises as `events` does."""
        history = History()
        with reading(history):
            for event in self.events():
                history.fold(event)
        if history.n < 0:
            raise RunError(f"the journal of {self.path} is empty", "the run was never started: `hpotune run` starts it")
        return history


def read_events(reader: JournalReader) -> Iterator[Event]:
    """Decode what a reader gives. Raises as `RunFolder.events` does."""
    writer = ""  # the version of hpotune that wrote the lines from here on
    for number, line in enumerate(reader, 1):
        if line.get("event") in _SESSIONS:
            writer = _version(line) or writer
            _check_session(line, f"{reader.path}:{number}", writer)
        try:
            event = decode(line)
        except ValueError as error:
            raise DamagedError(f"{reader.path}:{number}: {error}", _remedy(writer)) from None
        if number == 1 and not isinstance(event, StudyStarted):
            raise RunError(f"{reader.path} does not begin with study_started", "is it the journal of a run?")
        yield event


def _check_session(line: Mapping[str, Any], place: str, writer: str) -> None:
    """See that this version knows the format, and every key of the study."""
    if line["event"] == "study_started" and line.get("format") != FORMAT:
        raise RunError(
            f"{place}: journal format {line.get('format')}, but this hpotune reads format {FORMAT}", _remedy(writer)
        )
    if isinstance(line.get("study"), dict):
        try:
            Study.from_dict(line["study"])
        except StudyError as error:
            words = str(error).partition("\n")[0]
            raise RunError(f"{place}: its study is none that this hpotune knows: {words}", _remedy(writer)) from None


def _version(line: Mapping[str, Any]) -> str:
    versions = line.get("versions")
    return str(versions.get("hpotune", "")) if isinstance(versions, dict) else ""


def _remedy(writer: str) -> str:
    if writer in ("", __version__):
        return "it was written by a newer hpotune, or another program: upgrade with `pip install -U hpotune`"
    return f"hpotune {writer} wrote it, and this is {__version__}: upgrade with `pip install -U hpotune`"


def locate(argument: str | None, runs: Path | None = None) -> RunFolder:
    """The run that is meant: a run's folder, a study file whose run is meant, or the only run below `runs`.

    A folder that is no run stands for the only run in it, or in its `runs`.

    Raises:
        UsageError: there is no such run, or more than one could be meant.
    """
    if argument is None:
        return _only_run(runs or Path("runs"))
    path = Path(argument)
    if (path / JOURNAL).is_file():
        return RunFolder(path.resolve())
    if path.is_file() and path.name == JOURNAL:
        return RunFolder(path.resolve().parent)
    if path.is_file():
        return _run_of_study(path, runs)
    if path.is_dir():
        for folder in (path, path / "runs"):
            if runs_below(folder):
                return _only_run(folder)
        raise UsageError(f"{argument} is no run: it has no {JOURNAL}", _others(path.parent))
    if runs is not None and (runs / argument / JOURNAL).is_file():
        return RunFolder((runs / argument).resolve())
    if (Path("runs") / argument / JOURNAL).is_file():
        return RunFolder((Path("runs") / argument).resolve())
    raise UsageError(f"there is no run {argument}", _others(runs or Path("runs")))


def runs_below(folder: Path) -> list[RunFolder]:
    """The runs directly below a folder, by name."""
    if not folder.is_dir():
        return []
    return [RunFolder(path.resolve()) for path in sorted(folder.iterdir()) if (path / JOURNAL).is_file()]


def _only_run(folder: Path) -> RunFolder:
    found = runs_below(folder)
    if len(found) > 1:
        current = [run for run in found if not _put_aside(run)]
        found = current or found
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"there is no run below {folder}", "name the run's folder, or the study file")
    raise UsageError(f"there are {len(found)} runs below {folder}; which one?", _others(folder))


def _put_aside(run: RunFolder) -> bool:
    """Whether `--fresh` has made way for a later run: `digits.1`, a run of the study `digits`, beside `digits`."""
    name, _, number = run.name.rpartition(".")
    if not number.isdecimal() or not (run.path.with_name(name) / JOURNAL).is_file():
        return False
    try:
        first = next(run.events(), None)
    except RunError:  # whoever reads it will be told
        return False
    return isinstance(first, StudyStarted) and first.study.get("name") == name


def _run_of_study(path: Path, runs: Path | None) -> RunFolder:
    study = load_study(path)
    folder = (runs or study.folder / "runs") / study.name
    if not (folder / JOURNAL).is_file():
        raise UsageError(f"study {path} has no run at {folder}", f"start it with `hpotune run {path}`")
    return RunFolder(folder.resolve())


def _others(folder: Path) -> str:
    found = runs_below(folder)
    names = ", ".join(str(run.path) for run in found[:8])
    return f"runs: {names}" if found else "start one with `hpotune run study.yaml`"
