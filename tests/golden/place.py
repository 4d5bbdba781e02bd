"""A neutral folder in which the program makes one golden run, with real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hpotune.journal.folder import RunFolder

ROOT = Path("/tmp/hpotune-golden")  # its name is in the journals; it must say nothing of a machine
SECONDS = 120.0


class Place:
    """The folder of one run: its study file, its trial's script, and the program."""

    def __init__(self, name: str, source: Path) -> None:
        self.name = name
        self.folder = ROOT / name
        self.folder.mkdir(parents=True)
        (self.folder / "train.py").write_bytes((Path(__file__).parent / "trial.py").read_bytes())
        self.run_folder = RunFolder(self.folder / "runs" / name)
        self._source = source
        self._processes: list[subprocess.Popen[bytes]] = []

    def write(self, study: dict[str, Any]) -> None:
        """The study file, a line for each key."""
        lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in study.items())
        (self.folder / "study.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def call(self, *arguments: str, code: int = 0) -> None:
        """`hpotune ...`, which must end with this code."""
        self.end(self.start(*arguments), code)

    def run(self, *arguments: str, code: int = 0) -> None:
        self.call("run", "study.yaml", "--quiet", *arguments, code=code)

    def resume(self, *arguments: str, code: int = 0) -> None:
        self.call("resume", "study.yaml", *arguments, code=code)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The same in the background."""
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "hpotune", *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self._processes.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], code: int | None = 0) -> None:
        """Wait for its end; None: any code."""
        found = process.wait(SECONDS)
        if code is not None and found != code:
            raise RuntimeError(f"{self.name}: code {found}, not {code}\n{(self.folder / 'said').read_text()[-2000:]}")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As the kernel does when memory is short."""
        process.send_signal(signal.SIGKILL)
        process.wait()

    def go(self) -> None:
        """Open the gate of the trials that hold still."""
        (self.folder / "go").touch()

    def await_event(self, event: str, count: int = 1, **fields: Any) -> None:
        """Wait until the journal holds so many lines like this."""
        end = time.monotonic() + SECONDS
        while sum(self._like(line, event, fields) for line in self._lines()) < count:
            if time.monotonic() > end:
                raise RuntimeError(f"{self.name}: there never was {event} {fields}")
            time.sleep(0.02)

    def close(self) -> None:
        """Nothing is left running."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(ROOT),
            "USER": "golden",
            "LANG": "C.UTF-8",
            "TMPDIR": str(ROOT),
            "PYTHONPATH": str(self._source),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    def _lines(self) -> list[dict[str, Any]]:
        journal = self.run_folder.journal
        text = journal.read_text(encoding="utf-8") if journal.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    @staticmethod
    def _like(line: dict[str, Any], event: str, fields: dict[str, Any]) -> bool:
        return line["event"] == event and all(line.get(key) == value for key, value in fields.items())


def tear(journal: Path) -> None:
    """Cut the last line in its middle, as a crash of the machine does."""
    size = journal.stat().st_size
    last = len(journal.read_bytes().rstrip(b"\n").rpartition(b"\n")[2])
    os.truncate(journal, size - last // 2 - 1)
