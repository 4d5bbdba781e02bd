"""Why a configuration is not one of a space, and how one is completed from what the user gives."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from hpotune.keys import Key
from hpotune.space.axis import shown
from hpotune.space.mistakes import SpaceError
from hpotune.space.parameters import UNSET, Config, Derived, JsonValue, PartialConfig, Unset
from hpotune.space.plan import Plan, Searched, Step, resolve, violated
from hpotune.space.values import fresh, is_json, is_number, same


def config_problems(plan: Plan, config: PartialConfig) -> list[str]:
    """Everything that keeps `config` from being a feasible configuration of the space."""
    problems = _unknown(plan, config)
    wrong: set[str] = set()

    def pick(searched: Searched) -> JsonValue | Unset:
        if searched.name not in config:
            wrong.add(searched.name)
            problems.append(f"{searched.name} is missing")
            return UNSET
        problem = searched.axis.problem(config[searched.name])
        if problem is None:
            return config[searched.name]
        wrong.add(searched.name)
        problems.append(f"{searched.name}: {problem}")
        return UNSET

    try:
        resolved = resolve(plan, pick)
    except SpaceError as error:
        return [*problems, str(error)]
    if wrong:
        return problems
    problems += _differences(plan, config, resolved)
    problems += [f"{step.name} is missing" for step in plan.steps if step.name in resolved and step.name not in config]
    return problems + _violations(plan, resolved)


def _unknown(plan: Plan, config: PartialConfig) -> list[str]:
    problems: list[str] = []
    for name in config:
        if name not in plan.names:
            close = get_close_matches(name, plan.names, 1)
            problems.append(f"there is no parameter {name}" + (f"; did you mean {close[0]}?" if close else ""))
    return problems


def _differences(plan: Plan, given: PartialConfig, resolved: Config) -> list[str]:
    """Where what is given is inactive, or not what the space computes."""
    problems: list[str] = []
    for step in plan.steps:
        if step.name not in given:
            continue
        if step.name not in resolved:
            problems.append(f"{step.name} is not active{_why_inactive(step)}")
        elif not isinstance(step.source, Searched) and not _agrees(given[step.name], resolved[step.name]):
            kind = "derived" if isinstance(step.source, Derived) else "constant"
            problems.append(f"{step.name} is {kind}: {shown(resolved[step.name])}, not {shown(given[step.name])}")
    return problems


def _why_inactive(step: Step) -> str:
    if step.when is not None:
        return f", which takes {step.when.source}"
    return f", because {' or '.join(step.needs)} is not"


def _agrees(given: object, computed: object) -> bool:
    if is_number(given) and is_number(computed):
        return given == computed
    return is_json(given) and same(given, computed)


def _violations(plan: Plan, config: Config) -> list[str]:
    return [
        f"the constraint {constraint.source} does not hold"
        for constraint in plan.constraints
        if violated((constraint,), config)
    ]


def complete(plan: Plan, partial: PartialConfig, key: Key | None, tries: int) -> tuple[Config, list[str]]:
    """The given values with the rest filled in, and what is wrong with the result (of the last try)."""
    given, problems = _admitted(plan, partial)
    config: Config = {}
    if problems:
        return config, problems
    for coordinates in _attempts(plan, key, tries):
        config, missing, drawn = _fill(plan, given, coordinates)
        problems = missing or [*_differences(plan, given, config), *_violations(plan, config)]
        if not (problems and drawn):
            break
    return config, problems


def _fill(plan: Plan, given: PartialConfig, coordinates: list[float] | None) -> tuple[Config, list[str], bool]:
    """What is given, else the default, else what is drawn; with what is missing, and whether anything was drawn."""
    missing: list[str] = []
    drawn = False

    def pick(searched: Searched) -> JsonValue | Unset:
        nonlocal drawn
        if searched.name in given:
            return fresh(given[searched.name])
        if not isinstance(searched.default, Unset):
            return fresh(searched.default)
        if coordinates is None:
            missing.append(f"{searched.name} is not given and has no default")
            return UNSET
        drawn = True
        return searched.axis.value(coordinates[searched.coordinate])

    return resolve(plan, pick), missing, drawn


def _admitted(plan: Plan, partial: PartialConfig) -> tuple[dict[str, JsonValue], list[str]]:
    """The given values in their parameters' own types, and what is wrong with them."""
    given = dict(partial)
    problems = _unknown(plan, partial)
    for searched in plan.searched:
        if searched.name in given:
            value = given[searched.name] = searched.axis.convert(given[searched.name])
            problem = searched.axis.problem(value)
            if problem is not None:
                problems.append(f"{searched.name}: {problem}")
    return given, problems


def _attempts(plan: Plan, key: Key | None, tries: int) -> Iterator[list[float] | None]:
    if key is None:
        yield None
        return
    for number in range(tries):
        yield key.child(number).uniforms(len(plan.searched)).tolist()
