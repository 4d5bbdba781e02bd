"""A space made ready: its parameters in dependency order, each with its encoding and what it depends on.

A parameter is *active* when every name that its `when` (and, if derived, its expression) uses is active, and its `when`
holds. Everything that makes a configuration goes through `resolve`: it walks the steps and asks for the value of each
active searchable parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from hpotune.expressions import Expression, ExpressionError
from hpotune.space.axis import Axis
from hpotune.space.coordinates import axis_of
from hpotune.space.declarations import declaration_problems
from hpotune.space.mistakes import SpaceError, SpaceProblem
from hpotune.space.order import in_dependency_order, name_problems, needs
from hpotune.space.parameters import UNSET, Config, Constant, Derived, JsonValue, Parameter, Searchable, Unset
from hpotune.space.values import fresh


@dataclass(frozen=True, slots=True)
class Searched:
    """A searchable parameter and the number of its coordinate. `default` is UNSET where there is no usable one."""

    name: str
    axis: Axis
    coordinate: int
    default: JsonValue | Unset


@dataclass(frozen=True, slots=True)
class Step:
    """A parameter in its turn. `needs` are the names that must be active for it to be."""

    name: str
    source: Searched | Constant | Derived
    when: Expression | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps` in dependency order, `searched` in the order of coordinates, `names` in the order of declaration."""

    steps: tuple[Step, ...]
    searched: tuple[Searched, ...]
    names: tuple[str, ...]
    constraints: tuple[Expression, ...]
    unconditional: bool  # every parameter is searched and always active
    as_declared: bool  # the steps are in the order of declaration

    def declared(self, config: Config) -> Config:
        """The configuration with its names in the order of declaration."""
        return config if self.as_declared else {name: config[name] for name in self.names if name in config}


def make_plan(parameters: Sequence[Parameter], constraints: Sequence[Expression]) -> Plan:
    """Check a space and make it ready.

    Raises:
        SpaceError: with everything that is wrong with it.
    """
    problems = [problem for parameter in parameters for problem in declaration_problems(parameter)]
    problems += name_problems(parameters, constraints)
    ordered, cycles = in_dependency_order(parameters)
    problems += cycles
    if problems:
        raise SpaceError(_sorted(problems, parameters))
    searchable = [parameter for parameter in parameters if not isinstance(parameter, Constant | Derived)]
    searched = {parameter.name: _searched(parameter, number) for number, parameter in enumerate(searchable)}
    steps = [_step(parameter, searched) for parameter in ordered]
    return Plan(
        tuple(steps),
        tuple(searched.values()),
        tuple(parameter.name for parameter in parameters),
        tuple(constraints),
        unconditional=all(isinstance(step.source, Searched) and not step.needs and not step.when for step in steps),
        as_declared=ordered == list(parameters),
    )


def _sorted(problems: list[SpaceProblem], parameters: Sequence[Parameter]) -> list[SpaceProblem]:
    """In the order of declaration; constraints come last."""
    places = {parameter.name: number for number, parameter in enumerate(parameters)}
    return sorted(problems, key=lambda problem: places.get(str(problem.path[1]), len(places)))


def _searched(parameter: Searchable, number: int) -> Searched:
    axis = axis_of(parameter)
    default: JsonValue | Unset = parameter.default
    if not isinstance(default, Unset):
        default = axis.convert(default)
        if axis.problem(default) is not None:  # None too, where it says that there is no default
            default = UNSET
    return Searched(parameter.name, axis, number, default)


def _step(parameter: Parameter, searched: Mapping[str, Searched]) -> Step:
    source = parameter if isinstance(parameter, Constant | Derived) else searched[parameter.name]
    return Step(parameter.name, source, parameter.when, tuple(sorted(needs(parameter))))


def resolve(plan: Plan, pick: Callable[[Searched], JsonValue | Unset]) -> Config:
    """The configuration with the values that `pick` gives to the active searchable parameters.

    Where `pick` gives UNSET, the parameter and all that depends on it are left out.

    Raises:
        SpaceError: a condition or a derived value cannot be evaluated.
    """
    config: Config = {}
    for step in plan.steps:
        if is_active(step, config):
            source = step.source
            if isinstance(source, Searched):
                value = pick(source)
                if not isinstance(value, Unset):
                    config[step.name] = value
            else:
                config[step.name] = computed(source, config)
    return plan.declared(config)


def is_active(step: Step, config: Mapping[str, JsonValue]) -> bool:
    """Whether the parameter is active, given those before it."""
    for name in step.needs:
        if name not in config:
            return False
    return step.when is None or bool(_evaluate(step.when, config, (step.name, "when")))


def computed(source: Constant | Derived, config: Mapping[str, JsonValue]) -> JsonValue:
    """The value of an active parameter that is not searched."""
    if isinstance(source, Constant):
        return fresh(source.value)
    return fresh(_evaluate(source.expression, config, (source.name, "expression")))


def _evaluate(expression: Expression, config: Mapping[str, JsonValue], place: tuple[str, str]) -> JsonValue:
    try:
        return cast("JsonValue", expression.evaluate(config))  # it is made of JSON values
    except ExpressionError as error:
        values = ", ".join(f"{name} = {config[name]!r}" for name in sorted(expression.names))
        where = f" for {values}" if values else ""
        message = f"{expression.source} cannot be evaluated{where}: {error.message}"
        raise SpaceError([SpaceProblem(("parameters", *place), message, "Guard it with an if, or a when.")]) from None


def violated(constraints: Sequence[Expression], config: Mapping[str, JsonValue]) -> Expression | None:
    """The first constraint that the configuration violates: it is not true, or cannot be evaluated."""
    for constraint in constraints:
        if constraint.names <= config.keys() and not _holds(constraint, config):
            return constraint
    return None


def _holds(constraint: Expression, config: Mapping[str, JsonValue]) -> bool:
    try:
        return bool(constraint.evaluate(config))
    except ExpressionError:
        return False
