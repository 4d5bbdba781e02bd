"""The cause of a failure, from how the process ended and what it said last."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from hpotune.run.executor import Exit
from hpotune.run.postmortem import cause_of, last_lines

ENDED = Exit((0, 0, 0), None, None, 1.0, {}, killed=False, stragglers=0)
GPU = ["torch.cuda.OutOfMemoryError: CUDA out of memory."]


@pytest.mark.parametrize(
    ("exited", "errors", "cause"),
    [
        ({"code": 1}, [], "exit"),
        ({"code": 1}, ["ModuleNotFoundError: No module named 'x'"], "import_error"),
        ({"code": 2}, ["python: can't open file 'x.py': [Errno 2] No such file or directory"], "missing_file"),
        ({"code": 1}, GPU, "gpu_oom"),
        ({"code": 1}, ["MemoryError"], "oom"),
        ({"signal": signal.SIGSEGV}, [], "signal"),
        ({"signal": signal.SIGABRT}, ["what():  std::bad_alloc"], "oom"),
        ({"signal": signal.SIGSEGV}, ["ImportError: as it happens"], "signal"),
        ({"signal": signal.SIGKILL}, [], "killed"),
        ({"signal": signal.SIGTERM}, [], "killed"),
        ({"signal": signal.SIGKILL, "oom": True}, [], "oom"),
        ({"signal": signal.SIGKILL, "oom": True}, GPU, "gpu_oom"),
        ({"signal": signal.SIGUSR1}, [], "signal"),
        # What a shell in between passes on.
        ({"code": 137}, [], "killed"),
        ({"code": 137, "oom": True}, [], "oom"),
        ({"code": 143}, [], "killed"),
        ({"code": 139}, [], "signal"),
        ({"code": 247}, [], "killed"),
        ({"code": 245}, [], "signal"),
        ({"code": 134}, ["std::bad_alloc"], "oom"),
        ({"code": 200}, [], "exit"),
        ({"signal": signal.SIGKILL, "over_memory": 10**9, "killed": True}, GPU, "memory_limit"),
    ],
)
def test_causes(exited: dict[str, object], errors: list[str], cause: str) -> None:
    assert cause_of(ENDED._replace(**exited), errors) == cause


def test_the_end_of_a_long_log_is_read_and_a_missing_one_is_empty(tmp_path: Path) -> None:
    log = tmp_path / "stderr.log"
    assert last_lines(str(log)) == []
    log.write_bytes(b"x" * 100_000 + b"\n\xff\xfe last\n")
    assert last_lines(str(log))[-1].endswith(" last")
    assert len("".join(last_lines(str(log)))) < 10_000
