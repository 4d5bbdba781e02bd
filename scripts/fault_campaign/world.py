"""A folder with a study, and the program that runs it there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from fault_campaign import studies
from fault_campaign.seams import CALL, MARK
from hpotune.journal.folder import RunFolder

SECONDS = 120.0  # a call that takes longer does not end
_SCRIPTS = Path(__file__).resolve().parents[1]
_SHIM = f"import sys; sys.path[0] = {str(_SCRIPTS)!r}; from fault_campaign.shim import main; main()"

Outcome = dict[int, tuple[dict[str, Any], str, list[tuple[float | None, float]]]]


class Strike(NamedTuple):
    """At which passage of which seam the shim strikes, and how much of a line is written if it cuts one."""

    seam: str
    nth: int = 1
    fraction: float = 0.5


class Done(NamedTuple):
    """A call that has ended. Code None: it had to be ended."""

    code: int | None
    out: str
    err: str


class Running:
    """A call that goes on. Its output goes to files, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path, stay: Path) -> None:
        self.process = process
        self.pid = process.pid
        self._out, self._err, self._stay = out, err, stay

    @property
    def err(self) -> str:
        """What it has said so far."""
        return self._err.read_text(errors="replace")

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def kill(self) -> Done:
        """SIGKILL, and wait. Its trials do not end by themselves any more."""
        self._stay.touch()
        self.process.kill()
        return self.end()

    def end(self) -> Done:
        """Wait for its end."""
        try:
            code: int | None = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        return Done(code, self._out.read_text(errors="replace"), self.err)


class World:
    """The folder of one case. `run` is the run in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.run = RunFolder(folder / "runs" / "study")
        self.record = folder / "shim.log"
        self.strategy, self.workers = "random", 1
        self.prefix: tuple[str, ...] = ()  # a command that runs the program
        self._calls: list[Running] = []

    def study(self, strategy: str, workers: int, *, pause: float = 0.01, before: str = "", **changes: Any) -> None:
        """Write the study of a strategy. `pause`: seconds an epoch; `before`: what its script does first."""
        self.strategy, self.workers = strategy, workers
        lines = [f"{key}: {json.dumps(value)}" for key, value in studies.study(strategy, workers, **changes).items()]
        (self.folder / "study.yaml").write_text("\n".join(lines) + "\n")
        (self.folder / "train.py").write_text(before + studies.SCRIPT.replace("PAUSE", repr(pause)))

    def start(self, *words: str, strike: Strike | None = None) -> Running:
        """`hpotune ...` in the background, struck by the shim if asked for."""
        number = str(len(self._calls))
        out, err = self.folder / f"out-{number}.log", self.folder / f"err-{number}.log"
        command = [sys.executable, "-m", "hpotune", *words]
        if strike is not None:
            name, nth, fraction = strike
            shim = ["-c", _SHIM, name, str(nth), str(fraction), str(self.record), "--"]
            command = [sys.executable, *shim, *words]
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [*self.prefix, *command],
                cwd=self.folder,
                env=environment({MARK: str(self.folder), CALL: number, "TMPDIR": str(self.folder)}),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,  # Ctrl-C is for the campaign alone
            )
        running = Running(process, out, err, self.folder / f"stay-{number}")
        self._calls.append(running)
        return running

    def call(self, *words: str, strike: Strike | None = None) -> Done:
        """The same, to its end."""
        return self.start(*words, strike=strike).end()

    def begin(self, **how: Any) -> Running:
        """`hpotune run` of the study; or `resume`, if there is something to resume."""
        verb = ("resume", str(self.run.path)) if self.run.journal.exists() else ("run", "study.yaml")
        return self.start(*verb, **how)

    def journal(self) -> bytes:
        """The bytes of the journal; none if there is none."""
        try:
            return self.run.journal.read_bytes()
        except FileNotFoundError:
            return b""

    def lines(self) -> list[dict[str, Any]]:
        """The whole lines of the journal."""
        return [json.loads(line) for line in self.journal().split(b"\n")[:-1]]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The whole lines of one kind."""
        return [line for line in self.lines() if line["event"] == kind]

    def outcome(self) -> Outcome:
        """What law 3 compares."""
        return {
            trial.number: (trial.config, trial.state, [report for job in trial.jobs for report in job.reports()])
            for trial in self.run.history().trials
        }

    def processes(self) -> list[psutil.Process]:
        """All that lives of this folder's calls: tuners, watchdogs, trials, and what those have started."""
        return [process for process in psutil.process_iter() if _is_of(process, str(self.folder))]

    def trial_processes(self) -> list[psutil.Process]:
        """Those that are trials, or were started by one."""
        return [process for process in self.processes() if "HPOTUNE_RUN_TOKEN" in variables(process)]

    def watchdogs(self) -> list[psutil.Process]:
        """The watchdogs of this folder's runs."""
        return [process for process in self.processes() if "watchdog.py" in " ".join(words_of(process))]

    def gone(self, seconds: float) -> list[psutil.Process]:
        """Wait until nothing lives; what still does after that many seconds."""
        eventually(lambda: not self.processes(), seconds, 0.1)
        return self.processes()

    def close(self) -> None:
        """End whatever is left, so that one case does no harm to the next."""
        for process in self.processes():
            try:
                process.kill()
            except psutil.Error:
                continue
        for running in self._calls:
            running.process.wait()


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would change the program's behaviour; numeric libraries keep to one thread."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HPOTUNE_") and name not in ("CUDA_VISIBLE_DEVICES", "CI", "PYTHONPATH")
    }
    return {**ours, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **more}


def eventually(condition: Callable[[], object], seconds: float = SECONDS, pause: float = 0.005) -> bool:
    """Wait until it holds; whether it came to."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def variables(process: psutil.Process) -> Mapping[str, str]:
    """The environment that a process was started with; empty if it has gone."""
    try:
        found: dict[str, str] = process.environ()
    except psutil.Error:
        return {}
    return found


def words_of(process: psutil.Process) -> Sequence[str]:
    """Its command line; empty if it has gone."""
    try:
        found: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return found


def _is_of(process: psutil.Process, folder: str) -> bool:
    if variables(process).get(MARK) != folder:
        return False
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class References:
    """The outcomes of undisturbed runs with one worker: each strategy is run once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._found: dict[str, Outcome] = {}
        self._locks = {name: threading.Lock() for name in studies.NAMES}

    def get(self, strategy: str) -> Outcome:
        """The outcome of a strategy."""
        with self._locks[strategy]:
            if strategy not in self._found:
                world = World(self.folder / strategy)
                world.study(strategy, 1, pause=0.001)
                done = world.call("run", "study.yaml")
                if done.code != 0:
                    raise RuntimeError(f"the undisturbed run of {strategy} failed:\n{done.err}")
                self._found[strategy] = world.outcome()
            return self._found[strategy]
