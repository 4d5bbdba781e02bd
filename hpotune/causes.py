"""Why an attempt fails: the closed list of causes, and the families in which a user may name them.

    exit        import_error, missing_file, disk_full: what standard error says of a non-zero exit
    signal      killed: a signal that programs do not send themselves (KILL, TERM, ...) came from somebody else
    oom         gpu_oom, memory_limit: out of the machine's memory, a GPU's, or what `trial.memory_limit` grants

A family's name stands for all of its causes wherever causes are chosen: `on: [oom]`, `--retry-failed exit`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, get_args

Cause: TypeAlias = Literal[
    "exit", "import_error", "missing_file", "disk_full", "signal", "killed", "timeout", "stall",
    "oom", "gpu_oom", "memory_limit", "no_metric", "nan", "launch", "interrupted",
]  # fmt: skip

CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)

FAMILIES: Final[dict[str, tuple[Cause, ...]]] = {
    "exit": ("exit", "import_error", "missing_file", "disk_full"),
    "signal": ("signal", "killed"),
    "oom": ("oom", "gpu_oom", "memory_limit"),
}


def family(words: Iterable[str]) -> tuple[str, ...]:
    """The causes that some words stand for: a family's name for all of it, any other word for itself."""
    return tuple(dict.fromkeys(cause for word in words for cause in FAMILIES.get(word, (word,))))


_SELF_EXPLAINING: Final = frozenset({"timeout", "stall", "nan", "killed", "memory_limit", "no_metric"})
_SETTINGS = re.compile(r"(?<!\S)-{0,2}[\w.]+=\S*\s*")  # --lr=0.1, as a script that does not know it quotes it
# Numbers however written, and the random part of a name: a hash, a UUID, a temporary file.
_NUMBERS = re.compile(
    r"0x[0-9a-f]+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b|\btmp[a-z0-9_]{6,}"
    r"|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?",
    re.IGNORECASE,
)


def fingerprint(cause: str, code: int | None, signal: int | None, message: str) -> str:
    """What alike failures share. Their messages may differ in numbers: an address, a step, a size.

    Where the cause says it all, the message is but what the script happened to print last.
    """
    text = "" if cause in _SELF_EXPLAINING else _NUMBERS.sub("#", _SETTINGS.sub("", message[:500]))
    return hashlib.sha256(f"{cause}\0{code}\0{signal}\0{text}".encode(errors="replace")).hexdigest()[:12]
