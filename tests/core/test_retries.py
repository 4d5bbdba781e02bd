"""Which failures are tried again, how often, and after how long: in virtual time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune import events as ev
from hpotune.causes import family
from hpotune.errors import StudyError
from hpotune.history import fold
from hpotune.replay import replay
from hpotune.run.simulator import World, simulate
from hpotune.study import Study
from hpotune.study.trial_settings import RETRIED
from hpotune.tuner import Memory, Tuner
from studies import study


def loss(config: Any, budget: float | None, seed: int) -> float:
    del config, budget
    return float(seed % 7)


def retrying(retries: Any, **changes: Any) -> Study:
    limits = {"trials": 6, "same_failures": 0}
    return study(**{"limits": limits, "trial": {"retries": retries, "timeout": 100}, "workers": 2, **changes})


def attempts(events: list[ev.Event]) -> dict[int, int]:
    found: dict[int, int] = {}
    for event in events:
        if isinstance(event, ev.JobPlanned):
            found[event.trial] = event.attempt + 1
    return found


@pytest.mark.parametrize(
    ("on", "fate", "tries"),
    [
        ("all", "exit", 3),
        (["oom", "timeout"], "exit", 1),
        (["exit"], "exit", 3),
        (["oom", "timeout"], "hang", 3),
        (["oom"], "oom", 3),
        (["gpu_oom"], "oom", 1),
        (["nan"], "nan", 3),
    ],
)
def test_only_the_named_causes_are_tried_again(on: Any, fate: str, tries: int) -> None:
    memory = Memory()
    simulate(retrying({"max": 2, "on": on}), loss, world=World(fates={fate: 1.0}), sink=memory)
    assert set(attempts(memory.events).values()) == {tries}


@given(
    retries=st.fixed_dictionaries(
        {"max": st.integers(0, 3), "delay": st.sampled_from([0, 0.5, 30])},
        optional={"on": st.lists(st.sampled_from(RETRIED), min_size=1, unique=True)},
    ),
    workers=st.integers(1, 3),
)
@settings(max_examples=40, deadline=None)
def test_a_retry_waits_for_its_delay_and_all_come_to_an_end(retries: dict[str, Any], workers: int) -> None:
    memory = Memory()
    world = World(fates={"exit": 0.5, "oom": 0.2}, seconds=1.0)
    done = simulate(retrying(retries, workers=workers), loss, workers=workers, world=world, sink=memory)
    assert done.history.finished == "trials"
    assert not done.history.dues.waiting
    assert max(attempts(memory.events).values()) <= retries["max"] + 1
    ended: dict[int, float] = {}
    for event in memory.events:
        at = event.measured.get("at", 0.0)
        if isinstance(event, ev.JobEnded):
            ended[event.trial] = at
        elif isinstance(event, ev.JobPlanned) and event.attempt:
            assert at >= ended[event.trial] + retries["delay"] - 1e-9
    assert replay(memory.events).differences == ()


def test_while_one_waits_the_others_go_on() -> None:
    memory = Memory()
    world = World(fates={"exit": 1.0}, seconds=1.0)
    simulate(retrying({"max": 1, "delay": "10m"}, workers=1), loss, workers=1, world=world, sink=memory)
    kinds = [(type(event), getattr(event, "trial", None)) for event in memory.events]
    timer = next(n for n, event in enumerate(memory.events) if isinstance(event, ev.TimerFired))
    planned = [n for n, (kind, _) in enumerate(kinds) if kind is ev.TrialPlanned]
    assert max(planned) < timer, "a slot stood idle although new trials were due"


def test_a_resume_does_not_wait_again() -> None:
    memory = Memory()
    world = World(fates={"exit": 1.0}, seconds=1.0)
    simulate(retrying({"max": 1, "delay": "10m"}), loss, world=world, sink=memory)
    cut = next(n for n, event in enumerate(memory.events) if isinstance(event, ev.TimerFired))
    history = fold([*memory.events[:cut], ev.StudyResumed([])])
    assert history.dues.to_retry
    assert not history.dues.waiting


def test_who_asks_has_a_clock_of_their_own() -> None:
    tuner = Tuner(retrying({"max": 1, "delay": "1h"}, limits={"trials": 1}))
    job = tuner.ask()
    assert job is not None
    tuner.fail(job, "oom")
    again = tuner.ask()
    assert again is not None
    assert (again.trial_id, again.attempt) == (0, 1)
    tuner.fail(again, "oom")
    assert tuner.done


def test_a_number_is_the_short_form_and_stays_one() -> None:
    assert retrying(2).to_dict()["trial"]["retries"] == 2
    assert retrying({"max": 2}) == retrying(2)
    long = retrying({"max": 2, "on": ["oom", "signal"], "delay": "30s"})
    assert long.to_dict()["trial"]["retries"] == {"max": 2, "on": ["oom", "signal"], "delay": 30.0}
    assert Study.from_dict(long.to_dict()) == long
    assert {cause for cause in RETRIED if long.trial.retries.covers(cause)} == set(family(["oom", "signal"]))


@pytest.mark.parametrize(
    ("retries", "words"),
    [
        ({"max": 1, "on": ["ooom"]}, "did you mean 'oom'"),
        ({"max": 1, "on": []}, "empty"),
        ({"max": 1, "on": "interrupted"}, "no cause 'interrupted'"),
        ({"max": -1}, "at least 0"),
        ({"mox": 1}, "'max'"),
        ("often", "whole number"),
        ({"max": 1, "delay": "soon"}, "duration"),
    ],
)
def test_mistakes_are_named(retries: Any, words: str) -> None:
    with pytest.raises(StudyError) as refused:
        retrying(retries)
    text = " ".join(f"{problem.message} {problem.remedy}" for problem in refused.value.problems)
    assert words in text
