"""The codec of events: journal format 1, pinned by a literal of every event. It is read for ever."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

import pytest
from golden_events import GOLDEN
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune import events as ev
from hpotune.events import Event, decode, encode
from hpotune.history import fold
from studies import study

texts = st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=5,
)
objects = st.dictionaries(texts, json_values, max_size=3)
numbers = st.integers(0, 10**6)
budgets = st.integers(1, 1000) | st.floats(0.5, 1000)
maybe_budgets = st.none() | budgets
values = st.floats()
job_ids = {"trial": numbers, "job": numbers, "attempt": numbers}

FIELDS: dict[type[Event], dict[str, st.SearchStrategy[Any]]] = {
    ev.StudyStarted: {"format": st.just(1), "study": objects, "seed": numbers, "versions": objects, "hashes": objects},
    ev.StudyResumed: {
        "changes": st.lists(objects, max_size=2),
        "study": st.none() | objects,
        "retry_failed": st.lists(texts, max_size=2),
        "versions": objects,
        "hashes": objects,
    },
    ev.Capacity: {"workers": numbers, "aside": st.lists(texts, max_size=2)},
    ev.JobStarted: {**job_ids, "executor": texts, "slots": st.lists(texts, max_size=2)},
    ev.Reported: {
        **job_ids,
        "budget": maybe_budgets,
        "value": values,
        "also": st.dictionaries(texts, values, max_size=3),
        "late": st.booleans(),
        "zero_based": st.none() | st.booleans(),
    },
    ev.JobEnded: {
        **job_ids,
        "outcome": st.sampled_from(get_args(ev.Outcome)),
        "cause": st.none() | texts,
        "code": st.none() | st.integers(0, 255),
        "signal": st.none() | st.integers(1, 64),
        "message": texts,
        "fingerprint": texts,
        "notes": objects,
    },
    ev.TimerFired: {
        "timer": st.sampled_from(get_args(ev.Timer)),
        "trial": st.none() | numbers,
        "job": st.none() | numbers,
        "attempt": st.none() | numbers,
    },
    ev.SignalReceived: {"signal": texts, "mode": st.sampled_from(get_args(ev.SignalMode))},
    ev.TrialPlanned: {
        "trial": numbers,
        "config": objects,
        "origin": st.sampled_from(get_args(ev.Origin)),
        "saw": numbers,
        "budget": maybe_budgets,
        "reason": objects,
        "replicate": st.none() | numbers,
        "record": objects,
    },
    ev.SpaceExhausted: {"reason": texts, "saw": numbers},
    ev.CheckpointDropped: {"trial": numbers, "reason": objects, "saw": numbers},
    ev.JobPlanned: {
        **job_ids,
        "fresh": st.booleans(),
        "start": maybe_budgets,
        "to": maybe_budgets,
        "cause": st.sampled_from(get_args(ev.JobCause)),
        "saw": numbers,
    },
    ev.TrialPaused: {"trial": numbers, "reason": objects, "saw": numbers},
    ev.TrialPromoted: {"trial": numbers, "to": budgets, "reason": objects, "saw": numbers},
    ev.TrialStopped: {"trial": numbers, "reason": objects, "saw": numbers},
    ev.StudyFinished: {"why": texts, "saw": numbers},
}


def every_event() -> st.SearchStrategy[Event]:
    made = [st.builds(kind, **fields, measured=objects) for kind, fields in FIELDS.items()]
    return st.one_of(*made)


def same(one: Event, other: Event) -> bool:
    """Equal, with nan equal to nan."""
    return type(one) is type(other) and repr(one) == repr(other)


def test_format_1_is_as_it_was_released() -> None:
    assert ev.FORMAT == 1
    for n, (event, line) in enumerate(GOLDEN):
        encoded = encode(n, event)
        assert encoded == {"n": n, **line}
        assert list(encoded) == ["n", *line], "the order of the keys"
        assert same(decode({"n": n, **line}), event)


def test_format_1_is_pinned_for_every_event() -> None:
    kinds = {type(event) for event, _ in GOLDEN}
    assert kinds == set(ev.NAMES) == set(get_args(ev.Event)) == set(FIELDS)
    for kind in kinds:
        full, bare = (line for event, line in GOLDEN if type(event) is kind)
        assert len(full) == len(kind._fields) + 1, f"{kind.__name__}: not every field is pinned"
        assert set(bare) <= set(full)
        assert set(FIELDS[kind]) == set(kind._fields) - {"measured"}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), every_event())
def test_an_event_comes_back_from_its_json(n: int, event: Event) -> None:
    line = json.loads(json.dumps(encode(n, event), allow_nan=False))
    assert line["n"] == n
    assert same(decode(line), event)


@settings(max_examples=100, deadline=None)
@given(every_event())
def test_what_is_at_its_default_is_left_out(event: Event) -> None:
    line = encode(0, event)
    renamed = {"start": "from"}
    for field, default in event._field_defaults.items():
        assert (renamed.get(field, field) in line) == (getattr(event, field) != default)


@settings(max_examples=60, deadline=None)
@given(every_event())
def test_a_line_of_a_later_version_is_read_without_what_it_adds(event: Event) -> None:
    assert same(decode({**json.loads(json.dumps(encode(0, event))), "added_later": [1, 2]}), event)


@pytest.mark.parametrize(
    ("value", "written"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (0.1, 0.1), (3.0, 3.0)]
)
def test_numbers_that_json_does_not_have_are_words(value: float, written: object) -> None:
    line = encode(5, ev.Reported(0, 0, 0, None, value, {"x": value}))
    assert (line["value"], line["also"]) == (written, {"x": written})
    back = decode(line)
    assert isinstance(back, ev.Reported)
    assert repr((back.value, back.also["x"])) == repr((value, value))


def test_a_whole_number_is_read_as_a_float() -> None:
    """Another program may have written 1 for 1.0."""
    back = decode({"event": "reported", "trial": 0, "job": 0, "attempt": 0, "budget": 3, "value": 1})
    assert isinstance(back, ev.Reported)
    assert type(back.value) is float
    assert type(back.budget) is int


def test_encoding_leaves_the_event_as_it_is() -> None:
    event = ev.Reported(0, 0, 0, None, math.nan, {"x": math.inf})
    encode(0, event)
    assert repr(event.value) == "nan"
    assert event.also == {"x": math.inf}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"event": "telepathy"}, "'telepathy' is no event of format 1"),
        ({"n": 0}, "no event"),
        ({"event": None}, "no event"),
        ({"event": ["reported"]}, "no event"),
        ({"event": "capacity"}, "has no 'workers'"),
        ({"event": "job_planned", "trial": 0, "job": 0, "attempt": 0, "start": 0}, "has no 'from'"),
        ({"event": "reported", "trial": 0, "job": 0, "attempt": 0, "budget": 1, "value": "high"}, "high"),
        ({"event": "reported", "trial": 0, "job": 0, "attempt": 0, "budget": 1, "value": None}, "no event"),
    ],
)
def test_what_is_no_event_is_refused(line: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decode(line)


def test_facts_and_decisions_are_told_apart_by_what_they_saw() -> None:
    for kind in ev.NAMES:
        assert ("saw" in kind._fields) == (kind in ev.DECISIONS)
        assert kind._fields[-1] == "measured"


@pytest.mark.parametrize("kind", [kind for kind in ev.NAMES if kind is not ev.StudyStarted])
def test_every_event_has_a_fold(kind: type[Event]) -> None:
    """In a history where trial 0 is out, each event can be taken in."""
    before: list[Event] = [
        ev.StudyStarted(1, study().to_dict(), 7),
        ev.Capacity(1),
        ev.TrialPlanned(0, {"lr": 0.1, "batch": 16}, "search", 1),
        ev.JobPlanned(0, 0, 0, None, None, "first", 2),
        ev.JobStarted(0, 0, 0, "local"),
    ]
    event = next(event for event, _ in GOLDEN if type(event) is kind)
    changes: dict[str, Any] = {field: 0 for field in ("trial", "job", "attempt") if field in event._fields}
    if kind is ev.StudyResumed:
        changes = {"study": None}
    if kind is ev.TrialPlanned:
        changes = {"trial": 1}
    history = fold([*before, event._replace(**changes)])
    assert history.n == len(before)
