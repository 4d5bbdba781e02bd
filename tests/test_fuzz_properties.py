"""What the fuzzer's targets promise, as properties for what hypothesis thinks of."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.errors import StudyError
from hpotune.expressions import ExpressionError, ExpressionSyntaxError, parse
from hpotune.protocol import LineSplitter, MetricReader, NearMisses
from hpotune.study import Study, load_text
from hpotune.study.yaml12 import read_yaml

STUDY = """\
command: [python, train.py]
metric: {{name: loss, goal: minimize}}
parameters: {{x: {{type: float, low: 0, high: 1}}, y: {{type: bool, when: {when}}}}}
limits: {{trials: {trials}}}
"""


def outcome(refusal: type[Exception], call: Callable[..., Any], *arguments: object) -> Any:
    """What a call gives, or the refusal that it raises; any other error is the test's."""
    try:
        return call(*arguments)
    except refusal as error:
        return error


WORDS = [
    "a",
    "x.y",
    "(",
    ")",
    "[",
    "]",
    ",",
    "+",
    "-",
    "**",
    "//",
    "<",
    "==",
    "not ",
    " in ",
    " and ",
    " if ",
    " else ",
    "9",
    ".5",
]
WORDS += [
    "1e308",
    "9" * 320,
    "'t'",
    '"',
    "\\",
    "min(",
    "round(",
    "log(",
    "lambda",
    ".",
    "=",
    " ",
    "\n",
    "\x00",
    "é",
    "\udcff",
]
VALUES = st.sampled_from([0, -1, 2.5, 1e308, 5e-324, 2**1000, 10**5000, True, None, "sgd", [], [1], {}])


@settings(max_examples=150, derandomize=True)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=14).map("".join), VALUES, VALUES)
def test_any_text_is_an_expression_or_a_syntax_error_with_its_column(source: str, a: object, b: object) -> None:
    expression = outcome(ExpressionSyntaxError, parse, source)
    if isinstance(expression, ExpressionSyntaxError):
        assert 0 <= expression.column <= len(source)
        return
    value = outcome(ExpressionError, expression.evaluate, dict.fromkeys(expression.names, a) | {"a": b})
    if isinstance(value, float) and value is not a and value is not b:
        assert math.isfinite(value)


PIECES = [
    "loss",
    "val_loss=1",
    "=",
    ": ",
    "0.5",
    "nan",
    "epoch ",
    "9" * 320,
    '{"loss": ',
    "}",
    "\r",
    "\n",
    "\b",
    "\x1b[",
    "\x1b]",
    "%",
]


@settings(max_examples=100, derandomize=True)
@given(st.lists(st.sampled_from(PIECES).map(str.encode) | st.binary(max_size=4), max_size=20), st.data())
def test_any_output_gives_the_same_wherever_it_is_cut(pieces: list[bytes], data: st.DataObject) -> None:
    output = b"".join(pieces)
    reader = MetricReader("loss", ("epoch",))
    whole = lines([output], reader.needle)
    assert lines(pieces, reader.needle) == whole
    assert lines([output[at : at + 1] for at in range(len(output))], reader.needle) == whole
    near = NearMisses(reader)
    for line in whole:
        found = reader.read(line)
        if found is None:
            near.look(line)
        else:
            assert type(found.value) is float
            assert found.budget is None or math.isfinite(found.budget)
            assert line.lstrip().startswith("{") or line.replace("val_loss", "").count("loss")
    assert len(near.nearest()) <= 3


def lines(pieces: list[bytes], needle: bytes) -> list[str]:
    splitter = LineSplitter(needle)
    return [line for piece in pieces for line in splitter.feed(piece)] + splitter.close()


SCRAPS = [
    "a",
    "name",
    "command",
    "parameters",
    "x",
    ": ",
    "\n",
    "\n  ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "<<: ",
    "!!float ",
    "!!int ",
    "!!set ",
]
SCRAPS += [
    "!!python/object:os.x ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    '"',
    "'",
    "|",
    ">",
    "%YAML 1.",
    "---\n",
    "\\U00110000",
    "9" * 320,
    "1e-5",
]
SCRAPS += ["#", "\t", "@", "`", "~", "on", "\ufeff", "\x85", "\u2028", "\x1e", "\x0c", "\ud800"]


@settings(max_examples=150, derandomize=True)
@given(st.lists(st.sampled_from(SCRAPS) | st.text(max_size=3), max_size=20).map("".join))
def test_any_text_is_plain_data_or_problems_with_their_line(text: str) -> None:
    document = read_yaml(text, "study.yaml")
    assert only_plain(document.data)
    for each in document.problems:
        assert each.message
        assert each.column is not None
        assert each.line is not None
        assert each.column > 0
        assert 0 < each.line <= len(text.splitlines()) + 1


def only_plain(data: object) -> bool:
    if isinstance(data, dict):
        return all(type(key) is str and only_plain(value) for key, value in data.items())
    if isinstance(data, list):
        return all(map(only_plain, data))
    return data is None or type(data) in (str, int, float, bool)


TRIALS = ["3", "0", "-1", "1e3", "1e999", ".nan", "0x10", "9" * 320, "!!float 3", "three", "[]", "~", '"3"', "&t 3"]
WHENS = [
    "x > 0.5",
    "true",
    "'x'",
    "1",
    "1e400",
    "[x]",
    "{x: 1}",
    '"x ** x"',
    '"9**9**9 > x"',
    "y",
    "z",
    "~",
    "not",
    "!!str 1",
]


@settings(max_examples=60, derandomize=True)
@given(st.sampled_from(TRIALS), st.sampled_from(WHENS), st.integers(0, 200), st.sampled_from(SCRAPS))
def test_a_study_survives_being_written_out_or_is_refused_with_its_place(
    trials: str, when: str, at: int, scrap: str
) -> None:
    text = STUDY.format(when=when, trials=trials)
    text = text[:at] + scrap + text[at:] if at < len(text) else text
    study = outcome(StudyError, load_text, text, Path("study.yaml"))
    if isinstance(study, StudyError):
        assert any(each.line is not None for each in study.problems)
        return
    assert Study.from_dict(study.to_dict()) == study
