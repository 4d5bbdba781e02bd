"""What holds of every run under ASHA."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from racing import Race, assert_same_afresh
from rung_tales import asha, assert_in_order, assert_may_drop, fortunes

from hpotune.history import trial_loss
from hpotune.schedulers import Drop, Promote
from hpotune.tuner import Action, Propose


@st.composite
def races(draw: st.DrawFn) -> Race:
    """Any rungs, limits, workers, failures, ties and non-finite losses."""
    eta, maximum = draw(st.integers(2, 4)), draw(st.sampled_from([1, 2, 4, 9, 16, 27, 30]))
    trials = draw(st.none() | st.integers(1, 40))
    limits: dict[str, Any] = {} if trials else {"budget": draw(st.integers(1, 150))}
    loss, fate = draw(fortunes())
    return asha(
        maximum,
        eta=eta,
        trials=trials,
        limits=limits,
        workers=draw(st.integers(1, 6)),
        checkpoints=draw(st.sampled_from(["auto", "all", 1, 3])),
        resume=draw(st.booleans()),
        loss=loss,
        fate=fate,
        study={"trial": {"retries": draw(st.integers(0, 1))}},
        watch=watch,
    )


def watch(run: Race, action: Action) -> None:
    """The rule, told without the scheduler's books, at every promotion, drop and new trial."""
    due = {trial: k for k in range(len(run.scheduler.levels) - 1) for trial in eligible(run, k)}
    if isinstance(action, Promote) and action.reason["rule"] == "rung":
        reason = action.reason
        assert due[action.trial] == reason["rung"] == run.scheduler.levels.index(action.to) - 1
        assert reason["rank"] <= reason["quota"] == reason["of"] // run.scheduler.eta
        assert action.trial == eligible(run, reason["rung"])[0]
    if isinstance(action, Propose | Promote) and getattr(action, "reason", {}).get("rule") != "rung":
        limited = run.declared.limits.budget is not None
        assert limited or not due, "a promotion was due"
    if isinstance(action, Drop):
        assert_may_drop(run, action)


def eligible(run: Race, k: int) -> list[int]:
    """Who may go on from rung k, the best first."""
    entries = sorted(entry for entry in (arrived(run, trial, k) for trial in run.history.trials) if entry)
    best = entries[: len(entries) // run.scheduler.eta]
    return [
        number
        for loss, number in best
        if loss < math.inf and run.trial(number).state == "paused"
        if len(run.trial(number).jobs) == k + 1
    ]


def arrived(run: Race, trial: Any, k: int) -> tuple[float, int] | None:
    """The entry of a trial in rung k, if it has arrived there."""
    if k >= len(trial.jobs):
        return None
    job = trial.jobs[k]
    if len(trial.jobs) > k + 1 or trial.state in ("paused", "completed"):
        loss = trial_loss(trial, "last", job.to)
        return (math.inf if loss is None else loss, trial.number)
    return (math.inf, trial.number) if trial.state == "failed" else None


@settings(max_examples=60, deadline=None)
@given(races())
def test_every_run(run: Race) -> None:
    run.run()
    assert run.history.finished in {"trials", "budget"}
    assert_in_order(run)
    for trial in run.history.trials:
        assert [job.to for job in trial.jobs] == list(run.scheduler.levels[: len(trial.jobs)])
        at_top = len(trial.jobs) == len(run.scheduler.levels)
        assert trial.state in ("completed" if at_top else "paused", "failed")
    if run.declared.limits.budget is None and any(trial.state != "failed" for trial in run.history.trials):
        failed = [trial for trial in run.history.trials if trial.state == "failed"]
        assert len(failed) >= run.scheduler.eta or "completed" in {trial.state for trial in run.history.trials}


@settings(max_examples=40, deadline=None)
@given(races())
def test_every_decision_follows_from_the_events_before_it(run: Race) -> None:
    assert_same_afresh(run.run())


@settings(max_examples=40, deadline=None)
@given(races())
def test_a_trial_that_is_promoted_all_the_way_trains_the_largest_budget_in_all(run: Race) -> None:
    """Unless it had to start anew, since its checkpoint was gone."""
    run.run()
    dropped = set(run.dropped())
    for trial in run.history.trials:
        if run.scheduler.resume and trial.number not in dropped and not any(job.fresh for job in trial.jobs):
            starts = [job.start for job in trial.jobs]
            assert starts == [0, *(job.to for job in trial.jobs[:-1])][: len(starts)]
