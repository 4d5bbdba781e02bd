"""What the parameters of a study are called outside: in flags, variables and templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpotune.study.parameters import BoolModel

if TYPE_CHECKING:
    from hpotune.study.model import Study


@dataclass(frozen=True, slots=True)
class Outward:
    """A parameter as a trial sees it.

    `spelling` is its `as`, or its name; `flag` says that a true value is `--spelling` and a false one nothing.
    """

    name: str
    spelling: str
    flag: bool = False


def outward_names(study: Study) -> tuple[Outward, ...]:
    """How each parameter looks outside, in the order of declaration."""
    return tuple(
        Outward(name, model.as_ or name, isinstance(model, BoolModel) and model.flag)
        for name, model in study.parameters.items()
    )
