"""What names and literals in a script's syntax tree stand for."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from hpotune.cli.scaffold.options import Kind, Scalar

TYPES: dict[str, Kind] = {
    "int": "int", "INT": "int", "IntRange": "int", "float": "float", "FLOAT": "float", "FloatRange": "float",
    "str": "text", "STRING": "text", "Path": "text", "File": "text", "BOOL": "truth", "bool": "truth",
}  # fmt: skip


def called(call: ast.Call) -> str:
    """The last name of what is called: `option` for `click.option(...)`."""
    return last_name(call.func)


def last_name(node: ast.expr | None) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


@dataclass(frozen=True)
class Module:
    """The constants and the string enumerations of a module: what names in it may stand for."""

    constants: Mapping[str, object] = field(default_factory=dict)
    enums: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: ast.Module) -> Module:
        bare = cls()
        constants = {
            target.id: value
            for node in tree.body
            if isinstance(node, ast.Assign) and (value := bare.value(node.value)) is not None
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        enums = {node.name: members for node in classes if (members := bare.members(node))}
        return cls(constants, enums)

    def value(self, node: ast.expr | None) -> object:
        """The value of a literal, a constant or a member of an enumeration; None for anything else."""
        match node:
            case None:
                return None
            case ast.Name(id=name):
                return self.constants.get(name)
            case ast.Attribute(value=ast.Name(id=enum), attr=member) if enum in self.enums:
                return self.enums[enum].get(member)
            case ast.Attribute(value=ast.Attribute() as inner, attr="value"):
                return self.value(inner)
        try:
            value: object = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None
        return value

    def members(self, node: ast.ClassDef) -> dict[str, Scalar]:
        if not any(last_name(base).endswith("Enum") for base in node.bases):
            return {}
        return {
            target.id: value
            for statement in node.body
            if isinstance(statement, ast.Assign) and (value := scalar(self.value(statement.value))) is not None
            for target in statement.targets
            if isinstance(target, ast.Name)
        }


def scalar(value: object) -> Scalar | None:
    return value if isinstance(value, bool | int | float | str) else None


def scalars(value: object) -> tuple[Scalar, ...]:
    if not isinstance(value, list | tuple | set):
        return ()
    return tuple(item for item in value if isinstance(item, bool | int | float | str))


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def texts(call: ast.Call, module: Module) -> tuple[str, ...]:
    """The positional arguments that are texts: the flags of an option."""
    values = (module.value(node) for node in call.args if not isinstance(node, ast.Starred))
    return tuple(value for value in values if isinstance(value, str))


def number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def help_text(given: Mapping[str, ast.expr], module: Module) -> str:
    text = module.value(given.get("help"))
    plain = text.replace("%(default)s", "its default").replace("%%", "%") if isinstance(text, str) else ""
    return " ".join(plain.split())
