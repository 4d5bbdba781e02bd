"""Ending what an earlier session left behind, for the case that its tuner and its watchdog died together."""

from __future__ import annotations

from collections.abc import Iterable

from hpotune.errors import RunError
from hpotune.journal import Holder, boot_id
from hpotune.run import watchdog

_PATIENCE = 5.0


def end_holders(previous: Holder, grace: float, groups: Iterable[tuple[int, int]] = ()) -> int:
    """End the processes of a run's earlier session, TERM then KILL after `grace` seconds; how many there were.

    The caller holds the run's lock, so whatever still carries the run's token has no tuner and no watchdog.
    `groups` are the pids and start times of the attempts that the journal does not know the end of. After a reboot
    none of them can live, and pids mean nothing, so nothing is done.

    Raises:
        RunError: a process does not die.
    """
    if previous.boot != boot_id():
        return 0
    count, living = watchdog.end(previous.token, dict(groups), grace, _PATIENCE, watchdog.CALM)
    if living:
        pids = ", ".join(str(pid) for pid, _ in sorted(living))
        raise RunError(
            f"Processes of the run's earlier session cannot be ended: {pids}.",
            "They hang in the kernel, perhaps on a network file system; end them, then `hpotune resume`.",
        )
    return count
