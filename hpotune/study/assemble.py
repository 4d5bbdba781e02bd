"""From plain data to a study, or to everything that is wrong with it.

The types are pydantic's work. Checks that need several parts of the study run even if some part is faulty: they see
the study with each faulty part replaced by something harmless, and what they say about such a part is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from hpotune.errors import Problem, StudyError
from hpotune.study.concealing import concealed
from hpotune.study.enqueue import enqueue_findings
from hpotune.study.secrets import remember_all
from hpotune.study.source import Path, Source, in_order
from hpotune.study.spaces import outside_findings, space_findings
from hpotune.study.wording import Finding, translate

if TYPE_CHECKING:
    from hpotune.study.model import Study

AnyStudy = TypeVar("AnyStudy", bound="Study")
Check = Callable[["Study"], list[Problem]]

_HARMLESS: Mapping[str, Any] = {
    "name": "study",
    "command": ["true"],
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {},
}


# Parts that no other depends on: what a further check says of the study holds whatever they are.
_ON_THEIR_OWN = frozenset({"name", "workers", "seed", "trial", "gpus", "private"})


def assemble(
    cls: type[AnyStudy],
    data: Mapping[str, Any],
    source: Source,
    checks: Sequence[Check] = (),
    known: Sequence[Problem] = (),
) -> AnyStudy:
    """The study that `data` declares.

    Args:
        cls: the class of studies.
        data: what the study file holds.
        source: the places of its entries.
        checks: further checks of the whole study.
        known: problems found before.

    Raises:
        StudyError: with all problems, in the order of the file.
    """
    remember_all(data)
    study, findings = _validated(cls, data)
    problems = [*known, *(_placed(finding, source) for finding in findings)]
    faulty = {_part(finding.path) for finding in findings if not finding.unknown}
    if study is None and ("parameters",) not in faulty:
        study, _ = _validated(cls, _salvaged(data, findings))
    if study is not None:
        study.placed(source, None, None)
        across = [finding for finding in _across(study) if not _about(finding.path, faulty)]
        problems += [_placed(finding, source) for finding in across]
        # A further check may read any part of the study, so each must be there, and the space must be one.
        whole = all(len(part) > 1 or part[0] in _ON_THEIR_OWN for part in faulty)
        if whole and all(finding.path[0] == "enqueue" for finding in across):
            problems += [_located(problem, source) for check in checks for problem in check(study)]
    if study is None or problems:
        raise StudyError([concealed(problem, source.text) for problem in in_order(problems)])
    return study


def _across(study: Study) -> Iterator[Finding]:
    """What is wrong between the parts of a study whose parts are sound."""
    found = list(space_findings(study.parameters, study.constraints))
    yield from found
    yield from outside_findings(study.parameters)
    yield from enqueue_findings(study.enqueue, study.parameters, None if found else study.space)


def _validated(cls: type[AnyStudy], data: Mapping[str, Any]) -> tuple[AnyStudy | None, list[Finding]]:
    try:
        return cls.model_validate(dict(data)), []
    except ValidationError as error:
        keys = cls.known_keys()
        return None, [translate(each, data, keys) for each in error.errors(include_url=False)]


def _placed(finding: Finding, source: Source) -> Problem:
    return source.problem(finding.path, finding.message, finding.remedy, key=finding.key, offset=finding.offset)


def _located(problem: Problem, source: Source) -> Problem:
    """A check's problem with its place, where the check gave a path alone."""
    if problem.line is not None or problem.source_line is not None:
        return problem
    return source.problem(problem.path, problem.message, problem.remedy)


def _part(path: Path) -> Path:
    """The part of a study that is replaced as a whole if something in it is wrong."""
    return path[: 2 if path[0] in ("parameters", "constraints", "enqueue") else 1]


def _about(path: Path, faulty: set[Path]) -> bool:
    """Whether a path lies in a faulty part, or is a value for a faulty parameter."""
    value_for = ("parameters", path[2]) if path[0] == "enqueue" and len(path) > 2 else ()
    return _part(path) in faulty or value_for in faulty


def _salvaged(data: Mapping[str, Any], findings: Sequence[Finding]) -> dict[str, Any]:
    """The data with each faulty part taken out, or replaced by a harmless one where one is needed."""
    salvaged = deepcopy(dict(data))
    for finding in findings:
        if not finding.unknown:
            _replace(salvaged, finding.path)
    for finding in findings:
        if finding.unknown:
            _remove(salvaged, finding.path)
    return salvaged


def _replace(salvaged: dict[str, Any], path: Path) -> None:
    match path:
        case ("parameters", name, *_):
            salvaged["parameters"][name] = {"type": "constant", "value": 0}
        case ("constraints", int(index), *_):
            salvaged["constraints"] = _with(salvaged["constraints"], index, "true")
        case ("enqueue", int(index), *_):
            salvaged["enqueue"] = _with(salvaged["enqueue"], index, {})
        case (top, *_):
            salvaged[str(top)] = _HARMLESS.get(str(top))


def _with(elements: Sequence[Any], index: int, element: Any) -> list[Any]:
    return [*elements[:index], element, *elements[index + 1 :]]


def _remove(salvaged: dict[str, Any], path: Path) -> None:
    part: Any = salvaged
    for step in path[:-1]:
        part = part.get(step)
        if not isinstance(part, dict):
            return
    part.pop(path[-1], None)
