"""What holds of every run of brackets."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from racing import Race, assert_same_afresh
from rung_tales import assert_in_order, assert_may_drop, fortunes

from hpotune import events as ev
from hpotune.events import Budget
from hpotune.schedulers import Drop, Promote
from hpotune.schedulers.brackets import SynchronousScheduler
from hpotune.schedulers.rungs import brackets, halving, rungs
from hpotune.tuner import Action


@st.composite
def races(draw: st.DrawFn) -> Race:
    """Any rungs, brackets, limits, workers, failures, ties and non-finite losses."""
    eta, maximum = draw(st.integers(2, 4)), draw(st.sampled_from([1, 2, 4, 9, 16, 27, 30]))
    limits = draw(
        st.one_of(
            st.fixed_dictionaries({"trials": st.integers(1, 60)}),
            st.fixed_dictionaries({"budget": st.integers(1, 200)}),
        )
    )
    loss, fate = draw(fortunes())
    levels = rungs(1, maximum, eta)
    plans = draw(st.sampled_from([brackets(levels, eta), (halving(levels, eta),), (halving(levels, eta, 5),)]))
    count = draw(st.none() | st.integers(1, 4))
    scheduler = SynchronousScheduler(plans, eta, count, draw(st.booleans()), draw(st.sampled_from(["auto", "all"])))
    study = {"limits": limits, "trial": {"retries": draw(st.integers(0, 1))}}
    return Race(scheduler, maximum, loss, fate, draw(st.integers(1, 6)), study=study, watch=watch)


def watch(run: Race, action: Action) -> None:
    """What holds at every promotion and drop, told without the scheduler's books."""
    if isinstance(action, Promote):
        reason, trial = action.reason, run.trial(action.trial)
        assert trial.state == "paused"
        assert not trial.dropped
        assert reason["rank"] <= reason["quota"]
        k = reason["rung"]
        others = [other for other in run.history.trials if bracket_of(run, other.number) == reason["bracket"]]
        assert not [other for other in others if len(other.jobs) == k + 1 and other.state in ("planned", "running")]
        assert sum(len(other.jobs) > k + 1 for other in others) < reason["quota"]
    if isinstance(action, Drop):
        assert_may_drop(run, action)


def bracket_of(run: Race, trial: int) -> int:
    planned = next(event for event in run.of(ev.TrialPlanned) if event.trial == trial)
    return int(planned.reason["bracket"])


@settings(max_examples=60, deadline=None)
@given(races())
def test_every_run(run: Race) -> None:
    run.run()
    assert run.history.finished in {"trials", "budget", "complete"}
    assert_in_order(run)
    scheduler = run.scheduler
    sizes = Counter(plan.reason["bracket"] for plan in run.of(ev.TrialPlanned))
    assert list(sizes) == list(range(len(sizes))), "brackets are opened one after the other"
    assert scheduler.count is None or len(sizes) <= scheduler.count
    for number, size in sizes.items():
        planned = scheduler.kinds[number % len(scheduler.kinds)].sizes[0]
        assert size == planned or (size < planned and number == len(sizes) - 1)


@settings(max_examples=60, deadline=None)
@given(races())
def test_without_failures_and_limits_in_the_way_the_jobs_are_those_of_the_plan(run: Race) -> None:
    plan = run.scheduler
    sure = SynchronousScheduler(plan.kinds, plan.eta, 3)
    run = Race(sure, run.maximum, workers=run.workers, study={"limits": {"trials": 100_000}}).run()
    expected: Counter[tuple[Budget, Budget]] = Counter()
    for number in range(3):
        kind = plan.kinds[number % len(plan.kinds)]
        for start, to, size in zip((0, *kind.budgets), kind.budgets, kind.sizes, strict=False):
            expected[start, to] += size
    assert run.jobs() == expected


@settings(max_examples=40, deadline=None)
@given(races())
def test_every_decision_follows_from_the_events_before_it(run: Race) -> None:
    assert_same_afresh(run.run())
