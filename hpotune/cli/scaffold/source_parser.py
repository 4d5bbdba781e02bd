"""Options out of a Python script's source, by its syntax tree; the script is never imported or run.

Read are argparse's `add_argument`, click's `option` and the parameters of Typer commands, as far as their arguments are
literals or constants of the module. It completes what the help hides: argparse prints defaults only on request.
"""

from __future__ import annotations

import ast
import warnings

from hpotune.cli.scaffold.options import Kind, Option, Scalar, inside
from hpotune.cli.scaffold.syntax import (
    TYPES,
    Module,
    called,
    help_text,
    keywords,
    last_name,
    number,
    scalar,
    scalars,
    texts,
)
from hpotune.cli.scaffold.typer_parser import typer_options

_FLAG_ACTIONS = {"store_true", "store_false", "count", "store_const", "append_const"}


def parse_source(source: str) -> tuple[Option, ...]:
    """The options that a script's source defines, in its order; () if it is not Python. Never raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user's invalid escapes are no concern of ours
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    module = Module.of(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    found = [_argparse(call, module) for call in calls if called(call) == "add_argument"]
    found += [_click(call, module) for call in calls if called(call) == "option"]
    return (*(option for option in found if option is not None), *typer_options(tree, module))


def _argparse(call: ast.Call, module: Module) -> Option | None:
    flags = tuple(text for text in texts(call, module) if text.startswith("-"))
    if not flags:
        return None
    given = keywords(call)
    action = module.value(given.get("action")) or last_name(given.get("action"))
    kind: Kind = TYPES.get(last_name(given.get("type")), "unknown")
    default, negative = scalar(module.value(given.get("default"))), None
    if action in _FLAG_ACTIONS or action == "BooleanOptionalAction":
        kind = "flag"
        long = next((flag for flag in flags if flag.startswith("--")), None)
        negative = f"--no-{long[2:]}" if long and action == "BooleanOptionalAction" else None
    elif ("nargs" in given and module.value(given["nargs"]) != "?") or action in {"append", "extend"}:
        kind = "list"
    return Option(
        flags=flags,
        kind=kind,
        default=default,
        choices=scalars(module.value(given.get("choices"))),
        negative=negative,
        help=help_text(given, module),
        required=module.value(given.get("required")) is True,
    )


def _click(call: ast.Call, module: Module) -> Option | None:
    spelled = [text for text in texts(call, module) if text.startswith("-")]
    if not spelled:
        return None
    given = keywords(call)
    flags = tuple(text.split("/")[0].strip() for text in spelled)
    negative = next((text.split("/")[1].strip() for text in spelled if "/" in text), None)
    kind, choices, low, high = _click_type(given.get("type"), module)
    if negative or module.value(given.get("is_flag")) is True:
        kind = "flag"
    elif module.value(given.get("multiple")) is True or "nargs" in given:
        kind = "list"
    return Option(
        flags=flags,
        kind=kind,
        default=scalar(module.value(given.get("default"))),
        choices=choices,
        negative=negative,
        low=low,
        high=high,
        help=help_text(given, module),
        required=module.value(given.get("required")) is True,
    )


def _click_type(node: ast.expr | None, module: Module) -> tuple[Kind, tuple[Scalar, ...], float | None, float | None]:
    if not isinstance(node, ast.Call):
        return TYPES.get(last_name(node), "unknown"), (), None, None
    if called(node) == "Choice":
        return "unknown", scalars(module.value(node.args[0])) if node.args else (), None, None
    kind: Kind = TYPES.get(called(node), "unknown")
    given = dict(zip(("min", "max"), node.args, strict=False)) | keywords(node)
    low, high = (number(module.value(given.get(end))) for end in ("min", "max"))
    for end, bound in (("min_open", low), ("max_open", high)):
        if bound is None or module.value(given.get(end)) is not True:
            continue
        closed = inside(bound, is_open=True, whole=kind == "int", upper=end == "max_open")
        low, high = (closed, high) if end == "min_open" else (low, closed)
    return kind, (), low, high
