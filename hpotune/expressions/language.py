"""From tokens to an `Expression`: Python's grammar, a white list of its nodes, each turned into a closure."""

from __future__ import annotations

import ast
import operator
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from hpotune.expressions.errors import ExpressionError, ExpressionSyntaxError, short
from hpotune.expressions.operations import BINARY, COMPARISON, FUNCTIONS, UNARY, Binary
from hpotune.expressions.tokens import DEEPEST, OPERATOR_WORDS, Operand, Token, scan

Run = Callable[[Mapping[str, Any]], Any]

_AWAITS_MORE = OPERATOR_WORDS | {"+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", ","}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that has been read. Immutable; equal if the source is; pickled as its source.

    `names` are the parameters it names; a dotted name is one name.
    """

    source: str
    names: frozenset[str] = field(compare=False)
    _run: Run = field(compare=False, repr=False)

    def evaluate(self, values: Mapping[str, object]) -> object:
        """The value of the expression for the values of its names.

        Raises:
            ExpressionError: it has none.
        """
        try:
            return self._run(values)
        except ExpressionError:
            raise
        except KeyError as error:
            raise ExpressionError(f"{short(error.args[0])} has no value here") from None
        except ZeroDivisionError:
            raise ExpressionError("division by zero") from None
        except OverflowError:
            raise ExpressionError("the result is too large") from None
        except (TypeError, ValueError, RecursionError) as error:
            raise ExpressionError(str(error)) from None

    def __reduce__(self) -> tuple[Callable[[str], Expression], tuple[str]]:
        return parse, (self.source,)


def parse(source: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionSyntaxError: with the column, and where possible what to write instead.
    """
    tokens, operands = scan(source)
    text = _Text(source, tokens)
    try:
        tree = ast.parse(text.stands, mode="eval")
        run = _Compiler(text, operands).compile(tree.body, 0)
    except SyntaxError as error:
        raise text.stuck(error) from None
    except (MemoryError, RecursionError):
        raise ExpressionSyntaxError("the expression is nested too deeply", 0) from None
    names = frozenset(str(operand.value) for operand in operands if operand.is_name)
    return Expression(source, names, run)


class _Text:
    """The text that Python's parser sees, and the way back from a column in it to the user's source."""

    def __init__(self, source: str, tokens: list[Token]) -> None:
        self._source = source
        self._tokens = tokens
        self._starts = [0, *accumulate(len(token.stands) + 1 for token in tokens)]
        self.stands = " ".join(token.stands for token in tokens)

    def column(self, offset: int) -> int:
        return self._tokens[self._number(offset)].column

    def stuck(self, error: SyntaxError) -> ExpressionSyntaxError:
        """What Python's parser says, in terms of the language."""
        if self._tokens[-1].stands in _AWAITS_MORE:
            return ExpressionSyntaxError("the expression ends too early", len(self._source.rstrip()))
        number = self._number((error.offset or 1) - 1)
        if "expected 'else'" in error.msg:
            return ExpressionSyntaxError("an if needs an else", self._tokens[number].column, "Write a if b else c.")
        if number + 1 < len(self._tokens) and "forgot a comma" in error.msg:
            number += 1  # Python points at the operand before the gap
        token = self._tokens[number]
        return ExpressionSyntaxError(f"the expression cannot be read at {short(token.written)}", token.column)

    def _number(self, offset: int) -> int:
        return min(bisect_right(self._starts, offset), len(self._tokens)) - 1


class _Compiler:
    """Turns the nodes of one expression into closures over the mapping of values."""

    def __init__(self, text: _Text, operands: list[Operand]) -> None:
        self._text = text
        self._operands = operands

    def compile(self, node: ast.expr, depth: int) -> Run:
        if depth > DEEPEST:
            raise self._refusal(node, "the expression is nested too deeply")

        def inner(child: ast.expr) -> Run:
            return self.compile(child, depth + 1)

        match node:
            case ast.Name(id=placeholder) if placeholder.startswith("_"):
                return _operand(self._operands[int(placeholder[1:])])
            case ast.BinOp(left=left, op=op, right=right) if _kind(op) in BINARY:
                return _binary(BINARY[_kind(op)], inner(left), inner(right))
            case ast.UnaryOp(op=op, operand=operand):
                return _unary(UNARY[_kind(op)], inner(operand))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                operators = [COMPARISON[_kind(op)] for op in ops]
                return _chain(inner(left), operators, [inner(item) for item in comparators])
            case ast.BoolOp(op=op, values=values):
                return _LOGIC[_kind(op)]([inner(value) for value in values])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return _conditional(inner(test), inner(body), inner(orelse))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return _list([inner(item) for item in items])
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                return self._call(node, name, [inner(argument) for argument in arguments])
        indexed = isinstance(node, ast.Subscript)
        raise self._refusal(node, "values cannot be indexed" if indexed else "this is not part of the language")

    def _call(self, node: ast.expr, name: str, arguments: list[Run]) -> Run:
        call, least, most = FUNCTIONS[name]
        if len(arguments) < least or (most is not None and len(arguments) > most):
            wanted = "one argument" if most == least else "one or two arguments" if most else "at least one argument"
            raise self._refusal(node, f"{name} takes {wanted}")
        if len(arguments) == 1:
            return _unary(call, arguments[0])
        return lambda values: call(*[argument(values) for argument in arguments])

    def _refusal(self, node: ast.expr, message: str) -> ExpressionSyntaxError:
        return ExpressionSyntaxError(message, self._text.column(node.col_offset))


def _kind(op: ast.AST) -> str:
    return type(op).__name__


def _operand(operand: Operand) -> Run:
    if operand.is_name:
        return operator.itemgetter(operand.value)
    value = operand.value
    return lambda _: value


def _binary(compute: Binary, left: Run, right: Run) -> Run:
    return lambda values: compute(left(values), right(values))


def _unary(compute: Callable[[Any], object], operand: Run) -> Run:
    return lambda values: compute(operand(values))


def _chain(first: Run, operators: list[Binary], others: list[Run]) -> Run:
    """`a < b < c` is `a < b and b < c` with each operand evaluated at most once, as in Python."""
    if len(others) == 1:
        return _binary(operators[0], first, others[0])

    def run(values: Mapping[str, Any]) -> object:
        left = first(values)
        result: object = True
        for compare, other in zip(operators, others, strict=True):
            right = other(values)
            result = compare(left, right)
            if not result:
                break
            left = right
        return result

    return run


def _conjunction(parts: list[Run]) -> Run:
    def run(values: Mapping[str, Any]) -> object:
        result: object = True
        for part in parts:
            result = part(values)
            if not result:
                break
        return result

    return run


def _disjunction(parts: list[Run]) -> Run:
    def run(values: Mapping[str, Any]) -> object:
        result: object = False
        for part in parts:
            result = part(values)
            if result:
                break
        return result

    return run


def _conditional(test: Run, body: Run, orelse: Run) -> Run:
    return lambda values: body(values) if test(values) else orelse(values)


def _list(items: list[Run]) -> Run:
    return lambda values: [item(values) for item in items]


_LOGIC = {"And": _conjunction, "Or": _disjunction}
