"""Why a process failed, as far as its standard error tells. Pure: the last lines in, a cause and the line that says so
out.

Memory is looked for in all of these lines, since what follows it is often the noise of the collapse. A missing module
or file, or a full disk, counts only where the process ends with it: earlier such lines may have been warnings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from hpotune.causes import Cause


class Diagnosis(NamedTuple):
    """A cause, and the line that gave it away."""

    cause: Cause
    line: str


# CUDA, ROCm and MPS as PyTorch words it; XLA (JAX, TensorFlow); TensorFlow's allocator; the driver and its libraries.
_GPU_MEMORY = re.compile(
    r"\b(CUDA|HIP|MPS backend|XPU|GPU)\b.{0,30}\bout of (GPU )?memory|CUDA_ERROR_OUT_OF_MEMORY"
    r"|cudaErrorMemoryAllocation|\bCU(BLAS|DNN)_STATUS_ALLOC_FAILED|\bOOM when allocating tensor"
    r"|RESOURCE_EXHAUSTED: (.{0,40}: )?(Out of memory|Failed to allocate)|torch(\.cuda)?\.OutOfMemoryError",
    re.IGNORECASE,
)
_MEMORY = re.compile(
    r"\bMemoryError\b|std::bad_alloc|Cannot allocate memory|java\.lang\.OutOfMemoryError|Unable to allocate .{1,40}iB"
    r"|cannot allocate vector of size|^Out of memory|OutOfMemoryError\(\)"
    # PyTorch, of a child that the kernel killed, or that found no room in /dev/shm.
    r"|DataLoader worker .{1,40} is killed by signal: Killed|out of shared memory|insufficient shared memory",
)
_IMPORT = re.compile(
    r"^(ModuleNotFoundError|ImportError)\b|No module named |error while loading shared libraries"
    r"|there is no package called|^Error: Cannot find module|Package .{1,80} not found in current path",
)
_FILE = re.compile(
    r"^FileNotFoundError\b|No such file or directory|can't open file|^NotADirectoryError\b|cannot open the connection",
)
_DISK = re.compile(r"No space left on device|Disk quota exceeded|\bENOSPC\b")
# The head of the last line of a Python traceback: the exception's name, with or without its module.
_RAISED = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit|Warning|Iteration)\b(:|$)")

_MEMORIES: Final[tuple[tuple[Cause, re.Pattern[str]], ...]] = (("gpu_oom", _GPU_MEMORY), ("oom", _MEMORY))
_MISSING: Final[tuple[tuple[Cause, re.Pattern[str]], ...]] = (
    ("import_error", _IMPORT),
    ("missing_file", _FILE),
    ("disk_full", _DISK),
)
# Of a launcher, which says no more than that its child failed.
_LAUNCHER = re.compile(r"(torch\.distributed\.elastic\.\S*ChildFailedError|subprocess\.CalledProcessError)\b")
_PREFIX = re.compile(r"^\[(?:rank|default)?\d+\]:\s?")  # torchrun's, before each line of a worker
_PASSING = re.compile(r"^ {4}|\b(WARN|WARNING|INFO|DEBUG)\b")  # a traceback's source lines; what did not end it
_LAST: Final = 100  # lines from the end in which the last line of a traceback is looked for
_WIDTH: Final = 2000  # characters of a line that are looked at


def diagnose(lines: Sequence[str]) -> Diagnosis | None:
    """What the last lines of a standard error say; None if they tell nothing more than that it failed."""
    for cause, pattern in _MEMORIES:
        for line in reversed(lines):
            if pattern.search(line[:_WIDTH]) and not _PASSING.search(line[:_WIDTH]):
                return Diagnosis(cause, line.strip())
    line = last_word(lines)
    for cause, pattern in _MISSING:
        if pattern.search(line[:_WIDTH]):
            return Diagnosis(cause, line)
    return None


def last_word(lines: Sequence[str]) -> str:
    """The line that a process ended with: the exception of the last traceback, else the last that says anything.

    What a launcher or a logger writes behind a traceback does not hide it.
    """
    lines = [_PREFIX.sub("", line) for line in lines]
    traced = any(line.startswith("Traceback (most recent call last)") for line in lines)
    raised = [line.strip() for line in reversed(lines[-_LAST:]) if traced and _RAISED.match(line)]
    own = (line for line in raised if not _LAUNCHER.match(line))
    said = (line.strip() for line in reversed(lines) if line.strip())
    return next(own, None) or next(iter(raised), None) or next(said, "")
