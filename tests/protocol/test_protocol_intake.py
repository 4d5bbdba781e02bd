"""The intake: budgets only rise, and a thinned journal answers as the whole one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.protocol import Channel, Entry, Found, Intake, IntakeSettings

VALUES = st.floats(width=16)
BUDGETS = st.none() | st.integers(-2, 12) | st.sampled_from([0.0, 0.5, 1.0, 2.0, 2.5, 7.0])
REPORTS = st.lists(st.tuples(BUDGETS, VALUES), max_size=30)
CHANNELS = st.sampled_from(["file", "stdout", "stderr"])
SETTINGS = st.fixed_dictionaries(
    {
        "first": st.sampled_from([None, None, 0, 1]),
        "zero_based": st.sampled_from([None, None, True, False]),
        "previous_budget": st.sampled_from([None, 0, 3, 4.5]),
        "max_full": st.integers(1, 40),
        "rungs": st.lists(st.integers(1, 12), max_size=3).map(tuple),
        "goal_sign": st.sampled_from([1, -1]),
    }
)


def taken(reports: Iterable[tuple[float | None, float]], **settings: Any) -> tuple[list[Entry], Intake]:
    intake = Intake(IntakeSettings(**settings))
    entries = [entry for budget, value in reports for entry in intake.take("stdout", Found(value, budget, {}))]
    return entries + intake.close(), intake


def budgets(raw: Sequence[float], **settings: Any) -> list[float | None]:
    return [entry.budget for entry in taken([(budget, 1.0) for budget in raw], **settings)[0]]


def notes(raw: Sequence[float], **settings: Any) -> dict[str, bool | int]:
    return taken([(budget, 1.0) for budget in raw], **settings)[1].notes.as_dict()


# What holds always


@given(REPORTS, SETTINGS)
def test_budgets_rise_above_the_previous_budget(reports: list[tuple[float | None, float]], settings: Any) -> None:
    entries, _ = taken(reports, **settings)
    counted = [entry.budget for entry in entries if entry.budget is not None]
    assert counted == sorted(set(counted))
    assert all(budget > (settings["previous_budget"] or 0) for budget in counted)


@given(REPORTS, SETTINGS)
def test_every_report_is_entered_or_counted(reports: list[tuple[float | None, float]], settings: Any) -> None:
    entries, intake = taken(reports, **settings)
    seen = intake.notes
    assert (
        len(reports)
        == len(entries) + seen.duplicates + seen.backwards + seen.other_channel + seen.repeated + seen.thinned
    )


@given(REPORTS, SETTINGS, st.integers(0, 30))
def test_the_end_is_as_if_all_had_ended_there(
    reports: list[tuple[float | None, float]], settings: Any, cut: int
) -> None:
    """What enters while a trial runs never depends on what it prints later, but for what was held back."""
    intake = Intake(IntakeSettings(**settings))
    entries = [entry for budget, value in reports[:cut] for entry in intake.take("stdout", Found(value, budget, {}))]
    whole, _ = taken(reports, **settings)
    assert repr(whole[: len(entries)]) == repr(entries)


@given(st.lists(st.tuples(CHANNELS, st.integers(1, 5)), max_size=20), st.sampled_from(["auto", "file", "stderr"]))
def test_one_channel_owns_an_attempt(reports: list[tuple[Channel, int]], source: Any) -> None:
    intake = Intake(IntakeSettings(source=source))
    owner = reports[0][0] if source == "auto" and reports else source
    for n, (channel, value) in enumerate(reports):
        entries = intake.take(channel, Found(value, n + 1, {}))
        assert [entry.value for entry in entries] == ([value] if channel == owner else [])
    assert intake.notes.other_channel == sum(channel != owner for channel, _ in reports)


# Budgets


@pytest.mark.parametrize(
    ("raw", "settings", "entered", "noted"),
    [
        ([1, 2, 3], {}, [1, 2, 3], {"zero_based": False}),
        ([0, 1, 2], {}, [1, 2, 3], {"zero_based": True}),
        ([0], {}, [1], {"zero_based": True}),
        ([5, 10], {}, [5, 10], {"zero_based": False}),
        ([0, 5, 10], {}, [1, 6, 11], {"zero_based": True}),
        ([0, 1], {"first": 1}, [1], {"zero_based": False, "backwards": 1}),
        ([1, 2], {"first": 0}, [2, 3], {"zero_based": True}),
        ([4, 9], {"zero_based": True}, [5, 10], {"zero_based": True}),
        ([-1, 0, 1], {}, [1, 2], {"zero_based": True, "backwards": 1}),
        ([1, 1, 2, 1, 3], {}, [1, 2, 3], {"zero_based": False, "duplicates": 1, "backwards": 1}),
        # a fraction of an epoch, and a count that is printed with a point
        ([0.0, 0.02, 1.0], {}, [0.02, 1], {"zero_based": False, "backwards": 1}),
        ([0.0, 0.0, 0.02], {}, [0.02], {"zero_based": False, "duplicates": 1, "backwards": 1}),
        ([0.0, 1.0, 2.0], {}, [1, 2, 3], {"zero_based": True}),
        ([0.0], {}, [1], {"zero_based": True}),
        ([0.5, 1.0], {}, [0.5, 1], {"zero_based": False}),
        # a continuing job
        ([4, 5], {"previous_budget": 3}, [4, 5], {}),
        ([3, 4], {"previous_budget": 3, "zero_based": True}, [4, 5], {"zero_based": True}),
        (
            [1, 2, 3, 4],
            {"previous_budget": 3, "zero_based": False},
            [4],
            {"zero_based": False, "started_over": True, "repeated": 3},
        ),
        ([0, 1, 2, 3], {"previous_budget": 3}, [4], {"zero_based": True, "started_over": True, "repeated": 3}),
        ([3, 4], {"previous_budget": 3}, [4], {"started_over": True, "repeated": 1}),
        ([4, 2, 5], {"previous_budget": 3}, [4, 5], {"backwards": 1}),
        ([0.0, 0.5, 3.5], {"previous_budget": 3}, [3.5], {"zero_based": False, "started_over": True, "repeated": 2}),
    ],
)
def test_budgets(raw: list[float], settings: Any, entered: list[float], noted: dict[str, Any]) -> None:
    assert budgets(raw, **settings) == entered
    assert notes(raw, **settings) == noted


def test_a_whole_budget_enters_as_an_int() -> None:
    assert [type(budget) for budget in budgets([1.0, 1.5, 2.0])] == [int, float, int]


def test_reports_without_a_budget_are_never_duplicates() -> None:
    entries, intake = taken([(None, 1.0), (None, 1.0), (1, 2.0), (None, 3.0)])
    assert [entry.budget for entry in entries] == [None, None, 1, None]
    assert (intake.notes.duplicates, intake.notes.backwards, intake.notes.other_channel) == (0, 0, 0)


def test_a_report_on_time_is_not_held_back() -> None:
    intake = Intake(IntakeSettings())
    assert intake.take("stdout", Found(1.0, 0, {"lr": 0.1})) == [Entry(1, 1.0, {"lr": 0.1})]


# Volume


def last_and_best(entries: Sequence[Entry], upto: float, sign: int) -> tuple[float | None, float | None]:
    """What a journal says about a trial at a budget: the last and the best of its finite reports."""
    there = [entry for entry in entries if entry.budget is not None and entry.budget <= upto]
    finite = [sign * entry.value for entry in there if math.isfinite(entry.value)]
    return (finite[-1] if finite else None), (min(finite) if finite else None)


@given(
    st.lists(st.floats(-8, 8, width=16), min_size=1, max_size=300),
    st.integers(1, 20),
    st.lists(st.integers(1, 400), max_size=5),
    st.integers(1, 3),
    st.sampled_from([1, -1]),
)
def test_a_thinned_journal_answers_as_the_whole_one(
    values: list[float], max_full: int, rungs: list[int], step: int, sign: int
) -> None:
    reports = [((n + 1) * step, value) for n, value in enumerate(values)]
    whole = [Entry(budget, value, {}) for budget, value in reports]
    thin, intake = taken(reports, max_full=max_full, rungs=tuple(rungs), goal_sign=sign)
    assert len(thin) + intake.notes.thinned == len(whole)
    assert all(entry in whole for entry in thin)
    for upto in (*rungs, math.inf):
        assert last_and_best(thin, upto, sign) == last_and_best(whole, upto, sign)
    for rung in rungs:  # the report that reaches it is there
        reaching = [entry for entry in whole if entry.budget is not None and entry.budget >= rung][:1]
        assert all(entry in thin for entry in reaching)


@pytest.mark.parametrize("shape", ["falling", "rising", "flat", "nan"])
def test_a_journal_grows_with_the_logarithm_of_the_reports(shape: str) -> None:
    n, full = 100_000, 100
    value = {"falling": lambda k: -k, "rising": lambda k: k, "flat": lambda _: 0.0, "nan": lambda _: math.nan}[shape]
    entries, _ = taken(((k + 1, float(value(k))) for k in range(n)), max_full=full)
    doublings = math.ceil(math.log2(n / full))
    assert len(entries) <= full + 2 * (full // 2 + 1) * doublings + 2
    assert entries[-1].budget == n


def test_the_first_thousand_enter_at_once() -> None:
    intake = Intake(IntakeSettings())
    for n in range(1000):
        assert len(intake.take("stdout", Found(1.0, n + 1, {}))) == 1
    assert intake.take("stdout", Found(1.0, 1001, {})) == []
    assert [entry.budget for entry in intake.close()] == [1001]
