"""Warnings about parameters, conditions and constraints."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from hpotune.expressions import Expression, ExpressionError, parse
from hpotune.keys import Key
from hpotune.space import Config, Space, SpaceError
from hpotune.study.model import Study
from hpotune.study.parameters import (
    BoolModel,
    CategoricalModel,
    ConstantModel,
    DerivedModel,
    FloatModel,
    IntModel,
    OrdinalModel,
    ParameterModel,
)
from hpotune.study.source import Path
from hpotune.study.spaces import default_problem
from hpotune.study.wording import Finding

_RATE = re.compile(
    r"(^|[_.-])(lr|eta|alpha|lambda|l1|l2|wd|reg|eps|epsilon|tol|gamma|c)($|[_.-]|[0-9])"
    r"|learning[_-]?rate|weight[_-]?decay|regulari[sz]ation",
    re.IGNORECASE,
)
SAMPLES = 2_000
_REJECTED = 0.9


def space_warnings(study: Study) -> Iterator[Finding]:
    """What may not be meant in the parameters and constraints of a study."""
    for name, model in study.parameters.items():
        yield from _parameter(name, model)
    if study.space.dimension == 0:
        yield Finding(("parameters",), "nothing is searched: every parameter is constant or derived", key=True)
    try:
        yield from _conditions(study)
        yield from _constraints(study)
    except SpaceError as error:
        yield from (Finding(path, message, remedy) for path, message, remedy in error.problems)
    yield from _size(study)


def _parameter(name: str, model: ParameterModel) -> Iterator[Finding]:
    path: Path = ("parameters", name)
    problem = default_problem(name, model)
    if problem:
        yield Finding((*path, "default"), f"the default is ignored: {problem}")
    match model:
        case FloatModel() | IntModel():
            yield from _range(name, model)
        case CategoricalModel() | OrdinalModel():
            yield from _choices(name, model)
        case BoolModel() | ConstantModel() | DerivedModel():
            pass


def _range(name: str, model: FloatModel | IntModel) -> Iterator[Finding]:
    path: Path = ("parameters", name)
    if model.low == model.high:
        yield Finding(path, "low and high are the same", f"write `{{type: constant, value: {model.low:g}}}`", key=True)
        return
    rate = isinstance(model, FloatModel) and _RATE.search(name) is not None
    if not model.log and model.step is None:
        decades = math.log10(model.high / model.low) if model.low > 0 else 0.0
        if decades >= 3 or (rate and decades >= 2):
            words = f"{name} ranges over {decades:.2g} decades, and most samples would lie in the topmost"
            yield Finding(path, words, "add `log: true`", key=True)
        elif rate and model.low == 0:
            words = f"{name} is sampled evenly from 0, where names like this one usually want a log scale"
            yield Finding(
                (*path, "low"), words, f"if so, write a small `low` such as {model.high / 1e4:g} and `log: true`"
            )
    if model.step is not None:
        last = _last(model)
        if not math.isclose(last, model.high, rel_tol=1e-9, abs_tol=1e-12):
            yield Finding((*path, "high"), f"high is never tried: the last step is {last:g}", f"write `high: {last:g}`")


def _last(model: FloatModel | IntModel) -> float:
    """The last value of a range with a step."""
    step = model.step or 1
    return model.low + step * math.floor((model.high - model.low) / step + 1e-9)


def _choices(name: str, model: CategoricalModel | OrdinalModel) -> Iterator[Finding]:
    path: Path = ("parameters", name, "choices")
    if len(model.choices) == 1:
        yield Finding(path, "there is only one choice", "write `type: constant`, or add others")
        return
    numbers = [each for each in model.choices if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) < len(model.choices):
        return
    if isinstance(model, CategoricalModel) and len(numbers) > 2:
        words = "all choices are numbers; as categorical, their order says nothing to the search"
        yield Finding(("parameters", name, "type"), words, "write `type: ordinal`")
    if isinstance(model, OrdinalModel) and numbers not in (sorted(numbers), sorted(numbers, reverse=True)):
        yield Finding(path, "the numbers are not in order, and ordinal takes their order for a fact", "sort them")


def _samples(space: Space) -> list[Config]:
    """Samples of the space before its constraints, the same each time."""
    if space.dimension == 0:
        return [space.decode([])]
    coordinates = Key.of(0, "lint").uniforms(SAMPLES * space.dimension).reshape(SAMPLES, space.dimension)
    return [space.decode(row) for row in coordinates.tolist()]


def _conditions(study: Study) -> Iterator[Finding]:
    for name, share in study.space.activity(Key.of(0, "lint"), SAMPLES).items():
        path: Path = ("parameters", name, "when")
        if share == 0:
            words = f"it never holds, so {name} is never active"
            yield Finding(path, words, "compare it with the values that its parameters take")
        elif share == 1:
            yield Finding(path, "it always holds", "drop it, if it is meant so")


def _constraints(study: Study) -> Iterator[Finding]:
    if not study.constraints:
        return
    samples = _samples(study.space)
    constraints = [parse(constraint) for constraint in study.constraints]
    heavy = False
    for index, constraint in enumerate(constraints):
        rejected = sum(_violates(constraint, config) for config in samples) / len(samples)
        if rejected > _REJECTED:
            heavy = True
            remedy = _evaluation_error(constraint, samples) if rejected == 1 else ""
            yield Finding(("constraints", index), _rejects("it", rejected), remedy or _LIGHTER)
        elif rejected == 0:
            yield Finding(("constraints", index), f"it holds in all of {SAMPLES:,} samples", "is it meant so?")
    if len(constraints) > 1 and not heavy:
        rejected = sum(any(_violates(each, config) for each in constraints) for config in samples) / len(samples)
        if rejected > _REJECTED:
            yield Finding(("constraints",), _rejects("together they", rejected), _LIGHTER, key=True)


def _evaluation_error(constraint: Expression, samples: Sequence[Config]) -> str:
    """Why the constraint has no value, if that is why it rejects."""
    for config in samples:
        if all(name in config for name in constraint.names):
            try:
                constraint.evaluate(config)
            except ExpressionError as error:
                return f"it cannot be evaluated: {error.message}"
    return ""


_LIGHTER = "narrower ranges, or a derived parameter in place of a constraint, waste fewer draws"


def _rejects(what: str, rejected: float) -> str:
    verb = "reject" if what.endswith("they") else "rejects"
    if rejected == 1:
        return f"{what} {verb} all of {SAMPLES:,} samples: it may be that no trial can be planned"
    return f"{what} {verb} {100 * rejected:.3g} % of {SAMPLES:,} samples"


def _violates(constraint: Expression, config: Config) -> bool:
    """As the space sees it: one that names an inactive parameter is satisfied, an evaluation error violates."""
    if not all(name in config for name in constraint.names):
        return False
    try:
        return not constraint.evaluate(config)
    except ExpressionError:
        return True


def _size(study: Study) -> Iterator[Finding]:
    trials = study.limits.trials
    if trials is None:
        return
    searcher = study.strategy.searcher or study.strategy.name
    if searcher == "grid":
        try:
            points = study.space.grid_size()
        except SpaceError:  # said elsewhere, as an error
            return
        if points > trials:
            words = f"the grid has {points:,} points, and only the first {trials:,} are tried"
            yield Finding(("limits", "trials"), words, "raise the limit, or make the grid coarser")
        return
    size = study.space.cardinality()
    if size is not None and size < trials:
        yield Finding(("limits", "trials"), f"there are only {size:,} configurations to try; the study ends after them")
