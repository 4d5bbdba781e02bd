"""One BLAS thread: within the context, in every library that is loaded, and no longer than that."""

from __future__ import annotations

import subprocess
import sys

import numpy.linalg  # noqa: F401 - loads numpy's BLAS
import pytest
import scipy.linalg  # noqa: F401 - loads scipy's
from threadpoolctl import threadpool_info, threadpool_limits

from hpotune.models.threads import one_blas_thread


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture(autouse=True)
def two_threads():
    """Whatever the environment says, so that there is something to limit."""
    with threadpool_limits(2, user_api="blas"):
        assert blas_threads()
        assert set(blas_threads()) == {2}
        yield


def test_it_limits_and_restores():
    with one_blas_thread():
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {2}


def test_it_restores_what_it_found_each_time():
    """The libraries are looked up once, their thread counts are not."""
    with one_blas_thread():
        pass
    with threadpool_limits(3, user_api="blas"):
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {3}
    assert set(blas_threads()) == {2}


def test_it_restores_after_an_error():
    with pytest.raises(ArithmeticError), one_blas_thread():
        raise ArithmeticError
    assert set(blas_threads()) == {2}


def test_one_in_another_keeps_to_one_until_the_outer_ends():
    with one_blas_thread():
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {2}


def test_it_reaches_the_libraries_of_numpy_and_scipy_though_nobody_had_loaded_them():
    script = """
from hpotune.models.threads import one_blas_thread
with one_blas_thread():
    from threadpoolctl import threadpool_info
    print(*{pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
"""
    environment = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert (told.stdout.split(), told.stderr) == (["1"], "")


def test_two_threads_do_not_leave_each_others_limit_behind():
    """Nor does one compute with more threads because the other has just ended."""
    script = """
import threading
import numpy.linalg, scipy.linalg
from threadpoolctl import threadpool_info
from hpotune.models.threads import one_blas_thread

def blas():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

def enter():
    for _ in range(20):
        with one_blas_thread():
            found.append(blas())

found = []
threads = [threading.Thread(target=enter) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), set().union(*found), blas())
"""
    environment = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert (told.stdout, told.stderr) == ("80 {1} {2}\n", "")
