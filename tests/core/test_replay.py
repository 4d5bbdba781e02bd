"""`replay`: which verdict a journal gets that is not what it was, and where.

That untouched journals come out the same, whatever happened in them, is law 2 in `test_laws`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import EPOCHS, changed, journal, moved, places, the_one

from hpotune import events as ev
from hpotune.errors import DamagedError
from hpotune.events import Event
from hpotune.replay import replay
from hpotune.summary.replay_words import difference_line, difference_lines
from hpotune.summary.replayed import ProgramOrJournal
from studies import PARAMETERS, WITH_BUDGET, WITHOUT_BUDGET, study


@pytest.mark.parametrize("strategy", [*WITHOUT_BUDGET, *WITH_BUDGET], ids=str)
@pytest.mark.parametrize("workers", [1, 4])
def test_every_decision_of_an_untouched_journal_is_counted_as_the_same(strategy: Any, workers: int) -> None:
    budget = EPOCHS if strategy in WITH_BUDGET else None
    parameters = {name: PARAMETERS[name] for name in ("lr", "optimizer", "momentum")}
    events = journal("some fail", strategy=strategy, budget=budget, workers=workers, parameters=parameters)
    result = replay(events)
    taken = Counter(ev.NAMES[type(event)] for event in events if isinstance(event, ev.DECISIONS))
    assert result.counts == {(name, "same"): number for name, number in taken.items()}
    assert (result.same, result.decisions) == (taken.total(), taken.total())
    assert (result.differences, result.reasons, dict(result.farthest)) == ((), (), {})


@pytest.mark.parametrize("strategy", ["random", "sobol", {"name": "asha", "eta": 2}], ids=str)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_a_parameter_moved_a_little_is_one_numerical_difference(strategy: Any, data: st.DataObject) -> None:
    """These searchers look at no configuration but for repeats, so the others stay as they were."""
    budget = EPOCHS if isinstance(strategy, dict) else None
    events = journal(strategy=strategy, budget=budget, workers=3, seed=data.draw(st.integers(0, 3)))
    n = data.draw(st.sampled_from(places(events, ev.TrialPlanned)))
    by = data.draw(st.floats(1e-12, 9e-3))
    space = study().space
    result = replay(changed(events, n, config=moved(space, events[n].config, "lr", by)))
    found = the_one(result)
    assert (found.event, found.verdict, found.recomputed) == (n, "numerically different", events[n])
    assert [each.path for each in found.off] == [("config", "lr")]
    assert found.distance("cube") == pytest.approx(by, rel=1e-3, abs=1e-14)
    assert result.farthest == {"cube": found.distance("cube")}
    assert result.count("numerically different") == result.count("numerically different", "trial_planned") == 1
    assert not found.only_noted


def test_one_thing_that_is_different_makes_the_decision_so() -> None:
    """Though the other parameter has hardly moved; and the largest distance is that of numerical differences alone."""
    events = journal()
    for n, by in zip(places(events, ev.TrialPlanned), (1e-6, 1e-3, 1e-5, 1e-9, 0.0), strict=True):
        events = changed(events, n, config=moved(study().space, events[n].config, "lr", by))
    n = places(events, ev.TrialPlanned)[1]
    events = changed(events, n, config={**events[n].config, "batch": 16 + 16 * (events[n].config["batch"] == 16)})
    result = replay(events)
    assert [found.verdict for found in result.found if found.event == n] == ["different"]
    assert result.count("numerically different") == result.decisions - result.same - 1 >= 3
    assert result.farthest["cube"] == pytest.approx(1e-5, rel=1e-3)


def test_a_parameter_moved_far_is_different() -> None:
    events = journal()
    n = places(events, ev.TrialPlanned)[2]
    result = replay(changed(events, n, config=moved(study().space, events[n].config, "lr", 0.3)))
    found = the_one(result)
    assert found.verdict == "different"
    assert found.distance("cube") == pytest.approx(0.3)
    assert result.farthest == {}


@pytest.mark.parametrize("strategy", [{"name": "bo", "initial": 2}, {"name": "tpe", "initial": 2}], ids=str)
@pytest.mark.parametrize("field", ["config", "record"])
def test_the_last_proposal_of_a_model_moved_a_little(strategy: Any, field: str) -> None:
    """Those that came later would have learnt from it: of the last there are none."""
    events = journal(strategy=strategy)
    n = places(events, ev.TrialPlanned)[-1]
    config, record = events[n].config, events[n].record
    if field == "config":
        events = changed(events, n, config=moved(study().space, config, "lr", 1e-9))
    else:
        events = changed(events, n, record={**record, "score": record["score"] * (1 + 1e-6)})
    result = replay(events)
    found = the_one(result)
    assert found.verdict == "numerically different"
    assert found.only_noted == (field == "record")
    assert result.noted == found.only_noted
    measure, distance = ("cube", 1e-9) if field == "config" else ("relative", 1e-6)
    assert found.distance(measure) == pytest.approx(distance, rel=1e-3)


def test_a_reason_moved_a_little_is_told_as_such() -> None:
    events = journal(strategy={"name": "asha", "eta": 2}, budget=EPOCHS, limits={"trials": 9})
    n = places(events, ev.TrialPromoted)[0]
    reason = dict(events[n].reason)
    name = next(name for name, value in reason.items() if isinstance(value, float))
    found = the_one(replay(changed(events, n, reason={**reason, name: reason[name] * (1 + 1e-9)})))
    assert (found.kind, found.verdict, found.only_noted) == ("trial_promoted", "numerically different", True)
    assert "what was decided is the same" in "\n".join(difference_lines(found))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ev.TrialPlanned, {"origin": "default"}),
        (ev.TrialPlanned, {"replicate": 1}),
        (ev.JobPlanned, {"fresh": True}),
        (ev.JobPlanned, {"cause": "resume"}),
        (ev.StudyFinished, {"why": "target"}),
    ],
)
def test_another_decision_is_different(kind: type[Event], values: dict[str, Any]) -> None:
    events = journal(workers=2)
    n = places(events, kind)[-1]
    found = the_one(replay(changed(events, n, **values)))
    assert (found.event, found.verdict) == (n, "different")
    assert [each.path for each in found.off] == [(name,) for name in values]


def test_another_choice_is_different() -> None:
    events = journal()
    n = places(events, ev.TrialPlanned)[-1]
    other = next(batch for batch in (16, 32, 64) if batch != events[n].config["batch"])
    found = the_one(replay(changed(events, n, config={**events[n].config, "batch": other})))
    assert (found.verdict, found.distance("cube")) == ("different", None)
    assert difference_line(found).endswith(f"config.batch was {other} and is {events[n].config['batch']}")


def test_a_decision_that_saw_less_than_it_did_is_another_one() -> None:
    events = journal()
    n = places(events, ev.JobPlanned)[0]
    assert isinstance(events[n - 1], ev.TrialPlanned)
    found = the_one(replay(changed(events, n, saw=n - 2)))
    assert (found.verdict, found.recomputed) == ("different", events[n - 1])
    assert "recomputed it is trial_planned of trial 0" in difference_line(found)


def test_a_decision_where_nothing_was_due() -> None:
    events = journal()
    n = next(n for n, event in enumerate(events) if isinstance(event, ev.JobStarted))
    result = replay([*events[: n + 1], ev.TrialStopped(0, {"rule": "target"}, n)])
    assert the_one(result).recomputed is None
    assert result.differences == (f"event {n + 1} (line {n + 2}), trial 0, trial_stopped: but nothing was due",)


@pytest.mark.parametrize("ahead", [0, 1, 1000])
def test_no_decision_sees_what_comes_later(ahead: int) -> None:
    events = journal()
    n = places(events, ev.TrialPlanned)[1]
    result = replay(changed(events, n, saw=n + ahead))
    found = the_one(result)
    assert (found.event, found.possible, found.verdict) == (n, False, "different")
    assert result.reasons == (ProgramOrJournal(journal=True),)
    assert f"it saw event {n + ahead}, which is not before it" in result.differences[0]


@pytest.mark.parametrize(
    "kind", [ev.TrialPaused, ev.TrialPromoted, ev.CheckpointDropped], ids=lambda kind: ev.NAMES[kind]
)
def test_a_decision_taken_out_is_missed(kind: type[Event]) -> None:
    """What comes next in its place does not follow: what was taken out does."""
    strategy = {"name": "successive_halving", "eta": 2}
    events = journal(strategy=strategy, budget=EPOCHS, limits={"trials": 16}, workers=2)
    n = places(events, kind)[0]
    rest = [
        event._replace(saw=event.saw - (event.saw >= n)) if isinstance(event, ev.DECISIONS) else event
        for event in events[n + 1 :]
    ]
    until = next(place for place, event in enumerate(rest) if isinstance(event, ev.DECISIONS))
    result = replay([*events[:n], *rest[: until + 1]])
    found = the_one(result)
    assert found.event == n + until
    assert type(found.recomputed) is kind
    assert getattr(found.recomputed, "trial", None) == events[n].trial


@pytest.mark.parametrize(
    ("kind", "values"),
    [(ev.TrialPlanned, {"trial": 7}), (ev.JobPlanned, {"trial": 7}), (ev.JobPlanned, {"trial": -1}),
     (ev.JobPlanned, {"job": 3}), (ev.TrialPaused, {"trial": 99})],
)  # fmt: skip
def test_a_decision_about_what_there_is_not_is_refused_with_its_place(
    kind: type[Event], values: dict[str, Any]
) -> None:
    events = journal(strategy={"name": "asha", "eta": 2}, budget=EPOCHS)
    n = places(events, kind)[0]
    with pytest.raises(DamagedError, match=f"line {n + 1} of the journal: {ev.NAMES[kind]} of a trial or a job"):
        replay(changed(events, n, **values))


@pytest.mark.parametrize("config", [{"lr": 0.01, "batch": 40}, {"lr": "x", "batch": 16}, {"lr": None, "batch": 16}])
def test_a_configuration_that_is_none_is_refused_with_its_place(config: dict[str, Any]) -> None:
    events = journal()
    n = places(events, ev.TrialPlanned)[1]
    with pytest.raises(DamagedError, match=f"line {n + 1} of the journal: trial_planned of a configuration"):
        replay(changed(events, n, config=config))


@pytest.mark.parametrize("config", [{"lr": 5.0, "batch": 16}, {"batch": 16}, {}, {"lr": 0.01, "batch": 16, "other": 1}])
def test_a_configuration_outside_of_the_space_is_different(config: dict[str, Any]) -> None:
    events = journal()
    n = places(events, ev.TrialPlanned)[1]
    found = the_one(replay(changed(events, n, config=config)))
    assert (found.event, found.verdict) == (n, "different")


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_run_cut_off_anywhere_replays_what_it_holds(data: st.DataObject) -> None:
    events = journal(strategy={"name": "asha", "eta": 2}, budget=EPOCHS, workers=2)
    cut = events[: data.draw(st.integers(0, len(events)))]
    result = replay(cut)
    assert result.same == result.decisions == sum(isinstance(event, ev.DECISIONS) for event in cut)


class Growing:
    """A journal to which a run appends while it is read."""

    def __init__(self, events: list[Event], at_first: int) -> None:
        self.lengths = iter((at_first, len(events)))
        self.events = events

    def __iter__(self) -> Iterator[Event]:
        yield from self.events[: next(self.lengths)]


def test_a_journal_that_grows_meanwhile_is_replayed_as_it_was() -> None:
    events = journal(workers=2)
    half = len(events) // 2
    assert replay(Growing(events, half)) == replay(events[:half]) == replay(iter(events[:half]))


def test_most_bounds_what_is_kept_not_what_is_counted() -> None:
    events = [event._replace(origin="default") if isinstance(event, ev.TrialPlanned) else event for event in journal()]
    every = replay(events, most=None)
    assert len(every.found) == every.count("different") >= 5
    few = replay(events, most=2)
    assert list(few.found) == list(every.found[:2])
    assert (few.counts, few.reasons) == (every.counts, every.reasons)
    none = replay(events, most=0)
    assert (len(none.found), none.reasons) == (0, every.reasons)
