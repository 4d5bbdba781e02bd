"""`decide`, as a table: after which events, with which wish of the scheduler, which action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from histories import Tale

from hpotune import events as ev
from hpotune.events import Budget, Event
from hpotune.history import History
from hpotune.schedulers import Drop, New, Nothing, Pause, Promote, Room, Stop, Wish
from hpotune.tuner import Action, Finish, Interrupt, Launch, Propose, Wait, decide

BUDGET: dict[str, Any] = {"budget": {"name": "epochs", "max": 9}}
TARGET = {"metric": {"name": "loss", "goal": "minimize", "target": 0.5}}


@dataclass(frozen=True)
class Wishing:
    """A scheduler with one wish."""

    wish: Wish
    levels: ClassVar[tuple[Budget, ...]] = ()
    needs_reports: ClassVar[bool] = False

    def initial(self) -> None:
        pass

    def step(self, state: None, event: Event, history: History) -> None:
        pass

    def decide(self, state: None, room: Room) -> Wish:
        if isinstance(self.wish, New) and not room.takes_new(self.wish.budget):
            return Nothing()
        return self.wish


def action(tale: Tale, wish: Wish | None = None) -> Action:
    return decide(tale.history, Wishing(New(None) if wish is None else wish), None)


def tale(*steps: Callable[[Tale], object], workers: int = 2, **study: Any) -> Tale:
    made = Tale(workers=workers, **{"limits": {"trials": 4}, **study})
    for step in steps:
        step(made)
    return made


# Steps of a tale


def planned(t: Tale) -> None:
    t.plan()


def running(t: Tale) -> None:
    t.launch(t.plan())


def completed(t: Tale) -> None:
    t.completed(0.9)


def good(t: Tale) -> None:
    t.completed(0.5)


def failed(t: Tale) -> None:
    t.failed()


def interrupted(t: Tale) -> None:
    trial = t.plan()
    t.launch(trial)
    t.end(trial, "interrupted", "time")


def to_promote(t: Tale) -> None:
    trial = t.plan(budget=3)
    t.launch(trial, to=3)
    t.report(trial, 0.9, 3)
    t.end(trial)
    t.tell(ev.TrialPromoted(trial, 9, {}, t.history.n))


def drain(t: Tale) -> None:
    t.tell(ev.SignalReceived("SIGINT", "drain"))


def stop_now(t: Tale) -> None:
    t.tell(ev.SignalReceived("SIGTERM", "stop"))


def time_up(t: Tale) -> None:
    t.tell(ev.TimerFired("time_limit"))


def exhausted(t: Tale) -> None:
    t.tell(ev.SpaceExhausted("all", t.history.n))


def stopped(t: Tale) -> None:
    t.tell(ev.TrialStopped(next(iter(t.history.open)), {}, t.history.n))


def finished(t: Tale) -> None:
    t.finish("trials")


TABLE: list[tuple[str, list[Callable[[Tale], object]], dict[str, Any], Action]] = [
    # new trials
    ("nothing yet: a proposal", [], {}, Propose(0, None)),
    ("a slot is left", [running], {}, Propose(1, None)),
    ("every slot is taken", [running, running], {}, Wait()),
    ("a slot comes free", [running, completed], {}, Propose(2, None)),
    # what is planned comes first
    ("a planned trial is launched", [planned], {}, Launch(0, 0, 0, None, None, "first")),
    ("before what was interrupted", [interrupted, planned], {}, Launch(1, 0, 0, None, None, "first")),
    ("but only into a free slot", [running, running, planned], {}, Wait()),
    ("the earliest first", [planned, planned], {}, Launch(0, 0, 0, None, None, "first")),
    ("with a budget, from 0", [lambda t: t.plan(budget=9)], BUDGET, Launch(0, 0, 0, 0, 9, "first")),
    ("a promotion that was decided", [to_promote], BUDGET, Launch(0, 1, 0, 3, 9, "promotion")),
    (
        "from 0 again, if the script cannot go on",
        [to_promote],
        {"budget": {"name": "epochs", "max": 9, "resume": False}},
        Launch(0, 1, 0, 0, 9, "promotion"),
    ),
    ("a first launch before a promotion", [to_promote, planned], BUDGET, Launch(1, 0, 0, None, None, "first")),
    # another attempt
    ("what was interrupted is run again", [interrupted], {}, Launch(0, 0, 1, None, None, "resume")),
    ("what failed is tried again", [failed], {"trial": {"retries": 1}}, Launch(0, 0, 1, None, None, "retry")),
    (
        "the interrupted before the failed",
        [failed, interrupted],
        {"trial": {"retries": 1}},
        Launch(1, 0, 1, None, None, "resume"),
    ),
    ("into a free slot", [interrupted, running, running], {}, Wait()),
    ("though no new trial may come", [interrupted], {"limits": {"trials": 1}}, Launch(0, 0, 1, None, None, "resume")),
    (
        "also a failed one",
        [failed],
        {"limits": {"trials": 1}, "trial": {"retries": 1}},
        Launch(0, 0, 1, None, None, "retry"),
    ),
    ("without a retry: a new one", [failed], {}, Propose(1, None)),
    # the limits of trials, budget and space
    ("enough trials are out", [running], {"limits": {"trials": 1}}, Wait()),
    ("enough trials: done", [completed, failed], {"limits": {"trials": 2}}, Finish("trials")),
    ("the space is exhausted, one is out", [running, exhausted], {}, Wait()),
    ("the space is exhausted: done", [completed, exhausted], {}, Finish("space_exhausted")),
    ("trials are told before the space", [completed, exhausted], {"limits": {"trials": 1}}, Finish("trials")),
    (
        "the budget is spent",
        [lambda t: t.launch(t.plan(budget=9), to=9), lambda t: t.report(0, 0.1, 9), lambda t: t.end(0)],
        {**BUDGET, "limits": {"budget": 9}},
        Finish("budget"),
    ),
    (
        "the budget is not spent",
        [lambda t: t.launch(t.plan(budget=9), to=9)],
        {**BUDGET, "limits": {"budget": 10}},
        Propose(1, None),
    ),
    # the limit of failures
    ("too many failed: done", [failed, failed], {"limits": {"trials": 9, "failures": 2}}, Finish("failures")),
    (
        "too many failed: the others end now",
        [running, failed, failed],
        {"limits": {"trials": 9, "failures": 2}},
        Interrupt("failures"),
    ),
    ("not too many", [failed], {"limits": {"trials": 9, "failures": 2}}, Propose(1, None)),
    (
        "a failure that is tried again does not count",
        [failed],
        {"limits": {"trials": 9, "failures": 1}, "trial": {"retries": 1}},
        Launch(0, 0, 1, None, None, "retry"),
    ),
    # time and signals
    ("time is up: the running end now", [running, time_up], {}, Interrupt("time")),
    ("time is up, nothing is out", [completed, time_up], {}, Finish("time")),
    ("time is up: nothing is launched", [planned, time_up], {}, Finish("time")),
    ("stop: the running end now", [running, stop_now], {}, Interrupt("interrupted")),
    ("stop, nothing is out", [interrupted, stop_now], {}, Finish("interrupted")),
    ("drain: the running are waited for", [running, drain], {}, Wait()),
    ("drain: nothing is launched", [planned, interrupted, drain], {}, Finish("interrupted")),
    ("drain, then stop", [running, drain, stop_now], {}, Interrupt("interrupted")),
    ("time is up while draining", [running, drain, time_up], {}, Interrupt("time")),
    # the target
    ("the target is reached: the others are stopped", [running, good], TARGET, Stop(0, {"rule": "target"})),
    ("one by one", [running, running, good, stopped], {**TARGET, "workers": 3}, Stop(1, {"rule": "target"})),
    ("and waited for", [running, good, stopped], TARGET, Wait()),
    ("the target is reached, nothing is out", [good], TARGET, Finish("target")),
    ("though something is planned", [good, planned], TARGET, Finish("target")),
    ("it is not reached", [completed], TARGET, Propose(1, None)),
    ("time goes before the target", [running, good, time_up], TARGET, Interrupt("time")),
    ("the target before a drain", [running, good, drain], TARGET, Stop(0, {"rule": "target"})),
    ("the target before the limit of trials", [good], {**TARGET, "limits": {"trials": 1}}, Finish("target")),
    # the end
    ("after the end there is nothing to do", [completed, finished], {}, Wait()),
    ("not even for what is planned", [planned, interrupted, finished], {}, Wait()),
    ("a resume goes on", [completed, finished, lambda t: t.tell(ev.StudyResumed([]))], {}, Propose(1, None)),
]


@pytest.mark.parametrize(("steps", "study", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_action_that_comes_first(
    steps: list[Callable[[Tale], object]], study: dict[str, Any], expected: Action
) -> None:
    workers = study.get("workers", 2)
    study = {key: value for key, value in study.items() if key != "workers"}
    assert action(tale(*steps, workers=workers, **study)) == expected


@pytest.mark.parametrize(
    ("steps", "wish", "expected"),
    [
        ([running], Stop(0, {"rung": 1}), Stop(0, {"rung": 1})),
        ([running, running], Stop(1, {}), Stop(1, {})),  # even with every slot taken
        ([running, running], Pause(0, {}), Pause(0, {})),
        ([running, planned], Stop(0, {}), Stop(0, {})),  # a trial that is judged runs no further
        ([running, interrupted], Stop(0, {}), Stop(0, {})),
        ([completed], Promote(0, 9, {"rank": 1}), Promote(0, 9, {"rank": 1})),
        ([completed, running, running], Promote(0, 9, {}), Wait()),
        ([completed, interrupted], Promote(0, 9, {}), Launch(1, 0, 1, None, None, "resume")),
        ([completed] * 4, Promote(0, 9, {}), Promote(0, 9, {})),  # the limit of trials is for new ones
        ([completed, exhausted], Promote(0, 9, {}), Promote(0, 9, {})),
        ([], New(3), Propose(0, 3)),
        ([], New(3, {"bracket": 1}), Propose(0, 3, {"bracket": 1})),
        ([running], Nothing(), Wait()),
        ([completed], Nothing(), Finish("complete")),
        ([completed] * 4, Nothing(), Finish("complete")),
        ([completed] * 4, New(None), Finish("trials")),
        ([completed], Drop(0, {"rank": 4}), Drop(0, {"rank": 4})),
        ([running, stop_now], Pause(0, {}), Pause(0, {})),  # what has come to its rung is noted first
        ([completed, drain], Promote(0, 9, {}), Finish("interrupted")),
        ([running, stop_now], Stop(0, {}), Interrupt("interrupted")),
    ],
)
def test_what_becomes_of_the_wish_of_a_scheduler(
    steps: list[Callable[[Tale], object]], wish: Wish, expected: Action
) -> None:
    assert action(tale(*steps), wish) == expected


def test_the_target_of_a_metric_to_maximize() -> None:
    study: dict[str, Any] = {"metric": {"name": "accuracy", "goal": "maximize", "target": 0.8}}
    assert action(tale(lambda t: t.completed(0.79), **study)) == Propose(1, None)
    assert action(tale(lambda t: t.completed(0.8), **study)) == Finish("target")


@pytest.mark.parametrize(("use", "expected"), [("last", Propose(1, None)), ("best", Stop(0, {"rule": "target"}))])
def test_a_report_reaches_the_target_only_where_the_best_one_counts(use: str, expected: Action) -> None:
    metric = {"name": "loss", "goal": "minimize", "target": 0.5, "use": use}
    assert action(tale(running, lambda t: t.report(0, 0.4), metric=metric)) == expected


@pytest.mark.parametrize(
    ("limit", "wish", "expected"),
    [
        (18, New(9), Propose(1, 9)),
        (17, New(9), Wait()),
        (17, New(8), Propose(1, 8)),
        (9, New(1), Wait()),
    ],
)
def test_the_limit_of_budget_is_never_exceeded(limit: int, wish: Wish, expected: Action) -> None:
    made = tale(lambda t: t.launch(t.plan(budget=9), to=9), **BUDGET, limits={"budget": limit})
    assert action(made, wish) == expected
    made.report(0, 0.9, 9)
    made.end(0)
    assert action(made, wish) == (Finish("budget") if expected == Wait() else expected)


def test_deciding_changes_nothing() -> None:
    made = tale(running, interrupted, planned)
    before = (
        made.history.n,
        dict(made.history.open),
        list(made.history.dues.unlaunched),
        list(made.history.dues.interrupted),
    )
    assert action(made) == action(made)
    after = (
        made.history.n,
        dict(made.history.open),
        list(made.history.dues.unlaunched),
        list(made.history.dues.interrupted),
    )
    assert before == after
