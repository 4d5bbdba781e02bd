"""Proposals of the searcher beside the loop: a model may take its time, and the trials go on meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from hpotune.searchers import Exhausted
from hpotune.tuner import Ledger, Planned, Propose, Proposing


class Proposals:
    """The one proposal that may be under way, in a thread of its own. `wake` is called when it is there."""

    def __init__(self, ledger: Ledger, wake: Callable[[], None]) -> None:
        self._ledger = ledger
        self._wake = wake
        self._pool: ThreadPoolExecutor | None = None
        self._ending, self._ended = threading.Lock(), False
        self._out: tuple[Proposing, Future[Planned | Exhausted]] | None = None

    def begin(self, action: Propose) -> None:
        """Ask the searcher; what is quick is answered at once."""
        proposing = self._ledger.begin_proposal(action)
        if self._ledger.quick_proposals:
            self._ledger.end_proposal(proposing, proposing.compute())
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "proposal")
        future = self._pool.submit(proposing.compute)
        future.add_done_callback(self._ring)
        self._out = (proposing, future)

    def _ring(self, _: object) -> None:
        """In the thread of the proposal. After the end of the loop the bell is gone."""
        with self._ending:
            if not self._ended:
                self._wake()

    def finish(self) -> None:
        """Enter the answer, if it is there."""
        if self._out is not None and self._out[1].done():
            proposing, future = self._out
            self._out = None
            self._ledger.end_proposal(proposing, future.result())

    def close(self) -> None:
        """The loop has ended: an answer that is still to come is not waited for."""
        with self._ending:
            self._ended = True
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
