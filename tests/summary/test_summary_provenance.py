"""Where a configuration came from: from records of this version, of earlier and of later ones."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from histories import PARAMETERS, Tale
from history_strategies import NASTY
from hypothesis import given, settings
from hypothesis import strategies as st
from whys import FIT, GP, KDE, NUMBERS, ask, completed, plan, told

from hpotune.summary import provenance, provenance_words, setting_text, why_sections
from hpotune.summary.provenance import Draw, Leftover, Model, Point, Unknown

KNOWN = sorted({*GP, *FIT, *KDE, "fit", "fallback", "why", "needed", "fraction", "of"} - {"by"})
NAMES = ["gp", "list", "kde", "sobol", "grid", "random", "hybrid"]
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), FINITE, NASTY)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3))
RECORDS = st.builds(
    lambda by, known, unknown: {**unknown, **known, **by},
    st.fixed_dictionaries({}, optional={"by": st.one_of(st.sampled_from(NAMES), JSON)}),
    st.dictionaries(st.sampled_from(KNOWN), JSON | st.integers(0, 99), max_size=8),
    st.dictionaries(NASTY.filter(lambda name: name != "index"), JSON, max_size=2),
)


@settings(max_examples=60)
@given(RECORDS, st.sampled_from(["gp", "kde", "random", "grid", "sobol", "not known"]))
def test_no_record_is_too_strange_to_be_told(record: dict[str, Any], searcher: str) -> None:
    tale = Tale(strategy={"searcher": searcher, "scheduler": "full"})
    number = completed(tale, record, 0.5)
    answer = ask(tale, number)
    assert provenance_words(answer.provenance).isprintable()
    for section in why_sections(answer, tale.history):
        assert section.title
        assert section.lines
        assert all(line.strip() and line.isprintable() for line in section.lines)
    json.dumps([asdict(answer.provenance), asdict(answer.result)], allow_nan=False)


@settings(max_examples=60)
@given(
    st.sampled_from(
        [GP, {**GP, "fit": FIT}, KDE, {"by": "sobol", "index": 3, "of": 8}, {"by": "hybrid"}, {"index": 1}]
    ),
    st.dictionaries(
        st.text("xyz_", min_size=1, max_size=6), st.one_of(FINITE, st.integers(), st.booleans()), min_size=1
    ),
)
def test_what_a_later_version_adds_is_shown_as_it_stands(record: dict[str, Any], more: dict[str, Any]) -> None:
    tale = Tale()
    text = told(tale, plan(tale, {**record, **more}))
    for name, value in more.items():
        assert f"{name}={setting_text(value)}" in text


@pytest.mark.parametrize(
    "record", [GP, KDE, {"by": "sobol", "index": 3}, {"by": "random", "why": "fraction", "fraction": 0.3}]
)
@pytest.mark.parametrize(
    "strange", ["three", -0.5, -1, True, -(10**400), [1], {"a": 1}], ids=lambda each: repr(each)[:9]
)
def test_an_entry_that_is_not_what_it_should_be_is_shown_as_it_stands(record: dict[str, Any], strange: Any) -> None:
    for name in set(record) - {"by", "index", "acquisition", "why"}:
        tale = Tale()
        text = told(tale, plan(tale, {**record, name: strange}))
        is_right = strange in (-0.5, -1) and name in NUMBERS
        assert (f"{name}={setting_text(strange)}" in text) is not is_right


@given(st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3))
def test_parameters_are_listed_by_their_length_scale(lengths: list[float]) -> None:
    tale = Tale()
    source = provenance(tale.history.trials[plan(tale, {**GP, "fit": {**FIT, "lengths": lengths}})], tale.history)
    assert isinstance(source, Model)
    assert source.fit is not None
    found = source.fit.lengths
    assert {each.parameter: each.length for each in found} == dict(zip(PARAMETERS, lengths, strict=True))
    assert [each.length for each in found] == sorted(lengths)
    assert [each.matters for each in found] == sorted([each.matters for each in found], reverse=True)
    assert found[0].matters
    assert all(each.matters for each in found if each.length <= 1.0)


def test_a_parameter_hardly_matters_where_its_length_scale_is_long() -> None:
    tale = Tale()
    lines = told(tale, plan(tale, {**GP, "fit": FIT})).splitlines()
    rows = [line.split() for line in lines if line.startswith("  ")]
    assert rows == [["lr", "0.21"], ["optimizer", "0.8"], ["hidden", "12", "hardly", "matters"]]
    tale = Tale()  # of many parameters all scales are long, and none is idle beside the others
    assert "hardly" not in told(tale, plan(tale, {**GP, "fit": {**FIT, "lengths": [8.0, 12.0, 20.0]}}))
    tale = Tale()  # those of another space are numbers without names
    text = told(tale, plan(tale, {**GP, "fit": {**FIT, "lengths": [0.25, 0.5]}}))
    assert "lengths=[0.25, 0.5]" in text
    assert "optimizer" not in text


def test_the_whole_story_of_a_model() -> None:
    tale = Tale()
    fitted = completed(tale, {**GP, "fit": FIT, "fallback": "cholesky: not positive definite"}, 0.9)
    number = completed(tale, GP, 0.922)
    text = told(tale, number)
    assert "among 2,048 candidates by log expected improvement (-3.25)" in text
    assert "expected val_accuracy 0.91 ± 0.02; the incumbent, its best until then, was 0.905" in text
    assert "20 observations, with 3 trials pending and 1 trial failed" in text
    assert "93 % not to fail" in text
    assert f"the last fit, to 18 trials that had ended, for trial {fitted}" in text
    assert "numerical failure" not in text
    assert "better than expected, better than the incumbent" in text
    earlier = told(tale, fitted)
    assert "fitted anew for this proposal, to 18 trials that had ended" in earlier
    assert "a numerical failure was got round: cholesky: not positive definite" in earlier
    second = ask(tale, completed(tale, {**GP, "fit": FIT}, 0.9))
    assert isinstance(second.provenance, Model)
    assert second.provenance.fitted_for == second.trial.number != fitted
    assert provenance_words(ask(tale, number).provenance) == "the model: 0.91 ± 0.02 expected"


def test_the_whole_story_of_the_densities() -> None:
    tale = Tale(budget={"name": "epochs", "max": 9})
    text = told(tale, plan(tale, {**KDE, "budget": 9, "fallback": "one point"}))
    for part in ("12.18 (its logarithm 2.5)", "40 observations at 9 epochs", "3 trials pending", "8 counted as good",
                 "32 as bad", "24 candidates", "got round: one point"):  # fmt: skip
        assert part in text
    assert "0 trials failed" not in text
    assert "recorded beside" not in told(tale, plan(tale, KDE))
    assert "e^1000" in told(tale, plan(tale, {**KDE, "score": 1000}))
    assert "need 7 observations, there were 3" in told(
        tale, plan(tale, {"by": "random", "why": "too_few", "observations": 3, "needed": 7})
    )
    assert "33.3 %" in told(tale, plan(tale, {"by": "random", "why": "fraction", "fraction": 0.333}))


@pytest.mark.parametrize(
    ("strategy", "record", "kind", "words"),
    [
        ("random", {}, Draw, "independent draw"),
        ({"scheduler": "full"}, {}, Draw, "independent draw"),
        ("grid", {"index": 3}, Point, "point 3 of the grid"),
        ("sobol", {"index": 3}, Point, "point 3 of the Sobol sequence"),
        ({"searcher": "sobol", "scheduler": "full"}, {"index": 3}, Point, "point 3 of the Sobol sequence"),
        (
            "not known",
            {"by": "sobol", "index": 3, "of": 8},
            Point,
            "point 3 of the Sobol sequence, counted from 0, in a first design of 8 trials",
        ),
        ("sobol", {}, Leftover, "that were left"),
        ("not known", {}, Unknown, "nothing is known"),
        ("not known", {"index": 3}, Unknown, "index=3"),
    ],
)
def test_records_without_a_model(strategy: Any, record: dict[str, Any], kind: type, words: str) -> None:
    tale = Tale(strategy=strategy)
    number = plan(tale, record)
    assert isinstance(provenance(tale.history.trials[number], tale.history), kind)
    assert words in told(tale, number)


def test_what_the_user_asked_for() -> None:
    tale = Tale(enqueue=[{"lr": 0.01}, {"lr": 0.02}])
    numbers = [plan(tale, {}, "enqueue"), plan(tale, {}, "enqueue"), plan(tale, {}, "default")]
    texts = [told(tale, number) for number in numbers]
    assert "entry 1 of 2" in texts[0]
    assert "entry 2 of 2" in texts[1]
    assert "defaults" in texts[2]
    assert "replicate 2" in told(tale, plan(tale, {}, "confirm", replicate=2))


def test_what_a_model_learnt_at_which_budget() -> None:
    budgets = [[81.0, 2, 1.0], [27.0, 1006, 0.934], [9, 18, 0.05]]
    tale = Tale(budget={"name": "epochs", "max": 81})
    text = told(tale, plan(tale, {**GP, "budgets": budgets}))
    assert "val_accuracy 0.91 ± 0.02 at 81 epochs" in text
    rows = "81 (2), 27 (1,006, correlation 0.93 with the highest), 9 (18, correlation 0.05 with the highest)"
    assert f"these were at epochs {rows}" in text
    assert "budgets=" not in text


@pytest.mark.parametrize(
    "strange", [3, [], [81.0], [[81.0, 2]], [[81.0, 2.5, 1.0]], [[81.0, -2, 1.0]], [[81.0, 2, "one"]], [[81, 2, 1], 3]]
)
def test_budgets_that_are_not_what_they_should_be_are_shown_as_they_stand(strange: Any) -> None:
    tale = Tale()
    text = told(tale, plan(tale, {**GP, "budgets": strange}))
    assert f"budgets={setting_text(strange)}" in text
    assert "these were at" not in text
