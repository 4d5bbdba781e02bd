"""What of a study concerns the way a trial is talked to: the names it sees, and what its command may name."""

from __future__ import annotations

from collections.abc import Iterator

from hpotune.errors import Problem
from hpotune.protocol.argv import CommandTemplate
from hpotune.protocol.environment import clashes, param_variable
from hpotune.protocol.outward import can_be_given, text_of
from hpotune.study import Study, outward_names


def check_protocol(study: Study) -> list[Problem]:
    """Parameters that share a variable, and what the command names and nothing gives."""
    names = outward_names(study)
    by_spelling = {name.spelling: name.name for name in names}
    problems = [
        study.problem(
            ("parameters", by_spelling[later]),
            f"{later!r} and {earlier!r} would share the variable {param_variable(later)}",
            "rename one, or give it another spelling for the outside with `as:`",
            key=True,
        )
        for earlier, later in clashes([name.spelling for name in names])
    ]
    problems += [
        study.problem(
            path, "this text holds a NUL or half a surrogate pair, which no process can be given", "take it out"
        )
        for path, value in _values(study)
        if not can_be_given(text_of(value))
    ]
    for index, message, remedy in CommandTemplate(study.command, names, has_budget=study.budget is not None).problems():
        problems.append(study.problem(("command", index), message, remedy))
    return problems


def _values(study: Study) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """The values of parameters that stand in the study, with their places."""
    for name, parameter in study.parameters.items():
        for index, choice in enumerate(getattr(parameter, "choices", ())):
            yield ("parameters", name, "choices", index), choice
        yield ("parameters", name, "value"), getattr(parameter, "value", "")
