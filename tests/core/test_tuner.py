"""The public Python API, as DESIGN §8 has it: the loop, workers, and how a job ends."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from asking import BUDGET, DECLARED, LOSS, asked, tuner

import hpotune
from hpotune.errors import UsageError

# The loop of the design


def test_the_loop_as_the_design_writes_it(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(json.dumps({**DECLARED, "budget": BUDGET}))
    study = hpotune.load_study(tmp_path / "study.yaml")
    tuner = hpotune.Tuner(study)
    told = {}
    while not tuner.done:
        job = tuner.ask()
        if job is None:
            break
        assert isinstance(job, hpotune.Job)
        assert (job.previous_budget, job.budget) == (0, 9)
        value = 1 / job.config["hidden"]
        for epoch in (3, 9):
            assert tuner.report(job, epoch, value * epoch / 9)
        told[job.trial_id] = value
        tuner.tell(job, value)
    assert list(told) == [0, 1, 2, 3, 4, 5]
    best = max(told, key=told.__getitem__)
    assert tuner.best is not None
    assert (tuner.best.trial_id, tuner.best.value, tuner.best.budget) == (best, told[best], 9)
    assert tuner.best.config == tuner.history.trials[best].config
    assert tuner.history.finished == "trials"
    assert tuner.history.states["completed"] == 6
    assert tuner.ask() is None
    assert tuner.done


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = """
import sys, hpotune
print(sorted({"numpy", "scipy", "pydantic", "yaml", "typer"} & set(sys.modules)))
print(hpotune.__version__, "Tuner" in dir(hpotune))
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["[]", f"{hpotune.__version__} True"]


def test_a_name_that_the_package_does_not_have() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Tunner'"):
        hpotune.Tunner  # noqa: B018


def test_a_job_without_a_budget() -> None:
    job = asked(tuner())
    assert (job.trial_id, job.previous_budget, job.budget) == (0, None, None)
    assert set(job.config) == {"lr", "hidden"}
    assert 0 <= job.seed < 2**31
    assert (job.job, job.attempt, job.id) == (0, 0, (0, 0, 0))


def test_there_is_no_best_before_the_first_value() -> None:
    made = tuner()
    assert made.best is None
    job = asked(made)
    made.report(job, None, 0.5)
    assert made.best is None
    made.fail(job)
    assert made.best is None
    job = asked(made)
    made.tell(job, 0.25)
    assert made.best is not None
    assert (made.best.trial_id, made.best.value, made.best.config) == (1, 0.25, job.config)
    assert made.best.budget is None


@pytest.mark.parametrize(("goal", "expected"), [("maximize", 0.9), ("minimize", 0.1)])
def test_values_have_the_metrics_own_sign(goal: str, expected: float) -> None:
    made = tuner(metric={"name": "x", "goal": goal}, limits={"trials": 3})
    for value in (0.5, 0.1, 0.9):
        made.tell(asked(made), value)
    assert made.best is not None
    assert made.best.value == expected
    assert [made.history.value(trial.loss) for trial in made.history.trials] == [0.5, 0.1, 0.9]


def test_equal_values_go_to_the_earlier_trial() -> None:
    made = tuner(limits={"trials": 3})
    for value in (0.1, 0.5, 0.5):
        made.tell(asked(made), value)
    assert made.best is not None
    assert made.best.trial_id == 1


# Workers


def test_as_many_jobs_are_out_as_there_are_workers() -> None:
    made = tuner(workers=3, limits={"trials": 4})
    jobs = [asked(made) for _ in range(3)]
    assert made.ask() is None
    assert not made.done
    made.tell(jobs[1], 0.5)
    assert asked(made).trial_id == 3
    assert made.ask() is None


def test_with_all_trials_out_there_is_nothing_to_ask_for_but_it_is_not_done() -> None:
    made = tuner(workers=3, limits={"trials": 2})
    one, two = asked(made), asked(made)
    assert made.ask() is None
    assert not made.done
    made.tell(one, 0.5)
    assert made.ask() is None
    assert not made.done
    made.tell(two, 0.5)
    assert made.done


def test_workers_of_the_call_go_before_the_studys() -> None:
    study = hpotune.Study.from_dict({**DECLARED, "workers": 1})
    made = hpotune.Tuner(study, workers=2)
    asked(made)
    asked(made)
    assert made.ask() is None
    assert made.history.workers == 2


@pytest.mark.parametrize("workers", [0, -1])
def test_a_tuner_without_workers_is_refused(workers: int) -> None:
    with pytest.raises(UsageError, match="workers"):
        hpotune.Tuner(hpotune.Study.from_dict(DECLARED), workers=workers)


def test_a_single_worker_is_never_told_to_wait_for_itself() -> None:
    made = tuner(workers=1, limits={"trials": 30}, trial={"retries": 1})
    outcomes = [0.5, None, math.nan, math.inf]
    for number in range(100):
        job = made.ask()
        if job is None:
            break
        made.tell(job, outcomes[number % 4])
    assert made.done
    assert len(made.history.trials) == 30


# Ending a job


def test_a_job_is_told_once() -> None:
    made = tuner()
    job = asked(made)
    made.tell(job, 0.5)
    for again in (
        lambda: made.tell(job, 0.6),
        lambda: made.tell(job),
        lambda: made.tell(job, None),
        lambda: made.fail(job),
        lambda: made.report(job, None, 0.6),
    ):
        with pytest.raises(UsageError, match="trial 0 has no such job out"):
            again()
    assert made.history.reports == 1


def test_a_job_of_an_earlier_attempt_is_not_out() -> None:
    made = tuner(trial={"retries": 1})
    first = asked(made)
    made.fail(first)
    second = asked(made)
    assert (second.trial_id, second.attempt, second.config, second.seed) == (0, 1, first.config, first.seed)
    with pytest.raises(UsageError, match="attempt 0"):
        made.tell(first, 0.9)
    made.tell(second, 0.5)
    assert made.best is not None
    assert made.best.value == 0.5


def test_a_job_of_another_tuner_is_not_out() -> None:
    other = tuner(workers=2)
    asked(other)
    with pytest.raises(UsageError, match="trial 1 has no such job out"):
        tuner().tell(asked(other), 0.5)


def test_without_a_value_the_reports_value_stands() -> None:
    for use, expected in (("last", 0.7), ("best", 0.8)):
        made = tuner(metric={"name": "x", "goal": "maximize", "use": use}, budget=BUDGET)
        job = asked(made)
        for epoch, value in enumerate([0.1, 0.8, 0.7], 1):
            made.report(job, epoch, value)
        made.tell(job)
        assert made.best is not None
        assert (made.best.value, made.best.budget) == (expected, 9)


def test_a_job_that_ends_without_any_report_has_failed() -> None:
    made = tuner()
    made.tell(asked(made))
    assert made.history.trials[0].cause == "no_metric"


@pytest.mark.parametrize(
    ("value", "cause"), [(None, "no_metric"), (math.nan, "nan"), (math.inf, "nan"), (-math.inf, "nan")]
)
def test_a_value_that_is_none_is_a_failure(value: float | None, cause: str) -> None:
    made = tuner()
    made.tell(asked(made), value)
    trial = made.history.trials[0]
    assert (trial.state, trial.cause) == ("failed", cause)
    assert made.best is None


def test_told_none_after_reports_the_job_has_failed_all_the_same() -> None:
    made = tuner(metric={**LOSS, "use": "best"})
    for value in (None, math.nan):
        job = asked(made)
        made.report(job, None, 0.5)
        made.tell(job, value)
    assert made.history.states["failed"] == 2
    assert made.best is None


def test_a_failure_is_tried_again_as_often_as_the_study_says() -> None:
    made = tuner(trial={"retries": 2}, limits={"trials": 1})
    for attempt in range(3):
        job = asked(made)
        assert (job.trial_id, job.attempt) == (0, attempt)
        made.report(job, None, 0.5)
        made.fail(job, "oom", "CUDA out of memory")
    assert made.done
    assert made.history.trials[0].cause == "oom"
    assert made.history.finished == "trials"


def test_the_causes_of_a_failure_are_the_known_ones() -> None:
    made = tuner()
    job = asked(made)
    with pytest.raises(UsageError, match=r"unknown cause 'tired'.*\n.*timeout"):
        made.fail(job, "tired")
    made.fail(job, "stall")
    assert made.history.causes["stall"] == 1
