"""The parts of a study file other than its parameters."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from hpotune.study.fields import (
    Count,
    ExactNumber,
    Json,
    Natural,
    Number,
    PositiveNumber,
    Seconds,
    Text,
    described,
    items,
    text,
    wrong,
)
from hpotune.study.section import Section
from hpotune.study.trial_settings import TrialSettings

_DEVICES_SCHEMA = {
    "anyOf": [
        {"const": "auto"},
        {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": ["integer", "string"]}},
    ]
}
_COMMAND_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}},
    ]
}


def _pattern(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise wrong(f"not a regular expression: {error.msg}", offset=error.pos) from None
    if groups == 0:
        raise wrong(
            "the pattern has no group, so nothing says which part is the value",
            r"put the number in parentheses, as in 'accuracy is ([\d.]+)'",
        )
    return pattern


class Metric(Section):
    """What is optimised."""

    name: Text = Field(description="The metric's name in the output of a trial.")
    goal: Literal["maximize", "minimize"] = Field(description="maximize or minimize")
    use: Literal["last", "best"] = Field(default="last", description="Which report of a trial is its value.")
    target: Number | None = Field(default=None, description="The study ends when a trial reaches this value.")
    source: Literal["auto", "file", "stdout", "stderr"] = Field(
        default="auto", description="Where the metric is looked for."
    )
    pattern: Annotated[Text, AfterValidator(_pattern)] | None = Field(
        default=None, description="A regular expression whose group `value` (or first group) is the value."
    )


class Strategy(Section):
    """How configurations are chosen and budgets are given. All other keys are the strategy's options."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json] = Field(init=False)

    name: Text | None = Field(default=None, description="One of `hpotune strategies`.")
    searcher: Text | None = Field(default=None, description="With `scheduler`, in place of a name.")
    scheduler: Text | None = Field(default=None, description="With `searcher`, in place of a name.")

    @property
    def options(self) -> dict[str, Any]:
        """The strategy's own settings."""
        return dict(self.__pydantic_extra__)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        pair = self.searcher is not None or self.scheduler is not None
        if pair and self.name is not None:
            raise wrong("a strategy is a name, or a searcher and a scheduler, not both", "drop one", at="name")
        if not pair and self.name is None:
            raise wrong("the strategy has no name", "write `name: random`, or a searcher and a scheduler")
        return self


def bare_strategy(value: object) -> object:
    """A bare name stands for the strategy of that name."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, Mapping | Strategy):
        raise wrong(f"expected a strategy, found {described(value)}", "write a name such as `random`, or a mapping")
    return value


class Budget(Section):
    """What training costs: epochs, steps, samples."""

    name: Text = Field(description="What is counted, such as epochs.")
    min: Annotated[ExactNumber, Field(gt=0)] = Field(
        default=1, description="The least that says anything about a trial."
    )
    max: Annotated[ExactNumber, Field(gt=0)] = Field(description="The budget of a trial that is trained to the end.")
    key: Text | None = Field(default=None, description="The name on a report's line; default: `name`, or its singular.")
    first: Literal[0, 1] | None = Field(
        default=None, description="The number of the first unit; default: seen from the output."
    )
    resume: bool = Field(default=True, description="Whether the script can go on from HPOTUNE_CHECKPOINT_DIR.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise wrong(f"min ({self.min}) is above max ({self.max})", "exchange them, or lower min", at="min")
        return self


class Limits(Section):
    """When the study ends."""

    trials: Count | None = Field(default=None, description="Trials in all, failed ones included.")
    time: Annotated[Seconds, Field(gt=0)] | None = Field(default=None, description="Running time in all, such as 2h.")
    budget: PositiveNumber | None = Field(default=None, description="Budget in all, summed over trials.")
    failures: Count | None = Field(default=None, description="Failed trials since the last start or resume.")
    same_failures: Natural = Field(
        default=3, description="End if the first so many trials all fail in one and the same way; 0: never."
    )


def _devices(value: object) -> object:
    if value == "auto":
        return value
    if not isinstance(value, list | tuple):
        raise wrong(f"expected auto or a list of devices, found {described(value)}", "write `auto` or `[0, 1]`")
    if not value:
        raise wrong("the list of devices is empty", "name one, write `auto`, or drop `gpus`")
    for device in value:
        if isinstance(device, bool) or not isinstance(device, int | str) or device in ("", -1):
            raise wrong(f"expected a device's number or UUID, found {described(device)}")
    if len({str(device) for device in value}) < len(value):
        raise wrong("a device stands in the list twice", "name each once; `per_trial: 0.5` shares one")
    return tuple(value)


def _share(value: float) -> float:
    if value <= 0 or (value > 1 and not value.is_integer()):
        raise wrong(
            f"a trial cannot have {value:g} GPUs", "write 1, 2, ... or a fraction such as 0.5, which shares one"
        )
    return value


class Gpus(Section):
    """The GPUs that trials are placed on."""

    devices: Annotated[
        Literal["auto"] | tuple[int | str, ...], BeforeValidator(_devices), WithJsonSchema(_DEVICES_SCHEMA)
    ] = Field(default="auto", description="auto, or a list such as [0, 1].")
    per_trial: Annotated[Number, AfterValidator(_share)] = Field(
        default=1.0, description="GPUs of one trial; 0.5 shares."
    )

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.devices != "auto" and self.per_trial > len(self.devices):
            words = f"a trial wants {self.per_trial:g} GPUs, and only {len(self.devices)} are listed"
            raise wrong(words, "lower per_trial, or list more devices", at="per_trial")
        return self


def _command(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            argv = shlex.split(value)
        except ValueError as error:
            raise wrong(f"the command cannot be split: {str(error).lower()}", "close the quote") from None
    elif isinstance(value, list | tuple):
        argv = [_argument(each) for each in items(value)]
    else:
        raise wrong(f"expected a command, found {described(value)}", "write `[python, train.py]`")
    if not argv or not argv[0].strip():
        raise wrong("the command is empty", "write the program and its arguments: `[python, train.py]`")
    for argument in argv:
        if "\0" in argument:
            raise wrong("the command holds a zero byte (\\0), which no argument can carry")
    return tuple(argv)


def _argument(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    return text(value)


Command: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_command), WithJsonSchema(_COMMAND_SCHEMA)]
SECTIONS: dict[str, type[Section]] = {
    "metric": Metric,
    "strategy": Strategy,
    "budget": Budget,
    "limits": Limits,
    "trial": TrialSettings,
    "gpus": Gpus,
}
