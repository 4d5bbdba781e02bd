"""The command of a study as a template of argv: `${lr}` is replaced, and no shell ever looks at it.

    command   [python, train.py, "--lr=${lr}", "--momentum", "${momentum}", "${args}"]
    config    {"lr": 0.1}                              momentum is inactive: its element is dropped, and its flag
    argv      [python, train.py, --lr=0.1, --lr=0.1]

An element is exactly one argument, whatever its values hold. Only `${args}` and `${args_no_hyphens}`, which must be
elements of their own, become one argument for each active parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, TypeAlias

from hpotune.protocol.outward import text_of
from hpotune.study import Outward

CONTEXT_NAMES = (
    "args_json_file",
    "budget",
    "checkpoint_dir",
    "config_file",
    "metrics_file",
    "previous_budget",
    "seed",
    "study",
    "trial_dir",
    "trial_id",
)
EXPANSIONS = ("args", "args_no_hyphens")
_BUDGET_NAMES = ("budget", "previous_budget")

_TOKEN = re.compile(r"(\$\$\{)|\$\{([^{}]*)\}|(\$\{)")  # an escape, a reference, a reference that does not end

Values: TypeAlias = Mapping[str, object]
Context: TypeAlias = Mapping[str, str]


class _Reference(NamedTuple):
    """`${name}` inside an element."""

    name: str


class _Element(NamedTuple):
    """An element, taken apart. `flag_before`: the element before it is a flag that takes this one as its value."""

    parts: tuple[str | _Reference, ...]
    unclosed: bool
    flag_before: bool


class CommandTemplate:
    """The command of a study; `render` makes the argv of one attempt.

    Args:
        command: the elements as they stand in the study.
        parameters: the study's parameters, in the order in which `${args}` lists them.
        has_budget: whether the study has a budget, without which `${budget}` means nothing.
    """

    def __init__(self, command: Sequence[str], parameters: Sequence[Outward], *, has_budget: bool = True) -> None:
        self._parameters = {parameter.name: parameter for parameter in parameters}
        self._has_budget = has_budget
        self._elements = [_taken_apart(command, index) for index in range(len(command))]
        self._expansions: dict[str, Callable[[Values], list[str]]] = {
            "args": self._flags,
            "args_no_hyphens": self._assignments,
        }

    def problems(self) -> list[tuple[int, str, str]]:
        """What is wrong with the command: (index of the element, message, remedy)."""
        found: list[tuple[int, str, str]] = []
        for index, element in enumerate(self._elements):
            if element.unclosed:
                found.append((index, "a `${` is not closed", "close it with `}`, or write `$${` for a literal `${`"))
            alone = len(element.parts) == 1
            names = [part.name for part in element.parts if isinstance(part, _Reference)]
            found += [(index, *words) for name in names if (words := self._problem(name, alone=alone))]
        return found

    def render(self, config: Values, context: Context) -> list[str]:
        """The argv of one attempt.

        Args:
            config: the active parameters and their values.
            context: see `template_context`.

        Raises:
            ValueError: a value holds a NUL byte, which no argument can.
        """
        argv: list[str] = []
        for parts, _, flag_before in self._elements:
            if len(parts) == 1:
                part = parts[0]
                if isinstance(part, str):
                    argv.append(part)
                    continue
                expansion = self._expansions.get(part.name)
                if expansion is not None and part.name not in self._parameters:
                    argv += expansion(config)
                    continue
            text = self._filled(parts, config, context)
            if text is not None:
                argv.append(text)
            elif flag_before:
                argv.pop()
        for argument in argv:
            if "\0" in argument:
                raise ValueError(f"the argument {argument!r} holds a NUL byte, which no command line can carry")
        return argv

    def _filled(self, parts: tuple[str | _Reference, ...], config: Values, context: Context) -> str | None:
        """The element with its values; None if it names a parameter that is inactive, or a budget that is not there."""
        text = ""
        for part in parts:
            if isinstance(part, str):
                text += part
            elif part.name in config:
                text += text_of(config[part.name])
            elif part.name in context and part.name not in self._parameters:
                text += context[part.name]
            else:
                return None
        return text

    def _flags(self, config: Values) -> list[str]:
        flags = []
        for parameter in self._parameters.values():
            if parameter.name in config:
                value = config[parameter.name]
                if not parameter.flag:
                    flags.append(f"--{parameter.spelling}={text_of(value)}")
                elif value:
                    flags.append(f"--{parameter.spelling}")
        return flags

    def _assignments(self, config: Values) -> list[str]:
        return [
            f"{parameter.spelling}={text_of(config[parameter.name])}"
            for parameter in self._parameters.values()
            if parameter.name in config
        ]

    def _problem(self, name: str, *, alone: bool) -> tuple[str, str] | None:
        """What is wrong with a reference: message and remedy."""
        shown = f"`${{{name}}}`"
        known = name in CONTEXT_NAMES or name in EXPANSIONS
        if name in self._parameters:
            if not known:
                return None
            remedy = f"give the parameter another name; `as: {name}` keeps its spelling in flags"
            return f"{shown} is both a parameter and a value that every trial has", remedy
        if name in EXPANSIONS and not alone:
            return f"{shown} stands for several arguments and must be an element of its own", f'write "${{{name}}}"'
        if name in _BUDGET_NAMES and not self._has_budget:
            return f"{shown} has no value: the study has no budget", "add `budget:`, or take it out of the command"
        if known:
            return None
        candidates = [*self._parameters, *CONTEXT_NAMES, *EXPANSIONS]
        near = get_close_matches(name.strip(), candidates, n=1)
        # the shell's spelling of a variable is the likeliest mistake where nothing is near
        remedy = f"did you mean `${{{near[0]}}}`?" if near else f"write `$${{{name}}}` if the command is to see it so"
        return f"{shown} is neither a parameter nor a value that every trial has", remedy


def _taken_apart(command: Sequence[str], index: int) -> _Element:
    source = command[index]
    parts: list[str | _Reference] = []
    text = ""
    end = 0
    unclosed = False
    for match in _TOKEN.finditer(source):
        text += source[end : match.start()]
        end = match.end()
        if match[2] is not None:
            if text:
                parts.append(text)
            parts.append(_Reference(match[2]))
            text = ""
        else:
            text += "${"
            unclosed |= match[1] is None
    text += source[end:]
    if text or not parts:
        parts.append(text)
    value_alone = len(parts) == 1 and isinstance(parts[0], _Reference)
    flag_before = value_alone and index > 0 and _is_flag(command[index - 1])
    return _Element(tuple(parts), unclosed, flag_before)


def _is_flag(element: str) -> bool:
    """Whether an element is a flag on its own, such as `--momentum` or `-m`, whose value may be the next element."""
    return element.startswith("-") and element.strip("-") != "" and "=" not in element and "${" not in element
