"""The expression language of `when`, `constraints`, derived parameters and `--require`.

    operands     parameter names (`optim.lr` is one name), numbers, "texts", true false null, lists [a, b]
    operators    + - * / // % **   == != < <= > >= (chained as in Python)   in, not in   and or not   a if c else b
    functions    min max abs log exp sqrt floor ceil round

The grammar and the precedence are Python's. There is no attribute access, no index, no other call. Reading and
evaluating are bounded: at most 5,000 characters, 1,000 parts, 100 levels; every number finite, every text short.
"""

from hpotune.expressions.errors import ExpressionError, ExpressionSyntaxError
from hpotune.expressions.language import Expression, parse
from hpotune.expressions.operations import FUNCTIONS
from hpotune.expressions.tokens import LITERALS, OPERATOR_WORDS

WORDS = frozenset(LITERALS) | OPERATOR_WORDS
"""Words with a meaning of their own: a parameter of such a name cannot be named in an expression."""

__all__ = ["FUNCTIONS", "WORDS", "Expression", "ExpressionError", "ExpressionSyntaxError", "parse"]
