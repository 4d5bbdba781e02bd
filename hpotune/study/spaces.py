"""From the parameters of a study to its space, and what is wrong with them as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hpotune.expressions import parse
from hpotune.keys import Key
from hpotune.space import Derived, JsonValue, Parameter, Space, SpaceError
from hpotune.study.parameters import DerivedModel, ParameterModel
from hpotune.study.source import Path
from hpotune.study.wording import Finding

_PROBES = 32


def space_of(parameters: Mapping[str, ParameterModel], constraints: Sequence[str]) -> Space:
    """The space of a study's parameters. A default that is none of its parameter's values is left out.

    Raises:
        SpaceError: with every mistake.
    """
    declared = [model.declared(name, default=not default_problem(name, model)) for name, model in parameters.items()]
    return Space(declared, [parse(constraint) for constraint in constraints])


def alone(parameter: Parameter) -> Space | None:
    """The space of one parameter, unconditionally; None if its declaration has problems."""
    try:
        return Space([replace(parameter, when=None)], [])
    except SpaceError:
        return None


def value_problem(name: str, value: JsonValue, space: Space) -> str:
    """Why a value is none of a parameter's, whose space (of it alone) is given; empty if it is one."""
    try:
        space.complete({name: value}, None)
    except ValueError as error:
        return str(error).removeprefix(f"{name}: ")
    return ""


def default_problem(name: str, model: ParameterModel) -> str:
    """Why a parameter's default is none of its values; empty if it is one, or there is none."""
    value = getattr(model, "default", None)
    if value is None:
        return ""
    space = alone(model.declared(name, default=False))
    return value_problem(name, value, space) if space is not None else ""


def space_findings(parameters: Mapping[str, ParameterModel], constraints: Sequence[str]) -> Iterator[Finding]:
    """What keeps a study's parameters and constraints from being a space."""
    if not parameters:
        yield Finding(("parameters",), "there are no parameters", "add one: `lr: {type: float, low: 0, high: 1}`")
    try:
        _probe(space_of(parameters, constraints))
    except SpaceError as error:
        for path, message, remedy in error.problems:
            offset = _offset(message, _expression_at(path, parameters, constraints))
            yield Finding(
                path, message, _in_style(remedy), key=path[:1] == ("parameters",) and len(path) == 2, offset=offset
            )


def _probe(space: Space) -> None:
    """Find conditions and derived values that cannot be evaluated before a run does.

    Raises:
        SpaceError: at the first one.
    """
    if all(parameter.when is None and not isinstance(parameter, Derived) for parameter in space.parameters):
        return
    ends = [[end] * space.dimension for end in (0.0, 1.0, 0.5)]
    draws = Key.of(0, "probe").uniforms(_PROBES * space.dimension).reshape(_PROBES, space.dimension).tolist()
    for point in (*ends, *draws):
        space.decode(point)


def _offset(message: str, expression: str) -> int | None:
    """Where in an expression the unknown name stands that a message ends with."""
    name = message.rpartition(" ")[2]
    found = re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", expression)
    return found.start() if found else None


def outside_findings(parameters: Mapping[str, ParameterModel]) -> Iterator[Finding]:
    """Two parameters must not have the same spelling to the outside."""
    owners: dict[str, str] = {}
    for name, model in parameters.items():
        spelling = model.as_ or name
        if spelling in owners:
            path: Path = ("parameters", name) if model.as_ is None else ("parameters", name, "as")
            words = f"{name!r} would be called {spelling!r} to the outside, and so is {owners[spelling]!r}"
            yield Finding(path, words, "give one of the two another `as`", key=model.as_ is None)
        else:
            owners[spelling] = name


def _expression_at(path: Path, parameters: Mapping[str, ParameterModel], constraints: Sequence[str]) -> str:
    match path:
        case ("constraints", int(index)):
            return constraints[index]
        case ("parameters", str(name), "when"):
            return parameters[name].when or ""
        case ("parameters", str(name), "expression"):
            model = parameters[name]
            return model.expression if isinstance(model, DerivedModel) else ""
    return ""


def _in_style(remedy: str) -> str:
    return f"{remedy[:1].lower()}{remedy[1:]}".removesuffix(".")
