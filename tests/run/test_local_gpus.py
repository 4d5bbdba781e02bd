"""Devices: which there are, and that each trial has its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_helpers import Trials

from hpotune.errors import RunError
from hpotune.run.gpus import Slots, discover
from hpotune.run.local import LocalExecutor


@pytest.mark.parametrize(
    ("inherited", "devices"),
    [
        ("0,1", ("0", "1")),
        (" 3 , 1", ("3", "1")),
        ("GPU-1a,MIG-2b", ("GPU-1a", "MIG-2b")),
        ("", ()),
        ("-1", ()),
        ("NoDevFiles", ()),
        ("1,-1,2", ("1",)),  # CUDA stops at what is no device
    ],
)
def test_what_is_visible_is_all_there_is(inherited: str, devices: tuple[str, ...]) -> None:
    assert discover("auto", {"CUDA_VISIBLE_DEVICES": inherited}) == devices


def test_named_devices_must_be_visible() -> None:
    assert discover([1, "GPU-x"], {}) == ("1", "GPU-x")
    assert discover([1], {"CUDA_VISIBLE_DEVICES": "0,1"}) == ("1",)
    with pytest.raises(RunError, match="2, 3"):
        discover([1, 2, 3], {"CUDA_VISIBLE_DEVICES": "0,1"})


@pytest.mark.parametrize(
    ("script", "devices"),
    [("echo GPU-1; echo GPU-2", ("GPU-1", "GPU-2")), ("echo no driver; exit 9", ()), ("", ()), (None, ())],
)
def test_the_driver_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, devices: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if script is not None:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    assert discover("auto", {}) == devices


@given(
    count=st.integers(1, 5),
    per_trial=st.sampled_from([1, 2, 3, 0.5, 0.25, 1 / 3, 0.1]),
    moves=st.lists(st.integers(0, 10), max_size=30),
)
def test_no_device_has_more_users_than_places(count: int, per_trial: float, moves: list[int]) -> None:
    devices = [f"GPU-{n}" for n in range(count)]
    if per_trial > count:
        with pytest.raises(RunError, match=f"asks for {per_trial:g} GPUs, and there are {count}"):
            Slots(devices, per_trial)
        return
    slots, again = Slots(devices, per_trial), Slots(devices, per_trial)
    places = 1 if per_trial >= 1 else round(1 / per_trial)
    held: list[tuple[str, ...]] = []
    for move in moves:
        if move < 6 and len(held) < slots.capacity:
            held.append(slots.take())
            assert held[-1] == again.take()  # the same requests get the same devices
            assert len(set(held[-1])) == max(1, per_trial)
        elif held:
            given_back = held.pop(move % len(held))
            slots.give_back(given_back)
            again.give_back(given_back)
        users = [sum(device in taken for taken in held) for device in devices]
        assert max(users) <= places
    while len(held) < slots.capacity:
        held.append(slots.take())
    with pytest.raises(LookupError):
        slots.take()


def test_shares_are_spread_over_the_devices() -> None:
    slots = Slots(["0", "1"], 0.5)
    assert [slots.take() for _ in range(4)] == [("0",), ("1",), ("0",), ("1",)]
    assert slots.capacity == 4


@pytest.mark.parametrize("per_trial", [-1, 1.5])
def test_what_makes_no_sense_is_refused(per_trial: float) -> None:
    with pytest.raises(RunError, match="per_trial"):
        Slots(["0", "1"], per_trial)


class TestInTheExecutor:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        self.executors: list[LocalExecutor] = []
        yield tmp_path
        for executor in self.executors:
            executor.close(0.0)

    def trials(self, folder: Path, slots: Slots | None, workers: int = 3) -> Trials:
        executor = LocalExecutor(workers, token=f"test-{os.getpid()}-{folder.name}", slots=slots)
        self.executors.append(executor)
        return Trials(folder, executor)

    def seen(self, trials: Trials) -> str:
        attempt = trials.submit("sh", "-c", "echo ${CUDA_VISIBLE_DEVICES-unset}", env={"CUDA_VISIBLE_DEVICES": "7"})
        trials.end_of(attempt)
        return trials.output(attempt).decode().strip()

    def test_without_a_section_the_variable_is_left(self, folder: Path) -> None:
        assert self.seen(self.trials(folder, None)) == "7"

    def test_a_trial_that_asks_for_none_sees_none(self, folder: Path) -> None:
        trials = self.trials(folder, Slots(["0"], 0))
        assert self.seen(trials) == ""
        assert trials.executor.capacity == 3

    def test_each_trial_has_its_own(self, folder: Path) -> None:
        trials = self.trials(folder, Slots(["0", "GPU-1", "2"], 1), workers=8)
        assert trials.executor.capacity == 3
        argv = ("sh", "-c", "echo $CUDA_VISIBLE_DEVICES; exec sleep 600")
        attempts = [trials.submit(*argv) for _ in range(3)]
        for attempt, device in zip(attempts, ("0", "GPU-1", "2"), strict=True):
            trials.wait_for_output(attempt, f"{device}\n".encode())
        slots = {event.id: event.slots for event in trials.events if type(event).__name__ == "Started"}
        assert [slots[attempt] for attempt in attempts] == [("0",), ("GPU-1",), ("2",)]
        trials.executor.cancel(attempts[1], 0.0)
        trials.end_of(attempts[1])
        assert trials.submit("no-such-program-anywhere")  # gives its device back
        assert self.seen(trials) == "GPU-1"
