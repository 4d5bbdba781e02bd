"""When a slot is taken for bad."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.keys import Key
from hpotune.run.gpus import Slots
from hpotune.run.slot_health import LEAST, SlotHealth

STEPS = st.lists(
    st.tuples(st.sampled_from(["0", "1", "2"]), st.sampled_from(["completed", "failed", "stopped", "interrupted"])),
    max_size=40,
)


def test_a_slot_on_which_all_fails_is_bad_where_others_work() -> None:
    health = SlotHealth()
    for trial in range(10):
        assert health.ended(["1"], trial, "failed") == [], "nothing has worked anywhere: it may be the script"
    assert health.ended(["0"], 10, "completed") == [], "only a slot that has just failed is judged"
    assert health.ended(["1"], 11, "failed") == ["1"]
    assert health.ended(["1"], 12, "failed") == [], "told once"


def test_it_takes_no_less_than_three_trials_and_few_more() -> None:
    health = SlotHealth()
    for trial in range(100):
        health.ended(["0"], trial, "completed")
    assert [health.ended(["1"], 100 + n, "failed") for n in range(LEAST)] == [[]] * (LEAST - 1) + [["1"]]


def test_attempts_of_one_trial_count_once() -> None:
    health = SlotHealth()
    for trial in range(100):
        health.ended(["0"], trial, "completed")
    assert [health.ended(["1"], 100, "failed") for _ in range(2 * LEAST)] == [[]] * 2 * LEAST


@given(STEPS)
def test_what_a_slot_is_set_aside_for(steps: list[tuple[str, Any]]) -> None:
    health, aside = SlotHealth(), set()
    for trial, (slot, outcome) in enumerate(steps):
        new = health.ended([slot], trial, outcome)
        assert not new or (new == [slot] and outcome == "failed" and slot not in aside)
        aside.update(new)
        seen = steps[: trial + 1]
        for bad in new:
            assert sum(1 for other, how in seen if other == bad and how == "failed") >= LEAST
            assert not any(other == bad and how in ("completed", "stopped") for other, how in seen)
        good = {other for other, how in seen if how in ("completed", "stopped")}
        assert not new or good - aside


@pytest.mark.parametrize(("share", "most"), [(0.3, 6), (0.5, 6)])
def test_chance_alone_seldom_sets_a_slot_aside(share: float, most: int) -> None:
    """300 studies of 100 trials on 8 equal slots: 2 % of them at most, by seeds that are fixed."""
    wrong = 0
    for seed in range(300):
        draws = Key.of(seed, "test").uniforms(100)
        health = SlotHealth()
        wrong += any(
            health.ended([str(trial % 8)], trial, "failed" if draw < share else "completed")
            for trial, draw in enumerate(draws)
        )
    assert wrong <= most


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
