"""From an input with a defect to a smaller one with the same."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

from fuzzing.campaign import Defect, attempt, limit_memory
from fuzzing.target import Target

_MOST_TRIES = 400
_SECONDS = 60.0


def shrink(target: Target, defect: Defect) -> bytes:
    """The input without what the defect does not need. In a process of its own, since the defect may end it."""
    context = multiprocessing.get_context("fork")
    answer, end = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(target, defect, end), daemon=True)
    process.start()
    end.close()
    try:
        return answer.recv() if answer.poll(_SECONDS) else defect.data
    except EOFError:
        return defect.data
    finally:
        process.kill()
        process.join()


def _work(target: Target, defect: Defect, end: Connection) -> None:
    limit_memory()
    data = defect.data
    size, tries = max(1, len(data) // 2), 0
    while tries < _MOST_TRIES:
        at = 0
        while at < len(data) and tries < _MOST_TRIES:
            smaller = data[:at] + data[at + size :]
            tries += 1
            result, _ = attempt(target, smaller)
            if isinstance(result, Defect) and result.kind == defect.kind:
                data = smaller
            else:
                at += size
        if size == 1:
            break
        size //= 2
    end.send(data)
