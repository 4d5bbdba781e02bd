"""The kinds of values in a study: what is accepted, and the words for what is not.

Each kind is an annotated type for pydantic whose validator does the whole check and raises `wrong(...)`, so that the
user reads our words, and whose JSON Schema says the same to an editor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from hpotune.expressions import ExpressionSyntaxError, parse
from hpotune.study.durations import DURATION_PATTERN, DurationError, parse_duration
from hpotune.study.scalars import resolve, shown

DEEPEST = 40


def wrong(message: str, remedy: str = "", *, at: str | None = None, offset: int | None = None) -> PydanticCustomError:
    """The error of a validator: `at` is the key that is meant (in a check of a whole mapping), `offset` a column."""
    return PydanticCustomError("study", "{message}", {"message": message, "remedy": remedy, "at": at, "offset": offset})


def described(value: object) -> str:
    """What a value is, for `expected ..., found ...`."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"the string {value if len(value) <= 60 else value[:57] + '...'!r}"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool | int | float):
        return shown(value)
    return f"a {type(value).__name__}"


def exact_number(value: object) -> int | float:
    """A finite number, an int staying an int."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"expected a number, found {described(value)}", _unquote(value))
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise wrong(f"expected a finite number, found {described(value)}")
    return value


def _number(value: object) -> float:
    return float(exact_number(value))


def whole(value: object) -> int:
    """A whole number; 1e3 is one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"expected a whole number, found {described(value)}", _unquote(value))
    if abs(value) > 2**63:
        raise wrong("the number is too large")
    return value


def _unquote(value: object) -> str:
    is_number = isinstance(value, str) and isinstance(resolve(value), int | float)
    return f"write it without quotes: {value}" if is_number and not isinstance(resolve(str(value)), bool) else ""


def text(value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str):
        remedy = f'put it in quotes: "{shown(value)}"' if isinstance(value, bool | int | float) else ""
        raise wrong(f"expected text, found {described(value)}", remedy)
    if not value.strip():
        raise wrong("expected text, found an empty string")
    if "\0" in value:
        raise wrong("the text holds a zero byte (\\0), which no command or path can carry")
    return value


def _duration(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong(f"expected a duration, found {described(value)}", "write 90s, 30m, 2h, 1d or 1h30m")
    try:
        return parse_duration(value)
    except DurationError as error:
        raise wrong(error.message, error.remedy) from None
    except OverflowError:
        raise wrong("the duration is too long") from None


def _code(value: object) -> str:
    if isinstance(value, bool | int | float):
        value = shown(value)
    if not isinstance(value, str):
        raise wrong(f"expected an expression, found {described(value)}", 'put it in quotes: "x > 1"')
    try:
        parse(value)
    except ExpressionSyntaxError as error:
        raise wrong(error.message, error.remedy, offset=error.column) from None
    return value


def plain(value: object, depth: int = 0) -> Any:
    """A value that JSON can carry: no nan, no infinity, nested at most `DEEPEST` levels."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return exact_number(value)
    if depth > DEEPEST:
        raise wrong(f"the value is nested more than {DEEPEST} levels deep")
    if isinstance(value, Mapping):
        return {str(name): plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, depth + 1) for each in value]
    raise wrong(f"expected a value that JSON can carry, found {described(value)}")


def _json(value: object) -> Any:
    return plain(value)


def items(value: object) -> tuple[Any, ...]:
    """The elements of a list."""
    if isinstance(value, list | tuple):
        return tuple(value)
    raise wrong(f"expected a list, found {described(value)}", "write it in brackets: [...]")


_DURATION_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}]}
_CODE_SCHEMA = {"type": ["string", "boolean", "number"]}

Number: TypeAlias = Annotated[float, BeforeValidator(_number)]
ExactNumber: TypeAlias = Annotated[
    int | float, PlainValidator(exact_number), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
Whole: TypeAlias = Annotated[int, BeforeValidator(whole)]
# The bound comes first: behind a validator of ours, it would not reach the schema.
Count: TypeAlias = Annotated[int, Field(ge=1), BeforeValidator(whole)]
Natural: TypeAlias = Annotated[int, Field(ge=0), BeforeValidator(whole)]
Seed: TypeAlias = Annotated[int, Field(ge=0, le=2**63 - 1), BeforeValidator(whole)]
PositiveNumber: TypeAlias = Annotated[float, Field(gt=0), BeforeValidator(_number)]
Text: TypeAlias = Annotated[str, BeforeValidator(text), WithJsonSchema({"type": "string", "minLength": 1})]
Seconds: TypeAlias = Annotated[float, BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)]
Code: TypeAlias = Annotated[str, BeforeValidator(_code), WithJsonSchema(_CODE_SCHEMA)]
Json: TypeAlias = Annotated[Any, PlainValidator(_json), WithJsonSchema({})]
