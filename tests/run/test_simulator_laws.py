"""Laws 2 to 4 over every strategy and scheduler there is, in virtual time: durations at random, stragglers, lost
machines, every way to fail, many workers, and journals that end at any line.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from sessions import Session, bare, outcome

from hpotune.history import History
from hpotune.replay import replay
from hpotune.run.simulator import World
from hpotune.run.simulator.world import Scripted
from hpotune.strategies import SCHEDULERS, SEARCHERS, STRATEGIES
from hpotune.study import Study
from studies import study

# Searchers that learn take milliseconds over a proposal: they begin to early, and see few trials.
_INITIAL = {"gp": {"initial": 3}, "kde": {"initial": 3, "candidates": 8}}
_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "full": [{"stop": {"rule": "median", "after": 2, "every": 1}}, {"stop": {"rule": "percentile", "percentile": 50}}],
    "successive_halving": [{"eta": 2}, {"configurations": 5}],
    "hyperband": [{"eta": 2}, {"brackets": 1}],
    "asha": [{"eta": 2}, {"mode": "stop"}],
}

QUICK = [
    *(name for name, made in STRATEGIES.items() if SEARCHERS[made.searcher].quick),
    *({"searcher": "sobol", "scheduler": name} for name in SCHEDULERS),
    *({"searcher": "random", "scheduler": name, **own} for name in SCHEDULERS for own in _OPTIONS.get(name, [])),
]
LEARNING = [
    {"name": name, **_INITIAL[made.searcher]}
    for name, made in STRATEGIES.items()
    if not SEARCHERS[made.searcher].quick
]  # fmt: skip


def loss(config: Any, budget: float | None, seed: int) -> float:
    """Ties are frequent, curves cross, and some values are not finite."""
    level = round(abs(math.log10(config["lr"]) + 3))
    if seed % 11 == 0 and budget is not None and budget > 2:
        return math.nan
    return level + (seed % 3 + 1) / (budget or 1)


@st.composite
def scenes(draw: st.DrawFn, strategy: Any, *, most: int, own: bool = False) -> tuple[Study, Scripted]:
    """A study and its world. `own`: what a trial does is a function of configuration, seed and budget alone."""
    judged = isinstance(strategy, dict) and "stop" in strategy
    maximum = draw(st.sampled_from([4, 9, 20] if judged else [1, 4, 9, 20]))
    goal = draw(st.sampled_from(["minimize", "maximize"]))
    limits: dict[str, Any] = {"trials": draw(st.integers(1, most))}
    if draw(st.integers(0, 3)) == 0:
        limits["budget"] = draw(st.integers(maximum, 6 * maximum))
    limits["same_failures"] = draw(st.sampled_from([0, 2, 3]))
    if draw(st.integers(0, 3)) == 0 and not own:
        limits |= draw(st.sampled_from([{"failures": 2}, {"time": 15}]))
    metric: dict[str, Any] = {"name": "loss", "goal": goal, "use": draw(st.sampled_from(["last", "best"]))}
    if draw(st.integers(0, 5)) == 0:
        metric["target"] = 1.5 if goal == "minimize" else 3.0
    trial: dict[str, Any] = {"timeout": 60, "grace": 1, "retries": draw(st.integers(0, 2))}
    if draw(st.booleans()):
        trial["retries"] = {
            "max": 2,
            "on": draw(st.sampled_from(["all", ["oom", "exit"]])),
            "delay": 0 if own else draw(st.sampled_from([0, 5])),  # a delay is a timer, and a resume does not wait
        }
    whole = study(
        strategy=strategy,
        metric=metric,
        limits=limits,
        trial=trial | draw(st.sampled_from([{}, {"checkpoints": "all"}, {"checkpoints": 1}])),
        workers=1 if own else draw(st.sampled_from([1, 2, 5, 30])),
        seed=draw(st.integers(0, 4)),
        budget={"name": "epochs", "max": maximum, "resume": draw(st.booleans())},
    )
    fates = draw(
        st.fixed_dictionaries(
            {},
            optional={
                name: st.sampled_from([0.1, 0.3])
                for name in ("exit", "oom", "nan", "no_metric", "hang", *(() if own else ("lost", "crash", "launch")))
            },
        )
    )
    while sum(odds for name, odds in fates.items() if name not in ("lost", "crash")) > 1:
        fates.popitem()
    world = World(
        spread=draw(st.sampled_from([0.0, 0.5, 1.5])),
        reports=draw(st.sampled_from([None, 1, 3])),
        stragglers=0.0 if own else 0.1,
        fates=fates,
    )
    return whole, Scripted(whole, loss, world)


def _check_budget(whole: Study, session: Session) -> None:
    """The limit of the budget is kept after every event."""
    history, limit = History(), whole.limits.budget
    for event in session.journal.events:
        history.fold(event)
        assert limit is None or history.budget_planned <= limit + 1e-9


def _check_ends(strategy: Any, data: st.DataObject, most: int) -> None:
    """Law 4, and law 2 with it."""
    whole, behave = data.draw(scenes(strategy, most=most))
    session = Session(whole, behave)
    history = session.run()
    assert history.finished in {
        "trials",
        "time",
        "target",
        "failures",
        "same_failures",
        "space_exhausted",
        "budget",
        "complete",
    }
    assert not history.open
    assert len(history.trials) <= (whole.limits.trials or 0)
    _check_budget(whole, session)
    assert sum(history.states.values()) == len(history.trials)
    if history.finished not in ("time", "failures", "same_failures", "target"):
        assert not history.states["running"]
        assert not history.states["planned"]
    assert replay(session.journal.events).differences == ()


def _check_cuts(strategy: Any, data: st.DataObject, most: int) -> None:
    """Law 3: a journal that ends at any line, up to twice, leads to the same outcome."""
    whole, behave = data.draw(scenes(strategy, most=most, own=True))
    undisturbed = Session(whole, behave)
    wanted = undisturbed.run()
    cut = Session(whole, behave)
    cut.journal.events = list(undisturbed.journal.events)
    for _ in range(data.draw(st.integers(1, 2))):
        length = data.draw(st.integers(2, len(cut.journal.events)))
        cut.journal.events = cut.journal.events[:length]
        cut.journal.written = length
        history = cut.run()
        assert repr(outcome(history)) == repr(outcome(wanted))
        assert history.finished == wanted.finished
        assert (history.best and history.best.number) == (wanted.best and wanted.best.number)
        assert replay(cut.journal.events).differences == ()


def _check_cuts_with_workers(strategy: Any, data: st.DataObject, most: int) -> None:
    """Law 3 with any number of workers: what was recorded stays, totals are totals, and it ends."""
    whole, behave = data.draw(scenes(strategy, most=most))
    first = Session(whole, behave)
    first.run()
    assume(len(first.journal.events) > 2)
    length = data.draw(st.integers(2, len(first.journal.events)))
    cut = Session(whole, behave)
    cut.journal.events = first.journal.events[:length]
    cut.journal.written = length
    history = cut.run()
    assert repr(cut.journal.events[:length]) == repr(first.journal.events[:length])
    assert history.finished is not None
    assert not history.open
    assert len(history.trials) <= (whole.limits.trials or 0)
    _check_budget(whole, cut)
    assert replay(cut.journal.events).differences == ()


CHECKS = [_check_ends, _check_cuts, _check_cuts_with_workers]
_names = pytest.mark.parametrize("check", CHECKS, ids=["ends", "cuts", "cuts_with_workers"])


@_names
@pytest.mark.parametrize("strategy", QUICK, ids=str)
@settings(max_examples=12, deadline=None, phases=[Phase.generate])
@given(data=st.data())
def test_the_laws_hold_for_every_strategy(check: Any, strategy: Any, data: st.DataObject) -> None:
    check(strategy, data, 14)


@_names
@pytest.mark.parametrize("strategy", LEARNING, ids=str)
@settings(max_examples=3, deadline=None, phases=[Phase.generate])
@given(data=st.data())
def test_the_laws_hold_where_the_searcher_learns(check: Any, strategy: Any, data: st.DataObject) -> None:
    check(strategy, data, 6)


@pytest.mark.parametrize("strategy", QUICK, ids=str)
def test_with_many_workers_decisions_replay(strategy: Any) -> None:
    """Law 2 where it is hardest: two hundred workers, and everything that can go wrong."""
    limits = {"trials": 300}
    changes = {"strategy": strategy, "limits": limits, "workers": 200, "trial": {"timeout": 90, "retries": 1}}
    whole = study(budget={"name": "epochs", "max": 9}, **changes)
    fates: Any = {"exit": 0.1, "hang": 0.05, "lost": 0.1, "crash": 0.1}
    session = Session(whole, Scripted(whole, loss, World(spread=1.0, stragglers=0.1, reports=2, fates=fates)))
    history = session.run()
    assert history.finished is not None
    assert replay(session.journal.events).differences == ()
    assert bare(session.journal.events) != session.journal.events, "times are noted"


@pytest.mark.parametrize("strategy", [{"name": "asha", "mode": "stop"}, {"name": "random", "stop": {"rule": "median"}}])
@pytest.mark.parametrize("seed", range(3))
def test_a_kill_between_a_report_and_the_stop_that_it_calls_for_changes_no_outcome(strategy: Any, seed: int) -> None:
    """The rungs that one late report enters at once, and a script that cannot go on: the next attempt is judged too."""
    budget = {"name": "epochs", "max": 20, "resume": False}
    settings = {"retries": 1, "timeout": 600}
    whole = study(strategy=strategy, budget=budget, limits={"trials": 10}, workers=1, seed=seed, trial=settings)
    behave = Scripted(whole, loss, World(spread=1.5, reports=1, fates={"oom": 0.3}))
    undisturbed = Session(whole, behave)
    wanted = undisturbed.run()
    for length in range(2, len(undisturbed.journal.events)):
        cut = Session(whole, behave)
        cut.journal.events = undisturbed.journal.events[:length]
        cut.journal.written = length
        assert repr(outcome(cut.run())) == repr(outcome(wanted)), f"cut after {length} lines"
