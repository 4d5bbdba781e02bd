"""Keyed bits: known answers, and that nothing but the key counts."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune import keys
from hpotune.keys import Key

steps = st.integers(0, 2**70) | st.text(max_size=5)
paths = st.lists(steps, max_size=4)


def by_numpy(key: Key, count: int) -> list[float]:
    """The same bits from a fresh Philox of numpy's."""
    words = np.frombuffer(key.digest, np.uint64)
    raw = np.random.Philox(key=words).random_raw(count)
    return [float((Fraction(int(bits) // 2**12) + Fraction(1, 2)) / 2**52) for bits in raw]


def test_known_answers() -> None:
    """These never change: every study ever run depends on them."""
    key = Key.of(7, 0, "propose")
    assert key.digest.hex() == "a7b212933b677ed5d454c8de21be0505"
    assert key.uniforms(3).tolist() == [0.9552198813791363, 0.7960110606705729, 0.004557690551513116]
    assert Key.of(7, 0, 0, "trial").integer(31) == 1987668897


def test_philox_gives_the_bits_of_its_paper() -> None:
    """Salmon et al. 2011, known-answer file of Random123: philox4x64-10, counter and key all zero, then all ones.

    The counter of numpy is advanced before its first block, so the answer for counter 0 is what counter -1 gives.
    """
    philox = np.random.Philox(key=0)
    state = philox.state
    state["state"]["counter"][:] = 2**64 - 1
    philox.state = state
    assert [hex(int(bits)) for bits in philox.random_raw(4)] == [
        "0x16554d9eca36314c",
        "0xdb20fe9d672d0fdc",
        "0xd7e772cee186176b",
        "0x7e68b68aec7ba23b",
    ]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**40), paths, st.integers(0, 20))
def test_uniforms_are_philox_under_the_key(seed: int, path: list[int | str], count: int) -> None:
    key = Key.of(seed, *path)
    assert key.uniforms(count).tolist() == by_numpy(key, count)


@given(st.integers(0, 2**40), paths)
def test_a_digest_is_a_chain_of_hashes(seed: int, path: list[int | str]) -> None:
    digest = b""
    for step in (seed, *path):
        kind = b"i" if isinstance(step, int) else b"s"
        digest = blake2b(digest + kind + str(step).encode("utf-8"), digest_size=16).digest()
    assert Key.of(seed, *path).digest == digest


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=8), st.randoms())
def test_the_order_of_calls_does_not_matter(calls: list[tuple[int, int]], order: object) -> None:
    answers = [Key.of(seed, "x").uniforms(count).tolist() for seed, count in calls]
    mixed = list(enumerate(calls))
    order.shuffle(mixed)
    for place, (seed, count) in mixed:
        assert Key.of(seed, "x").uniforms(count).tolist() == answers[place]


def test_a_longer_draw_begins_with_the_shorter_one() -> None:
    key = Key.of(3, "x")
    long = key.uniforms(100).tolist()
    for count in range(100):
        assert key.uniforms(count).tolist() == long[:count]


def test_threads_do_not_disturb_each_other() -> None:
    some = [Key.of(number) for number in range(300)]
    alone = [key.uniforms(50).tolist() for key in some]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda key: key.uniforms(50).tolist(), some))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone


def test_each_thread_has_a_generator_of_its_own() -> None:
    """The test above catches a shared one only now and then."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(lambda: keys._threads.philox).result()
    assert other is not keys._threads.philox


def test_what_was_drawn_stays_as_it_is() -> None:
    first = Key.of(1).uniforms(5)
    kept = first.tolist()
    Key.of(2).uniforms(5)
    assert first.tolist() == kept


def test_another_process_draws_the_same() -> None:
    program = "from hpotune.keys import Key; print(Key.of(5, 'a', 1).uniforms(4).tolist())"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(Key.of(5, "a", 1).uniforms(4).tolist())


def test_uniforms_lie_in_the_open_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the extremes of the raw bits too, where an inverse CDF would be infinite."""

    class Extremes:
        state: object = None

        def random_raw(self, count: int) -> object:
            return np.array([0, 2**64 - 1] * count, np.uint64)[:count]

    monkeypatch.setattr(keys._threads, "philox", Extremes())
    low, high = Key.of(0).uniforms(2)
    assert 0 < low == 2.0**-53
    assert 1 > high == 1 - 2.0**-53


def test_uniforms_are_uniform() -> None:
    """Mean and variance of 100,000 within 4 sigmas; one fixed key."""
    sample = Key.of(11, "moments").uniforms(100_000)
    assert sample.shape == (100_000,)
    assert abs(sample.mean() - 1 / 2) < 4 * (1 / 12 / 100_000) ** 0.5
    assert abs(sample.var() - 1 / 12) < 4 * (1 / 180 / 100_000) ** 0.5


@given(st.integers(0, 2**40), st.integers(1, 128))
def test_integers_lie_below_their_power_of_two(seed: int, bits: int) -> None:
    number = Key.of(seed).integer(bits)
    assert 0 <= number < 2**bits
    assert number == Key.of(seed).integer(128) >> (128 - bits)


def test_integers_reach_both_halves_of_their_range() -> None:
    numbers = [Key.of(seed).integer(31) for seed in range(200)]
    assert len(set(numbers)) == 200
    assert 60 < sum(number >= 2**30 for number in numbers) < 140


def test_different_paths_are_different_streams() -> None:
    some = [
        Key.of(1), Key.of(2), Key.of(1, 0), Key.of(1, "0"), Key.of(1, "propose"), Key.of(1, 0, "propose"),
        Key.of(1, "0", "propose"), Key.of(10), Key.of(1, 1), Key.of(11), Key.of(1, ""), Key.of(1, "", ""),
    ]  # fmt: skip
    assert len({key.digest for key in some}) == len(some)
    assert len({float(key.uniforms(1)[0]) for key in some}) == len(some)


def test_a_child_is_a_further_step_of_the_path() -> None:
    assert Key.of(1, 2, "three") == Key.of(1).child(2, "three") == Key.of(1).child(2).child("three")
    assert Key.of(1).child() == Key.of(1)
