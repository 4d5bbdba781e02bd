"""Who must come before whom: the names in conditions and derived values, checked and sorted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from hpotune.expressions import Expression
from hpotune.space.mistakes import SpaceProblem
from hpotune.space.parameters import Categorical, Derived, Ordinal, Parameter


def needs(parameter: Parameter) -> frozenset[str]:
    """The names that must be known before this parameter is."""
    names = parameter.when.names if parameter.when else frozenset()
    return names | parameter.expression.names if isinstance(parameter, Derived) else names


def name_problems(parameters: Sequence[Parameter], constraints: Sequence[Expression]) -> list[SpaceProblem]:
    """Names that are declared twice or not at all."""
    problems: list[SpaceProblem] = []
    names: set[str] = set()
    for parameter in parameters:
        if parameter.name in names:
            problems.append(SpaceProblem(("parameters", parameter.name), "the name is declared twice", "Rename one."))
        names.add(parameter.name)
    for path, expression in _expressions(parameters, constraints):
        problems += [
            SpaceProblem(path, f"there is no parameter {name}", remedy_for(name, parameters))
            for name in sorted(expression.names - names)
        ]
    return problems


def _expressions(
    parameters: Sequence[Parameter], constraints: Sequence[Expression]
) -> Iterator[tuple[tuple[str | int, ...], Expression]]:
    for parameter in parameters:
        if parameter.when is not None:
            yield ("parameters", parameter.name, "when"), parameter.when
        if isinstance(parameter, Derived):
            yield ("parameters", parameter.name, "expression"), parameter.expression
    for number, constraint in enumerate(constraints):
        yield ("constraints", number), constraint


def remedy_for(name: str, parameters: Sequence[Parameter]) -> str:
    """What the user meant by a name that is no parameter's."""
    for parameter in parameters:
        if isinstance(parameter, Categorical | Ordinal) and name in parameter.choices:
            return f'A text needs quotes: "{name}".'
        if "-" in parameter.name and name in parameter.name.split("-"):
            usable = parameter.name.replace("-", "_")
            return f"{parameter.name} reads as a subtraction here: name it {usable} and add `as: {parameter.name}`."
    names = [parameter.name for parameter in parameters]
    same_but_for_case = [known for known in names if known.lower() == name.lower()]
    close = same_but_for_case or get_close_matches(name, names, 1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"The parameters are {', '.join(names)}." if 0 < len(names) <= 12 else ""


def in_dependency_order(parameters: Sequence[Parameter]) -> tuple[list[Parameter], list[SpaceProblem]]:
    """Each parameter after those that it needs, else as declared; and one problem for each cycle."""
    waiting = {parameter.name: parameter for parameter in parameters}
    ordered: list[Parameter] = []
    problems: list[SpaceProblem] = []
    while waiting:
        ready = next((name for name, parameter in waiting.items() if not needs(parameter) & waiting.keys()), None)
        if ready is None:
            cycle = _cycle(waiting)
            problems.append(_cycle_problem(cycle, waiting[cycle[0]]))
            for name in cycle:
                waiting.pop(name)
        else:
            ordered.append(waiting.pop(ready))
    return ordered, problems


def _cycle(waiting: Mapping[str, Parameter]) -> list[str]:
    """Some cycle among parameters that all wait for one another; it begins with the one declared first."""
    path: list[str] = []
    name = next(iter(waiting))
    while name not in path:
        path.append(name)
        name = min(needs(waiting[name]) & waiting.keys())
    cycle = path[path.index(name) :]
    start = min(range(len(cycle)), key=lambda i: list(waiting).index(cycle[i]))
    return cycle[start:] + cycle[:start]


def _cycle_problem(cycle: Sequence[str], first: Parameter) -> SpaceProblem:
    field = "when" if first.when and cycle[1 % len(cycle)] in first.when.names else "expression"
    message = f"{first.name} depends on itself: {' needs '.join([*cycle, cycle[0]])}"
    return SpaceProblem(("parameters", first.name, field), message, "Take one of these names out.")
