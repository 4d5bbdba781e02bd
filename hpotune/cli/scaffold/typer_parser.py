"""Options of Typer commands: the parameters of a function, by annotation and default."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hpotune.cli.scaffold.options import Kind, Option, Scalar
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

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def typer_options(tree: ast.Module, module: Module) -> Iterator[Option]:
    """The options of every function given to `typer.run` or decorated as a command or callback of a Typer app."""
    if not any(_imports_typer(node) for node in ast.walk(tree)):
        return
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    run = {last_name(call.args[0]) for call in calls if called(call) == "run" and call.args}
    for node in ast.walk(tree):
        if isinstance(node, _Function) and (node.name in run or _is_command(node)):
            yield from _function(node, module)


def _imports_typer(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(alias.name == "typer" for alias in names)
        case ast.ImportFrom(module="typer"):
            return True
    return False


def _is_command(node: _Function) -> bool:
    names = [last_name(item.func if isinstance(item, ast.Call) else item) for item in node.decorator_list]
    return "command" in names or "callback" in names


def _function(node: _Function, module: Module) -> Iterator[Option]:
    arguments = [*node.args.posonlyargs, *node.args.args]
    missing: list[ast.expr | None] = [None] * (len(arguments) - len(node.args.defaults))
    defaults = [*missing, *node.args.defaults, *node.args.kw_defaults]
    for argument, default in zip([*arguments, *node.args.kwonlyargs], defaults, strict=True):
        if (option := _parameter(argument, default, module)) is not None:
            yield option


def _parameter(argument: ast.arg, default: ast.expr | None, module: Module) -> Option | None:
    """The option that a parameter makes; None for a positional argument."""
    annotation, declared = _annotated(argument.annotation)
    if isinstance(default, ast.Call) and called(default) in {"Option", "Argument"}:
        declared, default = default, (default.args[0] if default.args else keywords(default).get("default"))
        spelled = tuple(text for text in texts(declared, module) if text.startswith("-"))
    else:
        spelled = tuple(text for text in texts(declared, module) if text.startswith("-")) if declared else ()
    if (declared is None and default is None) or (declared is not None and called(declared) == "Argument"):
        return None
    given = keywords(declared) if declared else {}
    kind, choices = _type(annotation, module)
    flags = tuple(text.split("/")[0].strip() for text in spelled) or (f"--{argument.arg.replace('_', '-')}",)
    negative = next((text.split("/")[1].strip() for text in spelled if "/" in text), None)
    if kind == "flag" and not spelled:
        negative = f"--no-{flags[0][2:]}"
    return Option(
        flags=flags,
        kind=kind,
        default=scalar(module.value(default)),
        choices=choices,
        negative=negative,
        low=number(module.value(given.get("min"))),
        high=number(module.value(given.get("max"))),
        help=help_text(given, module),
    )


def _annotated(annotation: ast.expr | None) -> tuple[ast.expr | None, ast.Call | None]:
    """`Annotated[float, typer.Option(...)]` taken apart."""
    match annotation:
        case ast.Subscript(value=outer, slice=ast.Tuple(elts=[inner, *rest])) if last_name(outer) == "Annotated":
            calls = (item for item in rest if isinstance(item, ast.Call))
            return inner, next((call for call in calls if called(call) in {"Option", "Argument"}), None)
    return annotation, None


def _type(annotation: ast.expr | None, module: Module) -> tuple[Kind, tuple[Scalar, ...]]:
    match annotation:
        case ast.BinOp(left=inner, op=ast.BitOr(), right=ast.Constant(value=None)):
            return _type(inner, module)
        case ast.Subscript(value=outer, slice=inner) if last_name(outer) == "Optional":
            return _type(inner, module)
        case ast.Subscript(value=outer, slice=inner) if last_name(outer) == "Literal":
            value = module.value(inner)
            return "unknown", scalars(value if isinstance(value, tuple) else (value,))
        case ast.Subscript():
            return "list", ()
        case ast.Name(id=name) if name in module.enums:
            return "unknown", tuple(module.enums[name].values())
    kind: Kind = TYPES.get(last_name(annotation), "unknown")
    return ("flag" if kind == "truth" else kind), ()
