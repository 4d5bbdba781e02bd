"""Keyed randomness: bits that depend on a key alone, never on a generator that lives on.

Notation
    key      128 bits; a hash (BLAKE2b) of the path that leads to it: (seed, trial, purpose, ...)
    bits     raw 64-bit outputs of Philox-4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3")
             under that key, counter from 0
    uniform  (floor(bits / 2^12) + 1/2) / 2^52, in the open interval (0, 1); with one bit more it could round to 1

Every random decision goes through `uniforms` and an inverse CDF of our own: the raw bits of Philox are fixed by its
paper, whereas the distributions of a library may change between its versions.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

_BYTES = 16
_ZEROS = np.zeros(4, np.uint64)
_START: dict[str, Any] = {"bit_generator": "Philox", "buffer": _ZEROS, "buffer_pos": 4, "has_uint32": 0, "uinteger": 0}


class _Threads(threading.local):
    """Each thread's own Philox: a proposal may be computed beside the loop."""

    def __init__(self) -> None:
        self.philox = np.random.Philox(key=0)


_threads = _Threads()


@dataclass(frozen=True, slots=True)
class Key:
    """A place in the tree of random streams. Equal paths give equal bits on every machine and in every process."""

    digest: bytes

    @staticmethod
    def of(seed: int, *path: int | str) -> Key:
        """The key of a path below a study's seed, such as `Key.of(seed, trial, "propose")`."""
        return Key(b"").child(seed, *path)

    def child(self, *path: int | str) -> Key:
        """The key of a path below this one. 1 and "1" are different steps."""
        digest = self.digest
        for step in path:
            kind = b"i" if isinstance(step, int) else b"s"
            digest = blake2b(digest + kind + str(step).encode(), digest_size=_BYTES).digest()
        return Key(digest)

    def uniforms(self, count: int) -> npt.NDArray[np.float64]:
        """`count` independent uniforms in the open interval (0, 1), shape (count,)."""
        philox = _threads.philox
        # Its whole state is set before each use, so nothing lives on; building a new one costs four times as much.
        state: Any = {**_START, "state": {"counter": _ZEROS, "key": np.frombuffer(self.digest, np.uint64)}}
        philox.state = state
        raw: npt.NDArray[np.uint64] = philox.random_raw(count)
        return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52

    def integer(self, bits: int = 63) -> int:
        """A non-negative integer below 2^bits (at most 128), for seeds handed to other programs."""
        return int.from_bytes(self.digest, "little") >> (8 * _BYTES - bits)
