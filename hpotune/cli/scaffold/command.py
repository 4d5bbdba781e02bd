"""How the parameters get into the user's command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hpotune.cli.scaffold.options import Option
from hpotune.cli.scaffold.propose import LeftAlone, Proposal, judge, propose
from hpotune.cli.scaffold.ranges import Fields

_TEMPLATE = re.compile(r"(?<!\$)\$\{([^{}]+)\}")
_CONTEXT = re.compile(  # names that stand for facts of a trial, not for parameters
    r"args|args_no_hyphens|args_json_file|trial_id|trial_dir|study|seed|budget|previous_budget|checkpoint_dir"
    r"|metrics_file|config_file"
)
_EXPLICIT = "${name} becomes the value of that parameter; an element whose parameter is inactive is dropped"


@dataclass(frozen=True, slots=True)
class Plan:
    """The command of the study, a remark on it, and what becomes of the script's options."""

    command: tuple[str, ...]
    remark: str
    proposals: tuple[Proposal, ...]
    left: tuple[LeftAlone, ...]


def plan(command: Sequence[str], options: Sequence[Option], *, is_hydra: bool, reads_environment: bool) -> Plan:
    """The plan for the user's command.

    A command that names parameters itself (`--lr=${lr}`) keeps its form and gets exactly those. Else the parameters are
    appended: `${args}` where that spells every option right, one by one for options such as `-lr`.
    """
    names = [name for element in command for name in _TEMPLATE.findall(element) if not _CONTEXT.fullmatch(name)]
    if names:
        return _named(tuple(command), list(dict.fromkeys(names)), options)
    proposals, left = propose(options, command)
    whole = (*command,)
    if any("${args" in element for element in command):
        remark = "${args} becomes one flag a parameter:  --lr=0.1 …"
    elif reads_environment and not proposals:
        remark = "the script finds its configuration in the environment: HPOTUNE_CONFIG (JSON), HPOTUNE_PARAM_LR, …"
    elif any(proposal.active and not proposal.flag.startswith("--") for proposal in proposals):
        proposals = [replace(item, active=False) if "flag" in item.fields else item for item in proposals]
        whole, remark = (*command, *(part for item in proposals if item.active for part in _elements(item))), _EXPLICIT
    elif is_hydra:
        whole, remark = (*command, "${args_no_hyphens}"), "${args_no_hyphens} becomes  lr=0.1 …, which Hydra reads"
    else:
        whole = (*command, "${args}")
        remark = '${args} becomes one flag a parameter:  --lr=0.1 …; a single one is written "--lr=${lr}"'
    return Plan(whole, remark, tuple(proposals), tuple(left))


def _elements(proposal: Proposal) -> tuple[str, ...]:
    value = f"${{{proposal.name}}}"
    return (f"{proposal.flag}={value}",) if proposal.flag.startswith("--") else (proposal.flag, value)


def _named(command: tuple[str, ...], names: Sequence[str], options: Sequence[Option]) -> Plan:
    proposals, used = [], set()
    for name in names:
        option = _option(name, command, options)
        used.add(option.flag)
        proposals.append(_one(name, option))
    left = [
        LeftAlone(option.flag, "the command does not hand it over") for option in options if option.flag not in used
    ]
    return Plan(command, _EXPLICIT, tuple(proposals), tuple(item for item in left if item.flag != "--help"))


def _option(name: str, command: Sequence[str], options: Sequence[Option]) -> Option:
    """The option that `${name}` is the value of: by the flag before it, else by its name."""
    place = next(index for index, element in enumerate(command) if f"${{{name}}}" in element)
    element = command[place]
    flag = element.partition("=")[0] if element.startswith("-") else command[place - 1] if place else ""
    spelled = {flag, f"--{name}", f"--{name.replace('_', '-')}"}
    return next((option for option in options if spelled.intersection(option.flags)), Option(flags=(f"--{name}",)))


def _one(name: str, option: Option) -> Proposal:
    outcome = judge(option, ())
    if isinstance(outcome, LeftAlone):
        example: Fields = {"type": "float", "low": 0.0, "high": 1.0}
        return Proposal(name, option.flag, example, f"EDIT: nothing suggests a range for {name}; this is an example")
    kept = {key: value for key, value in outcome.fields.items() if key not in {"as", "flag"}}
    return replace(outcome, name=name, fields=kept, active=True)
