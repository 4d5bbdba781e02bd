"""What a study may change while a run of it goes on.

Free are the limits, the workers, how and where trials run, the target, and entries appended to `enqueue`. Another
command is worth a warning. Anything else would make the trials so far mean something else. The values of secrets are
not compared, because of the old ones nothing was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hpotune.study.model import Study
from hpotune.study.secrets import without_secrets

_FREE = ("limits", "workers", "trial", "gpus", "metric.target", "name", "private")
_WARNED = ("command",)
# What is compared as one value; the rest is compared key by key.
_WHOLE = ("command", "constraints", "enqueue", "gpus")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `path` as people write it (`parameters.lr.high`), None for what was or is not there."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences between two studies by what a resumed run makes of them."""

    allowed: tuple[Change, ...]
    warned: tuple[Change, ...]
    refused: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.allowed or self.warned or self.refused)


def compare(old: Study, new: Study) -> Changes:
    """The differences from the study of a run to the study it is to go on with.

    A seed that `new` leaves out is the one that was drawn.
    """
    allowed, warned, refused = [], [], []
    for change in _differences(old, new):
        if _below(change.path, _FREE) or _appended(change):
            allowed.append(change)
        elif _below(change.path, _WARNED):
            warned.append(change)
        else:
            refused.append(change)
    return Changes(tuple(allowed), tuple(warned), tuple(refused))


def _differences(old: Study, new: Study) -> Iterator[Change]:
    before, after = without_secrets(old.to_dict()), without_secrets(new.to_dict())
    if new.seed is None:
        after["seed"] = old.seed
    for key in before:
        yield from _walk(key, before[key], after[key])
    # The order of the parameters is the order of their random numbers.
    common = [name for name in old.parameters if name in new.parameters]
    order = [name for name in new.parameters if name in old.parameters]
    if common != order:
        yield Change("parameters (their order)", common, order)


def _walk(path: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict) and path not in _WHOLE:
        for key in (*before, *(key for key in after if key not in before)):
            yield from _walk(f"{path}.{key}", before.get(key), after.get(key))
    elif not _same(before, after):
        yield Change(path, before, after)


def _same(before: Any, after: Any) -> bool:
    """Equal with their types: the choices 1 and true are not the same."""
    return bool(before == after) and repr(before) == repr(after)


def _below(path: str, homes: tuple[str, ...]) -> bool:
    return any(path == home or path.startswith(f"{home}.") for home in homes)


def _appended(change: Change) -> bool:
    return change.path == "enqueue" and _same(change.new[: len(change.old)], change.old)
