"""The section `trial` of a study file: how a trial's process is run, and when a failed one is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WithJsonSchema, model_serializer

from hpotune.causes import CAUSES, family
from hpotune.study.fields import Natural, Seconds, Text, described, items, whole, wrong
from hpotune.study.scalars import shown
from hpotune.study.section import Section
from hpotune.study.sizes import SIZE_PATTERN, parse_size
from hpotune.study.suggest import did_you_mean

# An attempt that took the tuner down with it is the resume's to judge.
RETRIED: Final = tuple(cause for cause in CAUSES if cause != "interrupted")

_LEAST_MEMORY: Final = 2**20  # bytes
_ENV_SCHEMA = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_CHECKPOINTS_SCHEMA = WithJsonSchema({"anyOf": [{"enum": ["auto", "all"]}, {"type": "integer", "minimum": 0}]})
_SIZE_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "string", "pattern": SIZE_PATTERN}, {"type": "integer", "minimum": 2**20}, {"type": "null"}]}
)
_ON_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"enum": ["all", *RETRIED]},
            {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": list(RETRIED)}},
        ]
    }
)


def _causes(value: object) -> object:
    words = [value] if isinstance(value, str) else list(items(value))
    if "all" in words:
        return "all"
    if not words:
        raise wrong("the list of causes is empty", "write `all`, or drop `on`")
    for word in words:
        if word not in RETRIED:
            remedy = did_you_mean(str(word), RETRIED) or f"write all, or some of {', '.join(RETRIED)}"
            raise wrong(f"there is no cause {word!r} to try again on", remedy)
    return tuple(dict.fromkeys(words))


def _or_number(schema: dict[str, Any]) -> None:
    """The short form beside the mapping."""
    schema["anyOf"] = [{"type": "integer", "minimum": 0}, {"$ref": schema.pop("$ref")}]


class Retries(Section):
    """When a job that failed is tried again: at most `max` times, after `delay` seconds, if its cause is among `on`."""

    max: Natural = Field(description="How often a failed job is tried again.")
    on: Annotated[Literal["all"] | tuple[str, ...], BeforeValidator(_causes), _ON_SCHEMA] = Field(
        default="all", description="The causes that are worth another try, such as [oom, signal, timeout]."
    )
    delay: Seconds = Field(default=0.0, description="How long to wait before another try, such as 30s.")

    def covers(self, cause: str) -> bool:
        """Whether a failure by this cause is tried again. `oom`, `signal` and `exit` stand for their families."""
        return cause in self._covered

    @cached_property
    def _covered(self) -> frozenset[str]:
        return frozenset(RETRIED if self.on == "all" else family(self.on))

    @model_serializer(mode="wrap")
    def _short(self, handler: SerializerFunctionWrapHandler) -> int | dict[str, Any]:
        """A bare number where that says it all, as in a study file."""
        return self.max if self.on == "all" and self.delay == 0 else handler(self)


def _retries(value: object) -> object:
    if isinstance(value, Mapping | Retries):
        return value
    return {"max": whole(value)}


def _environment(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise wrong(f"expected a mapping, found {described(value)}", 'write env: {OMP_NUM_THREADS: "1"}')
    for name, each in value.items():
        if not isinstance(name, str) or not name or "=" in name or "\0" in name:
            head = str(name).partition("=")[0]  # what follows may be a secret
            raise wrong(f"{head!r} cannot be the name of a variable", 'write env: {OMP_NUM_THREADS: "1"}')
        if not isinstance(each, str | bool | int | float):
            raise wrong(f"expected text, found {described(each)}", at=name)
        if "\0" in str(each):
            raise wrong("the text holds a zero byte (\\0), which no variable can carry", at=name)
    return {name: each if isinstance(each, str) else shown(each) for name, each in value.items()}


def _checkpoints(value: object) -> object:
    if value in ("auto", "all") or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise wrong(f"expected auto, all or a number of checkpoints, found {described(value)}", "write `all` to keep all")


def _size(value: object) -> int:
    size = None if isinstance(value, bool) or not isinstance(value, str | int | float) else parse_size(value)
    if size is None:
        raise wrong(f"expected a size of memory, found {described(value)}", "write 8GiB, 500MB or a number of bytes")
    if size < _LEAST_MEMORY:
        raise wrong(f"{described(value)} is {size:,} bytes, in which nothing can run", "write a unit: 8GiB, 500MB")
    return size


class TrialSettings(Section):
    """How a trial's process is run."""

    timeout: Annotated[Seconds, Field(gt=0)] | None = Field(
        default=None, description="The longest that one job may take."
    )
    stall_timeout: Annotated[Seconds, Field(gt=0)] | None = Field(
        default=None, description="The longest that a job may be silent."
    )
    grace: Seconds = Field(default=10.0, description="Between the request to end (TERM) and the kill.")
    retries: Annotated[Retries, BeforeValidator(_retries)] = Field(
        default=Retries(max=0),
        description="How often a failed job is tried again: a number, or {max, on, delay}.",
        json_schema_extra=_or_number,
    )
    memory_limit: Annotated[int, BeforeValidator(_size), _SIZE_SCHEMA] | None = Field(
        default=None, description="The most memory that a job's processes may take in sum, such as 8GiB."
    )
    checkpoints: Annotated[int | Literal["auto", "all"], BeforeValidator(_checkpoints), _CHECKPOINTS_SCHEMA] = Field(
        default="auto",
        description="Which are kept of trials that wait for promotion: auto, all, or so many in each rung.",
    )
    cwd: Text = Field(default="study", description="study: the study file's folder; trial: the trial's own; or a path.")
    env: Annotated[dict[str, str], BeforeValidator(_environment), WithJsonSchema(_ENV_SCHEMA)] = Field(
        default_factory=dict, description="Further environment variables."
    )
