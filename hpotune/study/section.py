"""What all parts of a study have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A mapping of a study: frozen, of exact types, without unknown keys. A key without a value counts as left out."""

    # defer_build: the validators of the parts are built once, inside the whole study's.
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    # Keys whose value may be null, and means it.
    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {key: value for key, value in data.items() if value is not None or key in cls.nullable}

    @classmethod
    def known_keys(cls) -> list[str]:
        """The keys as a study file writes them."""
        return [field.alias or name for name, field in cls.model_fields.items()]
