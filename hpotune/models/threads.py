"""One BLAS thread for the models: trials keep their cores, and suggestions do not depend on a thread count."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[object]:
    """A context in which BLAS uses one thread, in the whole process."""
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    """Finding the loaded libraries takes a while; numpy's and scipy's are loaded by whoever computes with them."""
    import numpy.linalg  # noqa: PLC0415
    import scipy.linalg  # noqa: PLC0415

    del numpy, scipy
    return ThreadpoolController()
