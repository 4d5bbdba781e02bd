"""One BLAS thread for the models: trials keep their cores, and suggestions do not depend on a thread count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import RLock

import numpy as np
from scipy import linalg
from threadpoolctl import ThreadpoolController

_lock = RLock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """A context in which BLAS uses one thread, in the whole process; so one thread at a time may be in it."""
    with _lock, _controller().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    """Finding the loaded libraries takes a while. A first computation makes sure that they are."""
    linalg.cholesky(np.eye(1))
    return ThreadpoolController()
