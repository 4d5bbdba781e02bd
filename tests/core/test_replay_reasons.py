"""The likely reason of a difference, from what is recorded of its session; and the words for all of it."""

from __future__ import annotations

from typing import Any

import pytest
from history_strategies import NASTY
from hypothesis import given
from hypothesis import strategies as st
from replaying import SPACE, changed, journal, places, plan, the_one
from sessions import Session

from hpotune import events as ev
from hpotune.events import Decision
from hpotune.replay import here, replay
from hpotune.replay.compare import compare
from hpotune.replay.reasons import reasons
from hpotune.summary.replay_words import difference_line, difference_lines, replay_reason_words
from hpotune.summary.replayed import (
    REASONS,
    Difference,
    Fallback,
    NotRecorded,
    Off,
    OtherHost,
    OtherProcessor,
    OtherVersions,
    ProgramOrJournal,
    Surroundings,
)
from studies import study

THEN = Surroundings({"hpotune": "0.1.0", "numpy": "2.0.0"}, {"model": "A", "kernels": "Haswell"}, "alpha")


def off_by(distance: float | None, *path: str) -> Difference:
    was = ev.TrialPlanned(3, {"lr": 0.1}, "search", 9)
    return Difference(10, 0, was, was, off=(Off(path or ("config", "lr"), 0.1, 0.2, distance, "cube"),))


NEAR, FAR_OFF = off_by(1e-9), off_by(0.5)
PROMOTED = ev.TrialPromoted(3, 9, {}, 9)
RULED = Difference(10, 0, PROMOTED, PROMOTED, off=(Off(("to",), 9, 3),))


@pytest.mark.parametrize(
    ("difference", "then", "expected"),
    [
        (NEAR, THEN, ProgramOrJournal()),
        (FAR_OFF, THEN, ProgramOrJournal()),
        (NEAR, Surroundings({}, THEN.processor, "alpha"), NotRecorded()),
        (NEAR, Surroundings({**THEN.versions, "torch": "2.1"}, THEN.processor, "alpha"), ProgramOrJournal()),
        (NEAR, Surroundings({"hpotune": "0.0.9", "numpy": "2.0.0"}), OtherVersions({"hpotune": ("0.0.9", "0.1.0")})),
        (RULED, Surroundings({"hpotune": "0.1.0", "numpy": "1.9"}), OtherVersions({"numpy": ("1.9", "2.0.0")})),
        (NEAR, Surroundings(THEN.versions, {"model": "B"}, "alpha"), OtherProcessor({"model": ("B", "A")})),
        (FAR_OFF, Surroundings(THEN.versions, {"model": "B"}, "alpha"), OtherProcessor({"model": ("B", "A")})),
        (RULED, Surroundings(THEN.versions, {"model": "B"}, "alpha"), ProgramOrJournal()),
        (NEAR, Surroundings(THEN.versions, {}, "beta"), OtherHost("beta", "alpha")),
        (NEAR, Surroundings(THEN.versions, {}, "alpha"), ProgramOrJournal()),
        (FAR_OFF, Surroundings(THEN.versions, {}, "beta"), ProgramOrJournal()),
        (Difference(10, 0, PROMOTED, None, possible=False), Surroundings(), ProgramOrJournal(journal=True)),
    ],
)
def test_the_reason_follows_from_what_is_recorded(difference: Difference, then: Surroundings, expected: Any) -> None:
    assert reasons(difference, then, THEN) == (expected,)
    words = replay_reason_words(expected)
    assert words.isprintable()
    for name, (was, now) in getattr(expected, "changed", {}).items():
        assert f"{name} was {was} and is {now}" in words


@pytest.mark.parametrize("then", [False, True])
def test_a_numerical_failure_on_one_side_is_named(then: bool) -> None:
    with_it, without = plan({}, fallback="not positive definite"), plan({})
    taken, again = (with_it, without) if then else (without, with_it)
    difference = Difference(4, 0, taken, again, off=compare(taken, again, SPACE))
    first, second = reasons(difference, THEN, THEN)
    assert first == Fallback(then, "not positive definite")
    assert second == ProgramOrJournal()
    assert "not positive definite" in replay_reason_words(first)


def test_the_versions_are_those_of_the_session_that_decided() -> None:
    """A run that another version went on with: what that one decided otherwise is due to it."""
    session = Session(study(), "fine")
    session.run()
    session.study = study(limits={"trials": 8})
    events = [event for event in session.journal.events if not isinstance(event, ev.StudyFinished)]
    now = here()
    events = changed(events, 0, versions=dict(now.versions), measured={"processor": dict(now.processor)})
    resumed = ev.StudyResumed(
        [{"path": "limits.trials", "old": 5, "new": 8}],
        session.study.to_dict(),
        versions={**now.versions, "hpotune": "9.9.9"},
    )
    lost = ev.TrialPlanned(5, {"lr": 0.5, "batch": 16}, "default", len(events))
    result = replay([*events, resumed, lost], now=now)
    found = the_one(result)
    assert (found.session, found.event) == (1, len(events) + 1)
    assert result.reasons == (OtherVersions({"hpotune": ("9.9.9", now.versions["hpotune"])}),)
    assert "9.9.9" in replay_reason_words(result.reasons[0])
    n = places(events, ev.TrialPlanned)[0]
    first = replay([*changed(events, n, origin="default"), resumed, lost], now=now)
    assert first.reasons == (ProgramOrJournal(),)
    assert [found.session for found in first.found] == [0, 1]


def test_a_journal_without_versions_says_so() -> None:
    events = journal()
    result = replay(changed(events, places(events, ev.TrialPlanned)[0], origin="default"))
    assert result.reasons == (NotRecorded(),)


def test_what_this_is_has_names_and_is_steady() -> None:
    assert here() == here()
    assert {"hpotune", "python", "numpy", "scipy"} <= set(here().versions)
    assert here().processor["machine"]
    assert all(isinstance(text, str) and text for text in here().processor.values())


@given(NASTY, NASTY, st.one_of(NASTY, st.lists(NASTY), st.dictionaries(NASTY, NASTY), st.floats(), st.none()))
def test_words_are_printable_whatever_a_journal_holds(name: str, was: str, now: Any) -> None:
    taken: Decision = plan({name: was}, **{name: was})
    again = plan({name: now})
    for difference in (
        Difference(1, 0, taken, again, off=compare(taken, again, SPACE)),
        Difference(1, 0, taken, None),
        Difference(1, 0, ev.StudyFinished(was, 0), ev.SpaceExhausted(name, 0)),
    ):
        assert difference_line(difference).isprintable()
        assert all(line.isprintable() for line in difference_lines(difference))
    for reason in (OtherVersions({name: (was, now)}), Fallback(then=True, failure=was), OtherHost(was, None)):
        assert replay_reason_words(reason).isprintable()
        assert type(reason) in REASONS
