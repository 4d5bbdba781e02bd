"""Whether the configurations of `enqueue` lie in the space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpotune.keys import Key
from hpotune.space import Space
from hpotune.study.parameters import DerivedModel, ParameterModel
from hpotune.study.source import Path
from hpotune.study.spaces import alone, value_problem
from hpotune.study.suggest import did_you_mean, listed
from hpotune.study.wording import Finding

_MOST_SEARCHED = 3  # entries that cannot be filled in, each found out by 10,000 draws, before the rest is left alone


def enqueue_findings(
    entries: Sequence[Mapping[str, Any]], parameters: Mapping[str, ParameterModel], space: Space | None
) -> Iterator[Finding]:
    """What is wrong with the entries of `enqueue`; without a space, each value is looked at alone."""
    if not parameters:  # said elsewhere
        return
    searched = 0
    spaces: dict[str, Space | None] = {}
    for index, entry in enumerate(entries):
        found = []
        for name, value in entry.items():
            path: Path = ("enqueue", index, name)
            if name not in parameters:
                found.append(Finding(path, f"unknown parameter {name!r}", _suggestion(name, parameters), key=True))
                continue
            if name not in spaces:
                spaces[name] = alone(parameters[name].declared(name, default=False))
            found += _value_findings(path, parameters[name], value, spaces[name])
        yield from found
        if not found and space is not None and searched < _MOST_SEARCHED:
            whole = list(_whole_findings(index, entry, space))
            searched += bool(whole)
            yield from whole


def _suggestion(name: str, parameters: Mapping[str, ParameterModel]) -> str:
    inside = next((own for own, model in parameters.items() if model.as_ == name), None)
    if inside is not None:
        return f"inside the study it is called {inside!r}"
    return did_you_mean(name, parameters) or f"the parameters are {listed(parameters, 'and')}"


def _value_findings(path: Path, model: ParameterModel, value: Any, space: Space | None) -> Iterator[Finding]:
    name = str(path[-1])
    if isinstance(model, DerivedModel):
        yield Finding(path, f"{name!r} is computed from other parameters", "leave it out", key=True)
    elif space is not None and (problem := value_problem(name, value, space)):
        yield Finding(path, problem)


def _whole_findings(index: int, entry: Mapping[str, Any], space: Space) -> Iterator[Finding]:
    """Whether the rest can be filled in: activity and constraints."""
    try:
        space.complete(entry, Key.of(0, "enqueue", index))
    except ValueError as error:
        words = str(error)
        # What is wrong with one of the given values is shown there.
        about = next((name for name in entry if words.startswith(f"{name} ")), None)
        yield Finding(("enqueue", index) if about is None else ("enqueue", index, about), words, key=about is not None)
