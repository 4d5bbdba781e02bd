"""From the text of an expression to tokens, each with its column.

Operands (names, numbers, texts) are taken out and stand as `_0`, `_1`, ... in what is left, so that a dotted name is
one name, a parameter may be called `lambda`, and Python's parser sees nothing but operators, brackets and placeholders.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from hpotune.expressions.errors import ExpressionSyntaxError, short
from hpotune.expressions.operations import FUNCTIONS, LARGEST

LONGEST_SOURCE = 5_000
MOST_TOKENS = 1_000
DEEPEST = 100
_MOST_DIGITS = 309

LITERALS: dict[str, bool | None] = {
    "True": True,
    "False": False,
    "None": None,
    "true": True,
    "false": False,
    "null": None,
}
OPERATOR_WORDS = frozenset({"and", "or", "not", "in", "if", "else"})

_TOKEN = re.compile(
    r"""
      (?P<space>  [ \t\r\n]+ )
    | (?P<text>   "(?:[^"\\\x00-\x1f]|\\.)*" | '(?:[^'\\\x00-\x1f]|\\.)*' )
    | (?P<number> (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]) )
    | (?P<name>   [A-Za-z_]\w*(?:\.\w+)* )
    | (?P<slip>   && | \|\| | !== | === | <> | \^ | & | \| | => | =< | =(?!=) | !(?!=) )
    | (?P<sign>   \*\* | // | == | != | <= | >= | [-+*/%<>(),\[\]] )
    """,
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}
_CLOSES = {")": "(", "]": "["}
_SLIPS = {
    "&&": "and",
    "&": "and",
    "AND": "and",
    "||": "or",
    "|": "or",
    "OR": "or",
    "!": "not",
    "NOT": "not",
    "=": "==",
    "===": "==",
    "is": "==",
    "!==": "!=",
    "<>": "!=",
    "=>": ">=",
    "=<": "<=",
    "^": "**",
}


class Operand(NamedTuple):
    """What a placeholder stands for: a parameter's name, or a literal value."""

    is_name: bool
    value: object


class Token(NamedTuple):
    """`stands` is what Python's parser is given for the `written` text at `column`."""

    stands: str
    written: str
    column: int


def scan(source: str) -> tuple[list[Token], list[Operand]]:
    """The tokens of `source`, and the operands its placeholders stand for.

    Raises:
        ExpressionSyntaxError: a character, number or text that cannot be read, brackets that do not match, too long.
    """
    if len(source) > LONGEST_SOURCE:
        raise ExpressionSyntaxError(f"the expression is longer than {LONGEST_SOURCE} characters", LONGEST_SOURCE)
    tokens: list[Token] = []
    operands: list[Operand] = []
    column = 0
    while column < len(source):
        match = _TOKEN.match(source, column)
        if match is None:
            raise _unreadable(source, column)
        if match.lastgroup != "space":
            stands = _stands(match, operands)
            tokens.append(Token(stands, match.group(), column))
        column = match.end()
    if not tokens:
        raise ExpressionSyntaxError("the expression is empty", 0)
    if len(tokens) > MOST_TOKENS:
        raise ExpressionSyntaxError(f"the expression has more than {MOST_TOKENS} parts", tokens[MOST_TOKENS].column)
    _check_brackets(tokens)
    return tokens, operands


def _stands(match: re.Match[str], operands: list[Operand]) -> str:
    written, column = match.group(), match.start()
    if written in _SLIPS:
        raise ExpressionSyntaxError(f"'{written}' is not an operator here", column, f"Write {_SLIPS[written]}.")
    if match.lastgroup == "sign" or written in OPERATOR_WORDS:
        return written
    if match.lastgroup == "name" and written not in LITERALS:
        if match.string[match.end() :].lstrip().startswith("("):
            return _function(written, column)
        operands.append(Operand(is_name=True, value=written))
    elif match.lastgroup == "name":
        operands.append(Operand(is_name=False, value=LITERALS[written]))
    elif match.lastgroup == "text":
        operands.append(Operand(is_name=False, value=_text(written, column)))
    else:
        operands.append(Operand(is_name=False, value=_number(written, column)))
    return f"_{len(operands) - 1}"


def _function(name: str, column: int) -> str:
    if name in FUNCTIONS:
        return name
    close = get_close_matches(name, FUNCTIONS, 1)
    remedy = f"Did you mean {close[0]}?" if close else f"The functions are {', '.join(FUNCTIONS)}."
    raise ExpressionSyntaxError(f"there is no function {short(name)}", column, remedy)


def _number(written: str, column: int) -> int | float:
    digits = written.lstrip("0") or "0"
    # A longer run of digits is too large anyhow, and Python refuses to read one that is much longer.
    number = int(digits) if written.isdecimal() and len(digits) <= _MOST_DIGITS else float(written)
    if not number <= LARGEST:
        raise ExpressionSyntaxError("the number is too large", column)
    return number


def _text(written: str, column: int) -> str:
    for escape in _ESCAPE.finditer(written):
        if escape.group(1) not in _ESCAPES:
            message = f"{escape.group()} is not an escape"
            raise ExpressionSyntaxError(message, column + escape.start(), "Write \\\\ for a backslash.")
    return _ESCAPE.sub(lambda escape: _ESCAPES[escape.group(1)], written[1:-1])


def _unreadable(source: str, column: int) -> ExpressionSyntaxError:
    character = source[column]
    if character in "\"'":
        return ExpressionSyntaxError("the text has no end", column, f"Close it with {character}.")
    if character.isascii() and (character.isdigit() or character == "."):
        return ExpressionSyntaxError("the number cannot be read", column, "Write it as 12, 0.5 or 1e-3.")
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    remedy = "" if character.isascii() else "Names are made of the letters A to Z, digits and _; a text needs quotes."
    return ExpressionSyntaxError(f"{shown} has no meaning in an expression", column, remedy)


def _check_brackets(tokens: list[Token]) -> None:
    opened: list[Token] = []
    for token in tokens:
        if token.stands in _CLOSES.values():
            opened.append(token)
            if len(opened) > DEEPEST:
                raise ExpressionSyntaxError("the expression is nested too deeply", token.column)
        elif token.stands in _CLOSES:
            if not opened or opened[-1].stands != _CLOSES[token.stands]:
                raise ExpressionSyntaxError(f"{token.stands} closes nothing", token.column)
            opened.pop()
    if opened:
        raise ExpressionSyntaxError(f"{opened[-1].stands} is never closed", opened[-1].column)
