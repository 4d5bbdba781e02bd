"""The comparison of four jobs: what it can tell, and that words can be made of everything it finds."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.summary import Finding, Stretch, compare, fault, resuming_words
from hpotune.summary.resuming import Kind
from studies import study

R, TO = 3, 9
VALUES = st.lists(st.floats(-1e6, 1e6), min_size=TO, max_size=TO)


def stretch(values: list[float], start: int = 0, **more: object) -> Stretch:
    """A job that reports at every budget after `start`."""
    reports = [(start + number, value) for number, value in enumerate(values, 1)]
    return Stretch(start, start + len(values), reports, **more)


def found(first: list[float], resumed: list[float], one: list[float], two: list[float]) -> Finding:
    return compare(stretch(first), stretch(resumed, R), (stretch(one), stretch(two)))


@settings(max_examples=60)
@given(VALUES)
def test_a_training_that_is_the_same_however_it_is_cut_is_right_if_it_moves_at_all(values: list[float]) -> None:
    finding = found(values[:R], values[R:], values, values)
    assert finding.kind in {"right", "unclear"}
    assert finding.spread == 0
    assert finding.right == (finding.movement > finding.tolerance)


@settings(max_examples=60)
@given(VALUES, st.integers(R, TO - 1), st.floats(1e-3, 10))
def test_one_value_off_is_seen_where_it_is(values: list[float], place: int, share: float) -> None:
    off = share * (1 + max(map(abs, values)))
    wrong = [*values[:place], values[place] + off, *values[place + 1 :]]
    finding = found(values[:R], wrong[R:], values, values)
    assert finding.kind in {"different", "anew"}
    assert finding.at == place + 1
    assert finding.distance == finding.largest == pytest.approx(off, rel=1e-6)


@settings(max_examples=60)
@given(VALUES, st.floats(1e-3, 1e3))
def test_the_verdict_is_the_same_in_other_units(values: list[float], unit: float) -> None:
    resumed = [value + 1 for value in values[R:]]
    plain = found(values[:R], resumed, values, values)
    scaled = found(*([unit * value for value in each] for each in (values[:R], resumed, values, values)))
    assert plain.kind == scaled.kind
    assert plain.at == scaled.at


CURVE = [1 / epoch for epoch in range(1, TO + 1)]


def shifted(by: float) -> list[float]:
    return [value + by for value in CURVE]


@pytest.mark.parametrize(("by", "kind"), [(0.005, "right"), (0.015, "right"), (0.039, "right"), (0.041, "different")])
def test_three_times_the_spread_is_tolerated(by: float, kind: str) -> None:
    assert found(CURVE[:R], shifted(by)[R:], CURVE, shifted(0.01)).kind == kind


def test_a_model_that_begins_anew_is_recognised() -> None:
    assert found(CURVE[:R], CURVE[: TO - R], CURVE, CURVE).kind == "anew"


def test_a_first_job_that_differs_already_is_no_matter_of_checkpoints() -> None:
    finding = found(shifted(0.5)[:R], CURVE[R:], CURVE, CURVE)
    assert (finding.kind, finding.job, finding.at) == ("schedule", "first", 1)


def test_what_stays_the_same_or_drowns_in_noise_tells_nothing() -> None:
    assert found([1.0] * R, [1.0] * (TO - R), [1.0] * TO, [1.0] * TO).kind == "unclear"
    assert found(CURVE[:R], CURVE[R:], CURVE, shifted(0.5)).kind == "unclear"
    assert found(CURVE[:R], CURVE[R:], CURVE, [*CURVE[:-1], math.nan]).kind == "unclear"


def test_nan_equals_nan_and_nothing_else() -> None:
    curve = [*CURVE[:-1], math.nan]
    assert found(curve[:R], curve[R:], curve, curve).right
    assert found(curve[:R], CURVE[R:], curve, curve).distance == math.inf
    assert found(CURVE[:R], curve[R:], CURVE, CURVE).at == TO


def test_only_common_budgets_are_compared() -> None:
    sparse = Stretch(R, TO, [(5, CURVE[4]), (5.5, 77.0), (9, CURVE[8])])
    assert compare(stretch(CURVE[:R]), sparse, (stretch(CURVE), stretch(CURVE))).right
    apart = Stretch(R, TO, [(5.5, 77.0)])
    assert compare(stretch(CURVE[:R]), apart, (stretch(CURVE), stretch(CURVE))).kind == "nothing_in_common"


@pytest.mark.parametrize(
    ("job", "kind"),
    [
        (stretch(CURVE[:R]), None),
        (Stretch(0, R, [(1, 0.5), (2, 0.4), (3, math.inf)]), None),
        (stretch(CURVE[:R], failure="exit code 1", started_over=True, saved=False), "failed"),
        (Stretch(0, R, [], saved=False), "silent"),
        (Stretch(0, R, [(None, 0.5)], saved=False), "no_budget"),
        (Stretch(0, R, [(1, math.nan), (3, math.nan)]), "failed"),
        (stretch(CURVE[:4]), None),
        (Stretch(0, R, [(4, 0.5)]), "past"),
        (Stretch(0, R, [(2, 0.5)]), "short"),
        (Stretch(0, 0.3, [(0.1 + 0.2, 0.5)]), None),
        (stretch(CURVE[:R], saved=False), "empty"),
    ],
)
def test_what_is_wrong_with_one_job(job: Stretch, kind: str | None) -> None:
    finding = fault({"first": job})
    assert (None if finding is None else finding.kind) == kind


def test_a_job_that_goes_on() -> None:
    first = stretch(CURVE[:R])
    over = stretch(CURVE[R:], R, started_over=True)
    finding = fault({"first": first, "resumed": over})
    assert finding is not None
    assert (finding.kind, finding.at) == ("started_over", R)
    assert fault({"first": first, "resumed": stretch(CURVE[R:], R, saved=False)}) is None
    own = fault({"first": first, "straight 1": Stretch(0, TO, stretch(CURVE[:R]).reports)})
    assert own is not None
    assert (own.kind, own.job, own.same_end) == ("short", "straight", True)


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("job", ["first", "straight", "resumed"])
def test_there_are_words_for_everything(kind: Kind, job: str) -> None:
    finding = Finding(kind, job, at=3, distance=0.5, largest=0.7, spread=0.1, tolerance=0.3, reached=5, to=9)
    first, *rest = resuming_words(finding, study(budget={"name": "epochs", "max": 9}))
    assert first
    assert not first.startswith(" ")
    assert all(line.startswith("  ") for line in rest)
    assert rest or kind == "failed"
    assert finding.right == (kind == "right")
