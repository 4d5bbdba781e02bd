"""When a slot is taken for bad."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.run.gpus import Slots
from hpotune.run.slot_health import MOST, SlotHealth

STEPS = st.lists(
    st.tuples(st.sampled_from(["0", "1", "2"]), st.sampled_from(["completed", "failed", "stopped", "interrupted"])),
    max_size=40,
)


def test_a_slot_on_which_all_fails_is_bad_once_another_works() -> None:
    health = SlotHealth()
    told = [health.ended(["1"], trial, "failed") for trial in range(MOST)]
    assert told == [[]] * MOST, "nothing has worked anywhere: it may be the script"
    assert health.ended(["0"], MOST, "completed") == ["1"]
    assert health.ended(["1"], MOST + 1, "failed") == [], "told once"


def test_attempts_of_one_trial_count_once() -> None:
    health = SlotHealth()
    health.ended(["0"], 0, "completed")
    assert [health.ended(["1"], 1, "failed") for _ in range(2 * MOST)] == [[]] * 2 * MOST


@given(STEPS)
def test_what_a_slot_is_set_aside_for(steps: list[tuple[str, Any]]) -> None:
    health, aside = SlotHealth(), set()
    for trial, (slot, outcome) in enumerate(steps):
        aside.update(health.ended([slot], trial, outcome))
        seen = steps[: trial + 1]
        for bad in aside:
            assert sum(1 for other, how in seen if other == bad and how == "failed") >= MOST
        good = {other for other, how in seen if how in ("completed", "stopped")}
        assert not aside or good - aside


@pytest.mark.parametrize(("per_trial", "devices", "left"), [(1, 2, 1), (0.5, 2, 2), (2, 3, 1)])
def test_a_device_that_is_set_aside_is_given_no_more(per_trial: float, devices: int, left: int) -> None:
    slots = Slots([str(n) for n in range(devices)], per_trial)
    held = slots.take()
    assert "0" in held
    assert slots.set_aside("0")
    assert slots.capacity == left
    slots.give_back(held)
    taken = [slots.take() for _ in range(left)]
    assert all("0" not in each for each in taken)
    with pytest.raises(LookupError):
        slots.take()


def test_the_last_devices_stay() -> None:
    slots = Slots(["0", "1"], 2)
    assert not slots.set_aside("0")
    assert slots.capacity == 1
    assert not slots.set_aside("elsewhere")
