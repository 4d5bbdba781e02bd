"""Hypothesis strategies for search spaces: all kinds, nested conditions, constraints, derived values.

spaces()                 any space of up to six parameters (and up to two derived)
spaces(discrete=True)    without continuous floats, and small enough to enumerate
points(space)            a point of its unit cube
configs(space)           a configuration of the space, feasible or not
"""

from __future__ import annotations

import math
import random

from hypothesis import strategies as st

from hpotune.expressions import Expression, parse
from hpotune.space import (
    UNSET,
    Bool,
    Categorical,
    Config,
    Constant,
    Derived,
    Float,
    Int,
    Ordinal,
    Parameter,
    Space,
)

NAMES = ["lr", "optim.lr", "lambda", "hidden_size", "x", "batch", "optim.name", "Z9", "log", "naïve", "dash-ed"]
_IN_EXPRESSIONS = frozenset(NAMES) - {"naïve", "dash-ed"}
_TEXTS = ["adam", "sgd", "with space", 'quo"te', "ünï", ""]
_SCALARS = [0, 1, 1.0, True, False, None, "1", -3, 2.5, *_TEXTS]
_NESTED = [[], {}, [1, 2], [1.0, 2], {"a": [1, None]}, {"b": {"c": "d"}}]


@st.composite
def floats(draw, name: str, when: Expression | None, discrete: bool) -> Float:
    if discrete or draw(st.booleans()):
        step = draw(st.sampled_from([0.05, 0.1, 0.25, 1.0, 3e-4]))
        low = draw(st.sampled_from([0.1, 0.5, 1.0, 2.5, -1.0]))
        count = draw(st.integers(1, 5))
        log = low > 0 and draw(st.booleans())
        high = low + step * (count + draw(st.sampled_from([0.0, 0.5])))
        default = draw(st.sampled_from([None, low]))
        return Float(name, low, high, log=log, step=step, default=default, when=when)
    grid = draw(st.sampled_from([None, 1, 3]))
    if draw(st.booleans()):
        low, high = sorted(10.0 ** draw(st.floats(-300, 300)) for _ in range(2))
        return Float(name, low, high, log=True, default=draw(st.sampled_from([None, low, high])), grid=grid, when=when)
    low, high = sorted(draw(st.floats(-1e6, 1e6)) for _ in range(2))
    return Float(name, low, high, default=draw(st.sampled_from([None, low, high])), grid=grid, when=when)


@st.composite
def ints(draw, name: str, when: Expression | None, discrete: bool) -> Int:
    low = draw(st.integers(-5, 20) if discrete else st.integers(-(10**9), 10**9))
    width = draw(st.integers(0, 6) if discrete else st.integers(0, 10**9))
    log = low >= 1 and draw(st.booleans())
    step = draw(st.integers(1, width)) if width and draw(st.booleans()) else None
    default = draw(st.sampled_from([None, low]))
    grid = draw(st.sampled_from([None, 3])) if not discrete else None
    return Int(name, low, low + width, log=log, step=step, default=default, grid=grid, when=when)


@st.composite
def listed(draw, name: str, when: Expression | None) -> Ordinal | Categorical:
    kind = draw(st.sampled_from([Ordinal, Categorical]))
    choices = draw(st.lists(st.sampled_from([*_SCALARS, *_NESTED]), min_size=1, max_size=4, unique_by=repr))
    default = draw(st.sampled_from([UNSET, choices[-1]]))
    return kind(name, tuple(choices), default, when)


@st.composite
def parameters(draw, name: str, when: Expression | None, discrete: bool) -> Parameter:
    """A parameter of any kind but derived."""
    match draw(st.sampled_from(["float", "int", "listed", "bool", "constant"])):
        case "float":
            return draw(floats(name, when, discrete))
        case "int":
            return draw(ints(name, when, discrete))
        case "listed":
            return draw(listed(name, when))
        case "bool":
            return Bool(name, draw(st.sampled_from([None, True, False])), when)
    return Constant(name, draw(st.sampled_from([*_SCALARS, *_NESTED])), when)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


@st.composite
def tests_of(draw, parameter: Parameter) -> str:
    """A condition on one parameter that both holds and fails for some of its values, where it has several."""
    name = parameter.name
    match parameter:
        case Bool():
            return draw(st.sampled_from([name, f"not {name}", f"{name} == true"]))
        case Float() | Int():
            low, high = parameter.low, parameter.high
            middle = math.sqrt(low) * math.sqrt(high) if parameter.log else (low + high) / 2
            return f"{name} {draw(st.sampled_from(['<=', '>']))} {middle!r}"
        case Ordinal() | Categorical():
            plain = [choice for choice in parameter.choices if not isinstance(choice, list | dict)]
            some = draw(st.lists(st.sampled_from(plain), max_size=2)) if plain else []
            return f"{name} {draw(st.sampled_from(['in', 'not in']))} [{', '.join(map(_literal, some))}]"
    return draw(st.sampled_from([f"{name} == {name}", f"{name} != {name}"]))


@st.composite
def spaces(draw, max_size: int = 6, discrete: bool = False) -> Space:
    """A space whose conditions and derived values can always be evaluated; its constraints may leave nothing."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=0, max_size=max_size, unique=True))
    made: list[Parameter] = []
    for name in names:
        usable = [p for p in made if p.name in _IN_EXPRESSIONS]
        when = None
        if usable and draw(st.integers(0, 2)) == 0:
            some = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=2, unique_by=lambda p: p.name))
            when = parse(draw(st.sampled_from([" and ", " or "])).join([draw(tests_of(p)) for p in some]))
        made.append(draw(parameters(name, when, discrete)))
    numbers = [p.name for p in made if isinstance(p, Float | Int | Bool) and p.name in _IN_EXPRESSIONS]
    derived: list[Parameter] = []
    if numbers:
        for i in range(draw(st.integers(0, 2))):
            first, second = draw(st.sampled_from(numbers)), draw(st.sampled_from(numbers))
            base = f"derived_{i - 1}" if i else first
            derived.append(Derived(f"derived_{i}", parse(f"min({base}, {second}) / 2")))
    tested = [p for p in made if p.name in _IN_EXPRESSIONS]
    constraints = []
    for _ in range(draw(st.integers(0, 2)) if tested else 0):
        some = draw(st.lists(st.sampled_from(tested), min_size=1, max_size=2))
        constraints.append(parse(" or ".join([draw(tests_of(p)) for p in some])))
    order = [*made, *derived]
    if draw(st.booleans()):
        random.Random(draw(st.integers(0, 99))).shuffle(order)
    return Space(order, constraints)


def points(space: Space) -> st.SearchStrategy[list[float]]:
    """A point of the unit cube, corners included."""
    return st.lists(st.floats(0, 1), min_size=space.dimension, max_size=space.dimension)


def configs(space: Space) -> st.SearchStrategy[Config]:
    """A configuration of the space; its constraints may not hold."""
    return points(space).map(space.decode)
