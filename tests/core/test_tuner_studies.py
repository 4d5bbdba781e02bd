"""The public Python API with budgets and promotions, where configurations and seeds come from, and the sink."""

from __future__ import annotations

import json
import math
from typing import Any, ClassVar

import numpy as np
import pytest
from asking import BUDGET, DECLARED, LOSS, asked, tuner

import hpotune
from hpotune import events as ev
from hpotune import strategies
from hpotune.errors import StudyError, UsageError
from hpotune.events import Budget, Event
from hpotune.history import History, Observations, fold
from hpotune.keys import Key
from hpotune.replay import replay
from hpotune.schedulers import New, Nothing, Promote, Room, Wish
from hpotune.searchers import Answer, Proposal
from hpotune.space import Space
from hpotune.strategies import SchedulerKind, SearcherKind
from hpotune.tuner import Ledger, Memory

# Budgets and reports


def test_a_report_says_whether_to_go_on() -> None:
    made = tuner(metric={**LOSS, "target": 0.2, "use": "best"}, workers=2, budget=BUDGET)
    one, two = asked(made), asked(made)
    assert made.report(one, 1, 0.5)
    assert made.report(two, 1, 0.2) is False
    assert made.report(one, 2, 0.1) is False, "stopped as well, because another one reached the target"
    assert made.history.trials[0].state == "stopped"
    made.tell(one, 0.01)
    made.fail(two)
    assert made.history.finished == "target"
    assert [trial.state for trial in made.history.trials] == ["stopped", "stopped"]
    assert made.best is not None
    assert (made.best.trial_id, made.best.value) == (1, 0.2), "what was reported after the stop does not count"


def test_reports_may_carry_other_numbers_and_numpys() -> None:
    memory = Memory()
    made = tuner(sink=memory, budget=BUDGET)
    job = asked(made)
    made.report(job, np.int64(3), np.float32(0.5), lr=np.float32(0.25), loss=math.nan)
    made.tell(job, np.float64(0.5))
    lines = [json.dumps(ev.encode(n, event), allow_nan=False) for n, event in enumerate(memory.events)]
    report = next(json.loads(line) for line in lines if '"event": "reported"' in line)
    assert (report["budget"], report["value"], report["also"]) == (3, 0.5, {"lr": 0.25, "loss": "nan"})


class _Halving:
    """Trains two trials to 3, then the better one to 9; its state is the events."""

    levels: ClassVar[tuple[Budget, ...]] = (3, 9)
    needs_reports: ClassVar[bool] = False

    def initial(self) -> tuple[Event, ...]:
        return ()

    def step(self, state: tuple[Event, ...], event: Event, history: History) -> tuple[Event, ...]:
        return (*state, event)

    def decide(self, state: tuple[Event, ...], room: Room) -> Wish:
        planned = [event for event in state if isinstance(event, ev.TrialPlanned)]
        ended = [event for event in state if isinstance(event, ev.JobEnded)]
        if len(planned) < 2:
            return New(3)
        if len(ended) == 2 and not any(isinstance(event, ev.TrialPromoted) for event in state):
            values = {event.trial: event.value for event in state if isinstance(event, ev.Reported)}
            return Promote(min(values, key=values.__getitem__), 9, {"of": 2})
        return Nothing()


@pytest.fixture
def halving(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A study with a scheduler that promotes, which the table does not hold."""
    kinds = {
        **strategies.SCHEDULERS,
        "halving": SchedulerKind(lambda study, chosen: _Halving(), "for tests", needs_budget=True),
    }
    monkeypatch.setattr(strategies, "SCHEDULERS", kinds)
    return {"strategy": {"searcher": "random", "scheduler": "halving"}, "budget": BUDGET, "metric": LOSS}


def test_a_promoted_trial_goes_on_from_its_budget(halving: dict[str, Any]) -> None:
    memory = Memory()
    made = tuner(sink=memory, **halving)
    jobs = []
    for value in (0.4, 0.3, 0.35):
        job = asked(made)
        jobs.append(job)
        made.tell(job, value)
    assert [(job.trial_id, job.job, job.previous_budget, job.budget) for job in jobs] == [
        (0, 0, 0, 3),
        (1, 0, 0, 3),
        (1, 1, 3, 9),
    ]
    assert jobs[1].config == jobs[2].config
    assert jobs[1].seed == jobs[2].seed
    assert made.done
    assert made.history.finished == "complete"
    assert made.best is not None
    assert (made.best.trial_id, made.best.value, made.best.budget) == (1, 0.35, 9)
    assert made.history.budget_planned == 3 + 3 + 6
    assert replay(memory.events).differences == ()


def test_a_job_of_an_earlier_rung_is_not_out(halving: dict[str, Any]) -> None:
    made = tuner(**halving)
    first = asked(made)
    made.tell(first, 0.3)
    made.tell(asked(made), 0.4)
    second = asked(made)
    assert (second.trial_id, second.job, second.attempt) == (0, 1, 0)
    with pytest.raises(UsageError, match="job 0"):
        made.tell(first, 0.1)
    made.tell(second, 0.2)


# Where configurations come from


def test_first_what_is_enqueued_then_the_default_then_the_search() -> None:
    parameters = {
        "lr": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True, "default": 1e-3},
        "hidden": {"type": "int", "low": 64, "high": 512, "default": 128},
    }
    made = tuner(parameters=parameters, enqueue=[{"lr": 0.01, "hidden": 64}, {"lr": 0.02}], workers=4)
    configs = [asked(made).config for _ in range(4)]
    assert configs[:3] == [{"lr": 0.01, "hidden": 64}, {"lr": 0.02, "hidden": 128}, {"lr": 1e-3, "hidden": 128}]
    assert [trial.origin for trial in made.history.trials] == ["enqueue", "enqueue", "default", "search"]


def test_a_grid_does_not_begin_with_the_default() -> None:
    parameters = {"a": {"type": "int", "low": 1, "high": 3, "default": 2}}
    made = tuner(parameters=parameters, strategy="grid", limits=None, enqueue=[{"a": 3}])
    configs = []
    while (job := made.ask()) is not None:
        configs.append(job.config["a"])
        made.tell(job, 0.5)
    assert configs == [3, 1, 2]
    assert made.history.finished == "space_exhausted"


def test_a_default_that_was_enqueued_is_not_tried_twice() -> None:
    parameters = {"a": {"type": "int", "low": 1, "high": 1000, "default": 2}}
    made = tuner(parameters=parameters, enqueue=[{"a": 2}], workers=3)
    configs = [asked(made).config["a"] for _ in range(3)]
    assert configs[0] == 2
    assert len(set(configs)) == 3
    assert [trial.origin for trial in made.history.trials] == ["enqueue", "search", "search"]


def test_what_an_enqueued_point_leaves_out_is_sampled_by_trial() -> None:
    enqueue = [{"lr": 0.01}, {"lr": 0.01}]
    one, two = (asked(made) for made in [tuner(enqueue=enqueue, workers=2)] for _ in range(2))
    assert one.config["lr"] == two.config["lr"] == 0.01
    assert one.config["hidden"] != two.config["hidden"]


def test_a_value_that_cannot_be_derived_is_the_studys_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the study's own check did not come across it."""

    class Unlucky:
        def propose(self, space: Space, observations: Observations, key: Key, budget: float | None) -> Answer:
            return Proposal(space.decode([0.7]), {})

    kinds = {**strategies.SEARCHERS, "unlucky": SearcherKind(lambda study, chosen: Unlucky(), "for tests")}
    monkeypatch.setattr(strategies, "SEARCHERS", kinds)
    parameters = {
        "a": {"type": "int", "low": 0, "high": 1_000_000},
        "b": {"type": "derived", "expression": "1 / (a - 700000)"},
    }
    made = tuner(parameters=parameters, strategy={"searcher": "unlucky", "scheduler": "full"})
    with pytest.raises(StudyError, match=r"parameters\.b\.expression: .* cannot be evaluated for a = 700000"):
        made.ask()


# Seeds


def test_the_same_seed_gives_the_same_study() -> None:
    def first(seed: int | None) -> list[Any]:
        made = tuner(seed=seed, workers=4)
        return [(job.config, job.seed) for job in (asked(made) for _ in range(4))]

    assert first(3) == first(3)
    assert first(3) != first(4)
    assert first(None) != first(None)


def test_a_seed_that_is_left_out_is_drawn_and_kept() -> None:
    made = tuner(seed=None)
    assert 0 <= made.history.seed < 2**31
    assert made.history.study.seed == made.history.seed
    again = tuner(seed=made.history.seed)
    assert (asked(again).config, again.history.seed) == (asked(made).config, made.history.seed)


def test_a_seed_of_zero_is_a_seed() -> None:
    assert tuner(seed=0).history.seed == 0


def test_each_trial_has_its_own_seed() -> None:
    made = tuner(workers=6)
    seeds = [asked(made).seed for _ in range(6)]
    assert len(set(seeds)) == 6
    assert seeds == [Key.of(3, number, 0, "trial").integer(31) for number in range(6)]


# The sink


class _Watchful:
    """A sink that notes how far the history was when an event came."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.seen: list[int] = []
        self.history: History | None = None

    def append(self, n: int, event: Event) -> None:
        assert n == len(self.events)
        self.events.append(event)
        self.seen.append(-1 if self.history is None else self.history.n)


def test_the_sink_receives_every_event_before_it_is_folded() -> None:
    sink = _Watchful()
    ledger = Ledger(sink)
    sink.history = ledger.history
    ledger.append(ev.StudyStarted(1, hpotune.Study.from_dict(DECLARED).to_dict(), 3))
    ledger.append(ev.Capacity(2))
    assert sink.seen == [-1, 0]
    assert ledger.history.n == 1


def test_an_event_that_cannot_be_kept_has_not_happened() -> None:
    class Full:
        left = 4

        def append(self, n: int, event: Event) -> None:
            if n == self.left:
                raise OSError("disk full")

    made = tuner(sink=Full())
    with pytest.raises(OSError, match="disk full"):
        made.ask()
    assert made.history.n == 3
    assert [trial.state for trial in made.history.trials] == ["running"], "planned and launched, but not yet started"


def test_the_events_of_the_sink_fold_to_the_tuners_history() -> None:
    memory = Memory()
    made = tuner(sink=memory, workers=2, trial={"retries": 1})
    while (job := made.ask()) is not None:
        made.tell(job, None if job.trial_id == 2 else 0.1 * job.trial_id)
    assert made.done
    again = fold(memory.events)
    assert (again.n, again.states, again.finished) == (made.history.n, made.history.states, made.history.finished)
    assert again.best is not None
    assert made.best is not None
    assert again.best.number == made.best.trial_id
    assert replay(memory.events).differences == ()


def test_a_clock_is_noted_and_what_was_measured_goes_before_it() -> None:
    memory = Memory()
    ledger = Ledger(memory, clock=lambda: 1.23456)
    ledger.append(ev.StudyStarted(1, hpotune.Study.from_dict(DECLARED).to_dict(), 3))
    ledger.append(ev.Capacity(2, measured={"at": 9.0}))
    assert [event.measured for event in memory.events] == [{"at": 1.235}, {"at": 9.0}]


def test_a_strategy_that_does_not_exist_is_refused() -> None:
    with pytest.raises(StudyError, match=r"unknown strategy 'randon'.*\n.*did you mean 'random'"):
        tuner(strategy="randon")
