"""The expression language: a syntax error with its place, or an expression whose evaluation is bounded."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from random import Random
from typing import Any
from zlib import crc32

from fuzzing.target import Target, must
from hpotune.expressions import FUNCTIONS, WORDS, Expression, ExpressionError, ExpressionSyntaxError, parse

_SEEDS = (
    'optimizer == "sgd"', "hidden * batch <= 32768", "lr * batch / 32", "lr if warm else -lr", "x in [1, 2, 3]",
    "a and not b or c", "1 < x <= y != 3", "min(a, b, 2) + max([a, b])", "round(log(x, 2)) ** 2 // 3 % 5",
    "exp(sqrt(abs(floor(x)) + ceil(y)))", "'a\\'b' + \"c\\n\" in s", "optim.lr * 1e-3 + .5",
    "not true == false or null", "9**9**9", "2 ** 1e9", "((((1))))", "- - - -1", "not not not x", "s * 3",
    "(a, b, c)", "round(a, 400) + round(b, -3)", "[[1], [2]] == [[a], [b]]", "x not in [] and 'sgd' not in s",
    "1e308 * 10", "10 ** 308 * 9", "-(2 ** 1023) - 1",
)  # fmt: skip
_TOKENS = (
    "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "(", ")", "[", "]", ",", " ", ".", "_",
    "__", "&&", "||", "!", "=", "^", "&", "|", "=>", "~", "@", ":", ":=", "{", "}", ";", "#", "lambda", "is", "await",
    "yield", "__class__", "._0", "_0", "_1", "f'", "b''", "''", '""', '"\\u0041"', "1j", "1_0", "0x10", "1e", "x.y",
    "x.1", *sorted(WORDS), *FUNCTIONS, *(f"{name}(" for name in FUNCTIONS), "a", "x", "lr", "s",
)  # fmt: skip
_POOL: tuple[Any, ...] = (
    0, 1, -1, 2, 7, 10**18, -(2**63), 2**1000, 10**400, -(10**5000), 0.0, -0.0, 0.5, -1.5, 1e-300, 5e-324, 1e308,
    -1.7e308, True, False, None, "", "sgd", "a" * 9_999, "\ud800", [], [1, "a", None], [[1.0], [2]], {}, {"k": 1},
)  # fmt: skip
_LARGEST = 1.7e308
_LONGEST = 10_000


def _check(data: bytes) -> bool:
    source = data.decode("utf-8", "surrogateescape")
    try:
        expression = parse(source)
    except ExpressionSyntaxError as error:
        must(0 <= error.column <= len(source), "the column lies in the source")
        must(bool(error.message) and len(str(error)) < 1000, "the message is short and not empty")
        return False
    _check_expression(expression, source, Random(crc32(data)))
    return True


def _check_expression(expression: Expression, source: str, rng: Random) -> None:
    again = pickle.loads(pickle.dumps(expression))
    must(again == expression and again.names == expression.names, "an expression survives pickling")
    for name in expression.names:
        must(name in source and "(" not in name, "names stand in the source")
    for _ in range(3):
        values = {name: rng.choice(_POOL) for name in sorted(expression.names)}
        value, reason = _evaluated(expression, values)
        once_more, same_reason = _evaluated(again, values)
        must(value == once_more and type(value) is type(once_more) and reason == same_reason, "it has one value")
        _check_value(value, list(values.values()))
    _evaluated(expression, {})


def _evaluated(expression: Expression, values: Mapping[str, object]) -> tuple[object, str]:
    try:
        return expression.evaluate(values), ""
    except ExpressionError as error:
        must(bool(error.message) and len(error.message) < 25_000, "the message is bounded and not empty")
        return None, error.message


def _check_value(value: object, given: list[object]) -> None:
    """Numbers that were computed are finite and no larger than documented, texts no longer."""
    if any(value is one for one in given) or isinstance(value, dict):
        return
    if isinstance(value, int | float) and not any(_huge(one) for one in given):
        must(math.isfinite(value) and abs(value) <= _LARGEST, "numbers are finite and bounded")
    if isinstance(value, str):
        must(len(value) <= _LONGEST, "texts are bounded")
    if isinstance(value, list):
        must(len(value) <= 1000, "lists are bounded")


def _huge(value: object) -> bool:
    return isinstance(value, int) and abs(value) > _LARGEST


TARGET = Target(
    name="expressions",
    check=_check,
    seeds=[seed.encode() for seed in _SEEDS],
    tokens=[token.encode() for token in _TOKENS],
    files=["/hpotune/expressions/"],
    share=0.46,
    traced=12,
    seconds=1.0,
    longest=6000,
)
