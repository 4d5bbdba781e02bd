"""What of a study concerns the way a trial is talked to, with its place."""

from __future__ import annotations

import pytest

from hpotune.protocol import check_protocol
from studies import study

BOOL = {"type": "bool"}
NUL = "a\0b"


@pytest.mark.parametrize(
    ("parameter", "path"),
    [
        ({"type": "categorical", "choices": ["ok", NUL]}, ("parameters", "c", "choices", 1)),
        ({"type": "ordinal", "choices": [1, "\ud800"]}, ("parameters", "c", "choices", 1)),
        ({"type": "constant", "value": NUL}, ("parameters", "c", "value")),
    ],
)
def test_what_no_process_can_be_given_is_found_before_the_first_trial(
    parameter: dict[str, object], path: tuple[object, ...]
) -> None:
    assert [problem.path for problem in check_protocol(study(parameters={"c": parameter, "x": BOOL}))] == [path]


def test_what_every_process_can_be_given_is_fine() -> None:
    choices = {"type": "categorical", "choices": ["ü \n'\"", None, True, 1.5, [1], {"a": "b"}]}
    assert check_protocol(study(parameters={"c": choices}, command=["echo", "${c}", "ü"])) == []


def test_parameters_that_share_a_variable_are_named() -> None:
    float_ = {"type": "float", "low": 0, "high": 1}
    problems = check_protocol(study(parameters={"a.b": float_, "a_b": float_}))
    assert [problem.path for problem in problems] == [("parameters", "a_b")]
    assert "HPOTUNE_PARAM_A_B" in problems[0].message
