"""YAML 1.2: values, the place of each, and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_examples import FULL, json_values

from hpotune.study.yaml12 import read_value, read_yaml


def _same(left: Any, right: Any) -> bool:
    return json.dumps(left) == json.dumps(right)


@given(json_values)
def test_any_json_text_is_read_as_itself(value: Any) -> None:
    document = read_yaml(json.dumps(value, ensure_ascii=False), "f")
    assert document.problems == ()
    assert _same(document.data, value)


@given(json_values)
def test_every_mark_points_at_the_text_of_its_value(value: Any) -> None:
    text = json.dumps({"top": value}, ensure_ascii=False, indent=1)
    source = read_yaml(text, "f").source
    lines = text.splitlines()

    def check(path: tuple[str | int, ...], part: Any) -> None:
        mark = source.marks[path]
        shown = json.dumps(part, ensure_ascii=False)
        begins = "{" if isinstance(part, dict) else "[" if isinstance(part, list) else shown
        assert lines[mark.value[0]][mark.value[1] :].startswith(begins)
        if path and isinstance(path[-1], str):
            assert mark.key is not None
            assert lines[mark.key[0]][mark.key[1] :].startswith(json.dumps(path[-1], ensure_ascii=False))
        for key, child in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
            check((*path, key), child)

    check((), {"top": value})


@settings(max_examples=100)
@given(st.text(st.sampled_from("ab:- \n\t{}[],&*!|>'\"#%@<~?0.1e\x00\ufeff\u2028"), max_size=30))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    document = read_yaml(text, "f")
    assert document.problems or json.dumps(document.data) is not None


@settings(max_examples=100)
@given(st.integers(0, len(FULL)), st.integers(0, 6), st.text(st.sampled_from(":-{}[],&*!'\"#\n\t x"), max_size=3))
def test_a_damaged_file_has_problems_inside_it(at: int, cut: int, put: str) -> None:
    text = FULL[:at] + put + FULL[at + cut :]
    for problem in read_yaml(text, "f").problems:
        assert problem.line is not None
        assert 1 <= problem.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("1E5", 1e5),
        (".5", 0.5),
        ("-1.", -1.0),
        ("+3", 3),
        ("0o17", 15),
        ("0x1F", 31),
        ("012", 12),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("TRUE", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("NULL", None),
        *((word, word) for word in ("on", "off", "yes", "no", "y", "N", "1_000", "1:30", "2020-01-01", "1e", "0b1")),
        ("'1'", "1"),
        ("!!str 012", "012"),
        ("! 12", "12"),
        ("!!float 1", 1.0),
    ],
)
def test_scalars_are_those_of_the_core_schema(text: str, value: object) -> None:
    found = read_value(text)
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(read_value(".NaN"))


def test_anchors_aliases_and_merge_keys() -> None:
    text = "base: &b {x: 1, y: 2}\nother: &o {y: 5, z: 6}\nc: {<<: [*b, *o], x: 3}\nd: *b\n"
    document = read_yaml(text, "f")
    assert document.problems == ()
    assert document.data["c"] == {"x": 3, "y": 2, "z": 6}
    assert document.data["d"] == {"x": 1, "y": 2}
    # A merged value stands where it is written.
    assert document.source.marks["c", "z"].value == (1, 20)
    # Expansions share nothing: changing one must not change the other.
    document.data["d"]["x"] = 9
    assert document.data["base"]["x"] == 1


_LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_MERGED_LAUGHS = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 10)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a:\n\tb: 1", 2, "a tab stands where YAML wants spaces"),
        ("a: 1\nb: 2\na: 3", 3, "the first is in line 1"),
        ("a: 1\n1: 2", 2, "the key 1 is not text"),
        ("a: !!python/object:os.system {}", 1, "the tag !!python/object:os.system has no place"),
        ("a: !custom x", 1, "the tag !custom has no place"),
        ("a: !!timestamp 2020-01-01", 1, "the tag !!timestamp has no place"),
        ("a: !!int x", 1, "does not fit its tag"),
        ("a: 1\n---\nb: 2", 2, "a second document begins"),
        (_LAUGHS, 1, "expand without bound"),
        (_MERGED_LAUGHS, 1, "expand without bound"),
        ("a: &a {b: *a}", 1, "stands inside the very part"),
        ("a: *b", 1, "not defined above it"),
        ("a: {<<: 3}", 1, "`<<` merges a mapping"),
        ("[" * 99, 1, "nested more than"),
        ("a: {b: [1}", 1, "expected ',' or ']'"),
        ("a: [1,\n 2", 2, "the '[' in line 1 is not closed"),
        ("c: [--lr, ${lr}]", 1, "inside a text that has no quotes"),
        ("a: 'x\n\n", 1, "a quote that opens here is never closed"),
        ("a: @x", 1, "a plain text cannot begin with '@'"),
        ("a: b: c", 1, "a ':' stands where no key can begin"),
        ('when: "a" == b', 1, "text goes on after the end of a value"),
        ("a:\n  b: 1\n c: 2", 3, "does not fit the block"),
        ("x: {{ y }}", 1, "where a key belongs"),
        ("a: \x07", 1, "U+0007"),
    ],
)
def test_what_is_refused_has_its_line(text: str, line: int, words: str) -> None:
    problem = read_yaml(text, "f").problems[0]
    assert problem.line == line
    assert words in problem.message


def test_all_duplicate_keys_are_found() -> None:
    problems = read_yaml("a: 1\na: 2\nb: {c: 1, c: 2}\n", "f").problems
    assert [(problem.line, problem.column) for problem in problems] == [(2, 1), (3, 11)]
