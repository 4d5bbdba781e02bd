"""What the history makes of rungs: values on the way, dropped checkpoints, attempts that start afresh."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import History
from hpotune.schedulers import FullScheduler
from hpotune.tuner import Launch, decide
from studies import study

BUDGET = {"name": "epochs", "max": 27}


def history(*events: Event, levels: tuple[float, ...] = (), **changes: Any) -> History:
    made = History()
    whole = study(**{"budget": BUDGET, **changes})
    made.fold(ev.StudyStarted(ev.FORMAT, whole.to_dict(), 7))
    made.levels = levels
    for event in (ev.Capacity(2), *events):
        made.fold(event)
    return made


def planned(trial: int = 0) -> ev.TrialPlanned:
    return ev.TrialPlanned(trial, {"lr": 0.1, "batch": 16}, "search", 1, budget=27)


def job(start: float = 0, to: float = 27, *, number: int = 0, attempt: int = 0, fresh: bool = False) -> ev.JobPlanned:
    return ev.JobPlanned(0, number, attempt, start, to, "first", 1, fresh)


def reports(*pairs: tuple[float, float], number: int = 0, attempt: int = 0) -> list[Event]:
    return [ev.Reported(0, number, attempt, budget, value) for budget, value in pairs]


def rows(made: History) -> list[tuple[int, float, float]]:
    results = made.observations(results=True).results
    assert results is not None
    return list(zip(results.trials.tolist(), results.budgets.tolist(), results.losses.tolist(), strict=True))


LEVELS = (1, 3, 9, 27)


def test_a_running_trial_has_a_value_at_every_level_that_it_has_come_to() -> None:
    made = history(planned(), job(), *reports((1, 0.9), (2, 0.8), (3, 0.7), (4, 0.6)), levels=LEVELS)
    assert rows(made) == [(0, 1, 0.9), (0, 3, 0.7)]
    for event in (*reports((10, 0.5), (27, 0.4)), ev.JobEnded(0, 0, 0, "completed")):
        made.fold(event)
    assert rows(made) == [(0, 1, 0.9), (0, 3, 0.7), (0, 9, 0.6), (0, 27, 0.4)], "at 9 the last report up to it counts"


def test_without_levels_only_ends_count() -> None:
    made = history(planned(), job(), *reports((1, 0.9), (27, 0.4)), ev.JobEnded(0, 0, 0, "completed"))
    assert rows(made) == [(0, 27, 0.4)]


def test_a_report_that_skips_levels_and_a_nan_on_the_way() -> None:
    made = history(planned(), job(), *reports((2, 0.8), (5, np.nan), (12, 0.5)), levels=LEVELS)
    assert rows(made) == [(0, 1, 0.8), (0, 9, 0.8)], "at 3 it had diverged; up to 9 the last finite one counts"


def test_another_attempt_gives_no_second_value_at_a_level() -> None:
    made = history(
        planned(), job(), *reports((1, 0.9)), ev.JobEnded(0, 0, 0, "interrupted", "tuner_died"), levels=LEVELS
    )
    for event in (job(attempt=1), *reports((1, 0.9), (3, 0.7), attempt=1)):
        made.fold(event)
    assert rows(made) == [(0, 1, 0.9), (0, 3, 0.7)]


def test_levels_below_a_continued_job_are_not_told_again() -> None:
    end = ev.JobEnded(0, 0, 0, "completed")
    made = history(planned(), job(to=3), *reports((3, 0.7)), end, job(3, 27, number=1), levels=LEVELS)
    for event in reports((4, 0.6), (9, 0.5), number=1):
        made.fold(event)
    assert rows(made) == [(0, 1, 0.7), (0, 3, 0.7), (0, 9, 0.5)]


def failed(attempt: int, cause: str = "exit") -> ev.JobEnded:
    return ev.JobEnded(0, 0, attempt, "failed", cause, code=1)


def next_launch(made: History) -> Launch:
    action = decide(made, FullScheduler(27), None)
    assert isinstance(action, Launch)
    return action


@pytest.mark.parametrize(("second", "start", "fresh"), [("exit", 0, True), ("oom", 9, False)])
def test_two_failures_of_one_kind_are_retried_from_nothing(second: str, start: int, *, fresh: bool) -> None:
    trial = {"retries": 3}
    made = history(planned(), job(9), failed(0), trial=trial)
    launch = next_launch(made)
    assert (launch.cause, launch.start, launch.fresh) == ("retry", 9, False)
    for event in (job(9, attempt=1), failed(1, second)):
        made.fold(event)
    launch = next_launch(made)
    assert (launch.cause, launch.start, launch.fresh) == ("retry", start, fresh)


def test_a_fresh_attempt_that_never_started_is_fresh_again() -> None:
    made = history(planned(), job(9), failed(0), job(9, attempt=1), failed(1), trial={"retries": 3})
    made.fold(job(0, attempt=2, fresh=True))
    made.fold(ev.JobEnded(0, 0, 2, "interrupted", "tuner_died"))
    assert (next_launch(made).start, next_launch(made).fresh) == (0, True)
    made.fold(job(0, attempt=3, fresh=True))
    made.fold(ev.JobStarted(0, 0, 3, "local"))
    made.fold(ev.JobEnded(0, 0, 3, "interrupted", "tuner_died"))
    assert (next_launch(made).start, next_launch(made).fresh) == (0, False)
    assert made.budget_planned == 27 - 9, "a job that is run again is counted once"


def test_a_script_that_starts_over_is_counted_from_zero() -> None:
    end = ev.JobEnded(0, 0, 0, "completed")
    made = history(planned(), job(to=9), *reports((9, 0.5)), end, job(9, 27, number=1), *reports((27, 0.4), number=1))
    assert made.budget_planned == 27
    made.fold(ev.JobEnded(0, 1, 0, "completed", notes={"started_over": True, "repeated": 9}))
    assert made.budget_planned == 9 + 27


def test_a_promoted_trial_whose_checkpoint_is_gone_starts_at_zero() -> None:
    end = ev.JobEnded(0, 0, 0, "completed")
    made = history(
        planned(), job(to=9), *reports((9, 0.5)), end, ev.TrialPaused(0, {}, 5), ev.CheckpointDropped(0, {}, 6)
    )
    assert made.trials[0].dropped
    made.fold(ev.TrialPromoted(0, 27, {}, 7))
    launch = next_launch(made)
    assert (launch.start, launch.to, launch.cause, launch.fresh) == (0, 27, "promotion", True)
    made.fold(job(0, 27, number=1, fresh=True))
    assert not made.trials[0].dropped
    assert made.budget_planned == 9 + 27
