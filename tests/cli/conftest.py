"""What the tests of the command line share: a real process, and a run on disk made without one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import hpotune
from hpotune.cli import crash
from hpotune.cli.boundary import guard
from hpotune.cli.dispatch import dispatch
from hpotune.events import Event, encode
from hpotune.journal import JournalWriter
from hpotune.journal.folder import RunFolder

Cli = Callable[..., "subprocess.CompletedProcess[str]"]

STUDY: dict[str, Any] = {
    "name": "toy",
    "command": ["python", "train.py", "${args}"],
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": True},
        "kind": {"type": "categorical", "choices": ["a", "b c"]},
    },
    "limits": {"trials": 3},
    "seed": 1,
}


class Sink:
    """Events straight into a journal."""

    def __init__(self, writer: JournalWriter) -> None:
        self.writer = writer

    def append(self, n: int, event: Event) -> None:
        self.writer.append(encode(n, event))


class MadeRun:
    """A run whose trials were told their values by hand."""

    def __init__(self, path: Path, study: Mapping[str, Any]) -> None:
        path.mkdir(parents=True)
        self.folder = RunFolder(path)
        self.writer = JournalWriter.create(self.folder.journal)
        self.tuner = hpotune.Tuner(hpotune.Study.from_dict(study), sink=Sink(self.writer))

    def ask(self, stdout: bytes = b"") -> hpotune.Job:
        job = self.tuner.ask()
        assert job is not None
        logs = self.folder.attempt(job.trial_id, job.job, job.attempt)
        logs.mkdir(parents=True)
        (logs / "stdout.log").write_bytes(stdout)
        (logs / "stderr.log").write_bytes(b"from stderr\n")
        self.writer.flush()
        return job

    def write(self) -> None:
        self.writer.flush()


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`hpotune ...` as a process of its own, in the test's folder, its crash files there as well."""

    def call(*arguments: str, timeout: float = 60, env: Mapping[str, str] | None = None) -> Any:
        return subprocess.run(
            [sys.executable, "-m", "hpotune", *arguments],
            cwd=tmp_path,
            env={**os.environ, "TMPDIR": str(tmp_path), **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return call


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """`hpotune ...` within this process, which is quicker: for what a process of its own would add nothing to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(crash, "gettempdir", lambda: str(tmp_path))

    def run(*arguments: str) -> Any:
        capfd.readouterr()
        code = guard(lambda: dispatch(arguments))
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, code, out, err)

    return run


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., MadeRun]:
    """Makes a run below the test's folder."""

    def make(place: str = "runs/toy", **changes: Any) -> MadeRun:
        return MadeRun(tmp_path / place, {**STUDY, **changes})

    return make


@pytest.fixture
def done_run(make_run: Callable[..., MadeRun]) -> MadeRun:
    """Three trials: 0.5, a failure, 0.25."""
    run = make_run()
    run.tuner.tell(run.ask(b"hello\n"), 0.5)
    run.tuner.fail(run.ask(b"half a li\xffne"), "exit", "Traceback\nValueError: \x1b[31mno")
    run.tuner.tell(run.ask(), 0.25)
    assert run.tuner.ask() is None
    run.write()
    return run
