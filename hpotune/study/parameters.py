"""The parameters of a study file, one model for each `type`, and what they are in the space."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
)

from hpotune import space
from hpotune.expressions import Expression, parse
from hpotune.study.fields import Code, Count, Json, Number, Text, Whole, items, wrong
from hpotune.study.section import Section

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class ParameterModel(Section):
    """What every parameter may say."""

    as_: Text | None = Field(
        default=None, alias="as", description="Another spelling to the outside: in flags and variables."
    )
    when: Code | None = Field(default=None, description='The parameter is active when this holds: optimizer == "sgd"')

    @abstractmethod
    def declared(self, name: str, *, default: bool) -> space.Parameter:
        """The parameter of the space; without its default if that is not wanted."""

    @property
    def condition(self) -> Expression | None:
        """`when`, parsed."""
        return parse(self.when) if self.when is not None else None


class FloatModel(ParameterModel):
    """A real number in a range."""

    type: Literal["float"]
    low: Number = Field(description="The smallest value.")
    high: Number = Field(description="The largest value.")
    log: bool = Field(default=False, description="Uniform on a logarithmic scale; right for learning rates.")
    step: Number | None = Field(default=None, description="Only low, low + step, low + 2 step, ...")
    default: Number | None = Field(default=None, description="The value of the default configuration.")
    grid: Count | None = Field(default=None, description="How many points a grid has along this parameter.")

    def declared(self, name: str, *, default: bool) -> space.Parameter:
        """See `ParameterModel`."""
        return space.Float(
            name=name,
            when=self.condition,
            low=self.low,
            high=self.high,
            log=self.log,
            step=self.step,
            default=self.default if default else None,
            grid=self.grid,
        )


class IntModel(ParameterModel):
    """A whole number in a range."""

    type: Literal["int"]
    low: Whole = Field(description="The smallest value.")
    high: Whole = Field(description="The largest value.")
    log: bool = Field(default=False, description="Uniform on a logarithmic scale; right for sizes such as 16 to 1024.")
    step: Whole | None = Field(default=None, description="Only low, low + step, low + 2 step, ...")
    default: Whole | None = Field(default=None, description="The value of the default configuration.")
    grid: Count | None = Field(default=None, description="How many points a grid has along this parameter.")

    def declared(self, name: str, *, default: bool) -> space.Parameter:
        """See `ParameterModel`."""
        return space.Int(
            name=name,
            when=self.condition,
            low=self.low,
            high=self.high,
            log=self.log,
            step=self.step,
            default=self.default if default else None,
            grid=self.grid,
        )


_CHOICES_SCHEMA = {"type": "array", "minItems": 1, "items": {}}


class _ChoiceModel(ParameterModel):
    nullable: ClassVar[frozenset[str]] = frozenset({"default"})

    choices: Annotated[tuple[Json, ...], BeforeValidator(items), WithJsonSchema(_CHOICES_SCHEMA)] = Field(
        description="The values: any JSON values."
    )
    default: Json = Field(default=None, description="The value of the default configuration.")

    @property
    def has_default(self) -> bool:
        """Whether there is a default: null is one only where null is a choice."""
        return "default" in self.model_fields_set and (self.default is not None or None in self.choices)

    @model_serializer(mode="wrap")
    def _leave_out_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if not self.has_default:
            del data["default"]
        return data


class OrdinalModel(_ChoiceModel):
    """One of several values in their order, such as batch sizes."""

    type: Literal["ordinal"]

    def declared(self, name: str, *, default: bool) -> space.Parameter:
        """See `ParameterModel`."""
        chosen = self.default if default and self.has_default else space.UNSET
        return space.Ordinal(name=name, when=self.condition, choices=self.choices, default=chosen)


class CategoricalModel(_ChoiceModel):
    """One of several values without an order."""

    type: Literal["categorical"]

    def declared(self, name: str, *, default: bool) -> space.Parameter:
        """See `ParameterModel`."""
        chosen = self.default if default and self.has_default else space.UNSET
        return space.Categorical(name=name, when=self.condition, choices=self.choices, default=chosen)


class BoolModel(ParameterModel):
    """True or false."""

    type: Literal["bool"]
    default: bool | None = Field(default=None, description="The value of the default configuration.")
    flag: bool = Field(default=False, description="In the arguments, `--name` if true and nothing if false.")

    def declared(self, name: str, *, default: bool) -> space.Parameter:
        """See `ParameterModel`."""
        return space.Bool(name=name, when=self.condition, default=self.default if default else None)


class ConstantModel(ParameterModel):
    """A value that is handed on and never varies."""

    nullable: ClassVar[frozenset[str]] = frozenset({"value"})

    type: Literal["constant"]
    value: Json = Field(description="Any JSON value.")

    def declared(self, name: str, *, default: bool) -> space.Parameter:
        """See `ParameterModel`."""
        del default
        return space.Constant(name=name, when=self.condition, value=self.value)


class DerivedModel(ParameterModel):
    """A value computed from other parameters."""

    type: Literal["derived"]
    expression: Code = Field(description="How it is computed: lr * batch / 32")

    def declared(self, name: str, *, default: bool) -> space.Parameter:
        """See `ParameterModel`."""
        del default
        return space.Derived(name=name, when=self.condition, expression=parse(self.expression))


MODELS: dict[str, type[ParameterModel]] = {
    "float": FloatModel,
    "int": IntModel,
    "ordinal": OrdinalModel,
    "categorical": CategoricalModel,
    "bool": BoolModel,
    "constant": ConstantModel,
    "derived": DerivedModel,
}


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise wrong(
            f"{name!r} cannot be the name of a parameter",
            "a name begins with a letter or '_'; then letters, digits, '_', '.' and '-'",
        )
    return name


ParameterName: TypeAlias = Annotated[str, AfterValidator(_name)]
AnyParameter: TypeAlias = Annotated[
    FloatModel | IntModel | OrdinalModel | CategoricalModel | BoolModel | ConstantModel | DerivedModel,
    Field(discriminator="type"),
]
