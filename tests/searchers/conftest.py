"""What holds for the tests of searchers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hpotune.models.threads import one_blas_thread


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """As the models are used; and several would be slow where cores are busy."""
    with one_blas_thread():
        yield
