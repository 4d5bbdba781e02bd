"""The program as its users have it: `hpotune ...` as a process, on small studies in a folder of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from hpotune.history import History
from hpotune.journal.folder import RunFolder

SECONDS = 90.0  # generous: the machine may be busy; nothing waits this long unless it fails
GRACE = 1.0

PYTHON = [sys.executable, "-S"]  # without site-packages it is up in half the time
# A trial whose value is a function of its configuration alone.
PARABOLA = """
import os
x = float(os.environ["HPOTUNE_PARAM_X"])
print("loss=%r" % ((x - 0.3) ** 2))
"""
# The same, but the trial holds still until there is a file `go`; it says so in a file `waiting-N`.
GATED = (
    """
import os, time
open("waiting-" + os.environ["HPOTUNE_TRIAL_ID"], "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
"""
    + PARABOLA
)

Outcome = dict[int, tuple[dict[str, Any], str, list[tuple[float | None, float]]]]


class Done(NamedTuple):
    """A call that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A call that goes on. Its output goes to files, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process = process
        self.pid = process.pid
        self._out, self._err = out, err

    @property
    def err(self) -> str:
        return self._err.read_text()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """As the kernel does when memory is short: at once, and nobody is asked."""
        self.process.kill()
        self.process.wait()

    def end(self, code: int | None = 0) -> Done:
        """Wait for its end; None: any exit code."""
        self.process.wait(SECONDS)
        return checked(Done(self.process.returncode, self._out.read_text(), self.err), code)


class Program:
    """A folder with a study, a script, and the program that runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.study_file = folder / "study.yaml"
        self.running: list[Running] = []

    def script(self, text: str, name: str = "train.py") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def study(self, script: str | None = PARABOLA, **changes: Any) -> Path:
        """Write the study file; a value of None leaves a key out."""
        data: dict[str, Any] = {
            "name": "toy",
            "command": [*PYTHON, "train.py"],
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {
                "x": {"type": "float", "low": 0.0, "high": 1.0},
                "kind": {"type": "categorical", "choices": ["a", "b c"]},
            },
            "strategy": "random",
            "limits": {"trials": 4},
            "seed": 3,
            **changes,
        }
        data["trial"] = {"grace": GRACE, **data.get("trial", {})}
        if script is not None:
            self.script(script)
        lines = (f"{key}: {json.dumps(value)}" for key, value in data.items() if value is not None)
        self.study_file.write_text("\n".join(lines) + "\n")
        return self.study_file

    def call(self, *arguments: str, code: int | None = 0, env: Mapping[str, str] | None = None) -> Done:
        """`hpotune ...`; the exit code must be `code`, if that is not None."""
        return self.start(*arguments, env=env).end(code)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> Running:
        """The same in the background."""
        number = len(self.running)
        out, err = self.folder / f".out-{number}", self.folder / f".err-{number}"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "hpotune", *arguments],
                cwd=self.folder,
                env={**_environment(), "TMPDIR": str(self.folder), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        running = Running(process, out, err)
        self.running.append(running)
        return running

    def run(self, name: str = "toy") -> RunFolder:
        return RunFolder(self.folder / "runs" / name)

    def history(self, name: str = "toy") -> History:
        return self.run(name).history()

    def outcome(self, name: str = "toy") -> Outcome:
        """What law 3 compares."""
        history = self.history(name)
        return {
            trial.number: (trial.config, trial.state, [report for job in trial.jobs for report in job.reports()])
            for trial in history.trials
        }

    def events(self, kind: str | None = None, name: str = "toy") -> list[dict[str, Any]]:
        """The whole lines of the journal."""
        journal = self.run(name).journal
        text = journal.read_text() if journal.exists() else ""
        lines = [json.loads(line) for line in text.split("\n")[:-1]]
        return [line for line in lines if kind is None or line["event"] == kind]

    def stdout(self, trial: int, attempt: int = 0) -> str:
        return (self.run().attempt(trial, 0, attempt) / "stdout.log").read_text()

    def go(self) -> None:
        """Open the gate of GATED."""
        (self.folder / "go").touch()

    def await_trial(self, *numbers: int) -> None:
        """Wait until these trials of GATED wait, and the journal knows that they started."""
        eventually(lambda: all((self.folder / f"waiting-{number}").exists() for number in numbers))
        eventually(lambda: {*numbers} <= {event["trial"] for event in self.events("job_started")})

    def trial_processes(self) -> list[psutil.Process]:
        """What lives of the trials of this folder's runs."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            variables = process.environ()
            return (
                "HPOTUNE_RUN_TOKEN" in variables
                and variables.get("HPOTUNE_TRIAL_DIR", "").startswith(str(self.folder))
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.Error:
            return False

    def await_no_trials(self) -> None:
        """Nothing outlives the tuner for long."""
        eventually(lambda: not self.trial_processes())

    def close(self) -> None:
        for running in self.running:
            if running.process.poll() is None:
                running.kill()
        self.await_no_trials()


def eventually(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def checked(done: Done, code: int | None) -> Done:
    """No traceback of ours and no crash, whatever happened; and the exit code that was expected."""
    assert not re.search("^Traceback", done.err, re.MULTILINE), done.err
    assert done.code != 3, done.err
    assert code is None or done.code == code, f"exit code {done.code}\n{done.out}\n{done.err}"
    return done


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def peak_memory(pid: int) -> int:
    """The largest resident size of a process so far, in bytes; 0 if it is gone."""
    try:
        match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(match[1]) * 1024 if match else 0


def _environment() -> dict[str, str]:
    """The test's environment without what would change the program's behaviour."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HPOTUNE_") and name not in ("CUDA_VISIBLE_DEVICES", "CI", "PYTHONPATH")
    }
