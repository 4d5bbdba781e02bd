"""The study: what the user declared, with every default written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path as FilePath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PrivateAttr

from hpotune.errors import Problem
from hpotune.space import Space
from hpotune.study.assemble import assemble
from hpotune.study.concealing import concealed
from hpotune.study.fields import Code, Count, Json, Seed, Text, items, wrong
from hpotune.study.parameters import AnyParameter, ParameterName
from hpotune.study.section import Section
from hpotune.study.sections import Budget, Command, Gpus, Limits, Metric, Strategy, bare_strategy
from hpotune.study.source import NOWHERE, Path, Source
from hpotune.study.spaces import space_of
from hpotune.study.trial_settings import TrialSettings

DEFAULT_NAME = "study"
_NAME = re.compile(r"[\w][\w. +-]{0,99}")


def _folder_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        remedy = "it begins with a letter, a digit or '_'; then also '.', '-', '+' and spaces, 100 characters at most"
        raise wrong(f"{name[:120]!r} cannot be the name of a study, because its run's folder bears it", remedy)
    return name


class Study(Section):
    """A study, frozen and complete. Build one with `load_study` or `Study.from_dict`.

    Two studies are equal if they declare the same; where they came from does not count.
    """

    name: Annotated[Text, AfterValidator(_folder_name)] = Field(description="Names the run's folder.")
    command: Command = Field(description="How a trial is started: a list is argv as it stands, a string is split.")
    metric: Metric
    parameters: dict[ParameterName, AnyParameter] = Field(description="What is tuned.")
    constraints: Annotated[tuple[Code, ...], BeforeValidator(items)] = Field(
        default=(), description="Expressions that must hold for every configuration."
    )
    strategy: Annotated[Strategy, BeforeValidator(bare_strategy)] = Field(
        default_factory=lambda: Strategy(name="random")
    )
    budget: Budget | None = None
    limits: Limits = Field(default_factory=Limits)
    workers: Count | None = Field(default=None, description="Trials at a time; default: the GPU slots, else 1.")
    seed: Seed | None = Field(default=None, description="Left out, it is drawn once.")
    trial: TrialSettings = Field(default_factory=TrialSettings)
    gpus: Gpus | None = None
    enqueue: Annotated[tuple[dict[str, Json], ...], BeforeValidator(items)] = Field(
        default=(), description="Configurations to try first; what is left out takes its default, or is sampled."
    )
    private: bool = Field(default=False, description="Whether the run's files are for the user alone.")

    _source: Source = PrivateAttr(default=NOWHERE)
    _text: str | None = PrivateAttr(default=None)
    _folder: FilePath | None = PrivateAttr(default=None)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, folder: FilePath | None = None) -> Self:
        """The study that a mapping of the study file's shape declares.

        Args:
            data: the mapping; `to_dict` of a study is one.
            folder: what its relative paths are relative to; the current folder if left out.

        Raises:
            StudyError: with every problem, each with its path.
        """
        return assemble(cls, {"name": DEFAULT_NAME, **data}, NOWHERE).placed(NOWHERE, None, folder)

    def to_dict(self) -> dict[str, Any]:
        """The whole study as plain JSON values, every default written out; `from_dict` gives an equal study."""
        return self.model_dump(mode="json", by_alias=True)

    def replace(self, **changes: Any) -> Self:
        """The study with other values for some of its top-level keys, checked anew.

        Raises:
            StudyError: a new value does not fit.
        """
        new = {
            key: value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
            for key, value in changes.items()
        }
        study = assemble(type(self), {**self.to_dict(), **new}, NOWHERE)
        return study.placed(self._source, self._text, self._folder)

    def placed(self, source: Source, text: str | None, folder: FilePath | None) -> Self:
        """This very study, told where it came from. Only for whoever builds one."""
        self._source, self._text, self._folder = source, text, folder
        return self

    @cached_property
    def space(self) -> Space:
        """The space of configurations; built once. A default that does not lie in its parameter's range is not in it.

        Raises:
            SpaceError: never for a study that was built by `load_study` or `from_dict`.
        """
        return space_of(self.parameters, self.constraints)

    @property
    def folder(self) -> FilePath:
        """The study file's folder, which relative paths start from."""
        return self._folder if self._folder is not None else FilePath.cwd()

    @property
    def source(self) -> Source | None:
        """The text and the place of every entry; None if the study did not come from a text."""
        return self._source if self._source.file is not None else None

    @property
    def text(self) -> str | None:
        """The study file's text as it was read."""
        return self._text

    def problem(
        self, path: Path, message: str, remedy: str = "", *, key: bool = False, offset: int | None = None
    ) -> Problem:
        """A problem with its place, if the study has one; see `Source.problem`. It shows no value of a secret."""
        problem = self._source.problem(path, message, remedy, key=key, offset=offset)
        return concealed(problem, self._source.text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Study):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in type(self).model_fields)

    def __hash__(self) -> int:
        return hash((self.name, self.command, self.seed))
