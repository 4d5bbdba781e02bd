"""What of a study concerns the way a trial is talked to: the names it sees, and what its command may name."""

from __future__ import annotations

from hpotune.errors import Problem
from hpotune.protocol.argv import CommandTemplate
from hpotune.protocol.environment import clashes, param_variable
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
    for index, message, remedy in CommandTemplate(study.command, names, has_budget=study.budget is not None).problems():
        problems.append(study.problem(("command", index), message, remedy))
    return problems
