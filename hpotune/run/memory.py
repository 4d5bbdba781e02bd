"""How much memory the processes of an attempt take, for `trial.memory_limit`. Linux only: elsewhere nothing is seen.

The resident sizes of all its processes are summed. Pages that several of them share (a forked data loader's) stand in
that sum more than once, so what seems too much is counted again in proportional shares, which costs the kernel more.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from hpotune.run.watchdog import pids, status

_PAGE = os.sysconf("SC_PAGE_SIZE")


def over_limit(limits: Mapping[int, int], strays: Mapping[int, Iterable[int]]) -> dict[int, int]:
    """Of the attempts with these leaders and limits (bytes) the ones that take more, with what they take.

    `strays`: by leader, what has left its session and its parents and is known to be its own all the same.
    """
    found: dict[int, int] = {}
    families = _families({leader: {leader, *strays.get(leader, ())} for leader in limits})
    for leader, limit in limits.items():
        members = families[leader]
        if sum(map(_resident, members)) > limit and (taken := sum(map(_share, members))) > limit:
            found[leader] = taken
    return found


def _families(families: dict[int, set[int]]) -> dict[int, set[int]]:
    """Each leader's, with all processes of its session, and all that descend from one of these."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid in pids():
        if (now := status(pid)) is not None:
            children[now.parent].append(pid)
            if now.session in families:
                families[now.session].add(pid)
    for family in families.values():
        queue = list(family)
        while queue:
            new = [child for child in children[queue.pop()] if child not in family]
            family.update(new)
            queue += new
    return families


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):  # it has ended
        return 0


def _share(pid: int) -> int:
    """Its resident bytes, shared pages divided by the number of sharers; undivided where the kernel does not say."""
    try:
        with Path(f"/proc/{pid}/smaps_rollup").open("rb") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(b"Pss:"))
    except (OSError, StopIteration):
        return _resident(pid)
