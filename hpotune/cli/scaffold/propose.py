"""Parameters for the options of a script, and the options that are better left alone, each with the reason."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hpotune.cli.scaffold.goals import vocabulary, words
from hpotune.cli.scaffold.options import Option, Scalar
from hpotune.cli.scaffold.ranges import Fields, is_number_name, propose_number


@dataclass(frozen=True, slots=True)
class Proposal:
    """A parameter as it goes into the study. `active` False: it is written as a comment, to be uncommented."""

    name: str
    flag: str
    fields: Fields
    note: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """An option that is not tuned, and why."""

    flag: str
    reason: str


_REQUIRED = "put it into the command"
_LENGTH = "how long a trial trains; a budget, not a parameter"
_REASONS: Mapping[str, frozenset[str]] = {
    "hpotune gives every trial its own HPOTUNE_SEED": vocabulary("seed randomstate"),
    "where it runs": vocabulary("""
        workers threads thread jobs njobs nproc device devices gpu gpus cuda cpu cpus cores port host rank nodes
        processes backend mps tpu
    """),
    "what it prints": vocabulary("""
        verbose verbosity quiet silent log logs logging logger logdir loglevel debug interval every freq frequency print
        progress color
    """),
    "files and names": vocabulary("""
        path dir folder file output out input checkpoint checkpoints ckpt save load resume name tag project entity wandb
        tensorboard url config cfg run download cache root
    """),
    "the task itself": vocabulary("""
        data dataset datasets split fold folds cv task subset limit classes metric metrics train test val valid
        validation eval target
    """),
}
_LENGTHS = vocabulary("epochs epoch steps step iterations iteration iters iter updates")
_TUNABLE = vocabulary("""
    lr dropout decay momentum augment augmentation warmup nesterov amsgrad hidden layers optimizer optim activation
    kernel bias batchnorm bn norm normalize normalise shuffle bidirectional residual smoothing mixup cutmix ema depth
    width
""")
IGNORED = frozenset({"-h", "--help", "--version", "--install-completion", "--show-completion"})
_RESERVED = vocabulary(
    "args args_no_hyphens args_json_file study budget previous_budget and or not in if else true false null none"
)


def propose(options: Sequence[Option], command: Sequence[str]) -> tuple[list[Proposal], list[LeftAlone]]:
    """Proposals and options left alone, in the script's order.

    `command` is the user's own: what it sets already stays as it is.
    """
    proposals: list[Proposal] = []
    left: list[LeftAlone] = []
    taken: set[str] = set()
    for option in options:
        if IGNORED.intersection(option.flags):
            continue
        outcome = judge(option, command)
        if isinstance(outcome, Proposal) and outcome.name.upper() in taken:
            outcome = LeftAlone(option.flag, "its name differs from another's only in upper and lower case")
        if isinstance(outcome, Proposal):
            taken.add(outcome.name.upper())
            proposals.append(outcome)
        else:
            left.append(outcome)
    return [_conditional(proposal, proposals) for proposal in proposals], left


def judge(option: Option, command: Sequence[str]) -> Proposal | LeftAlone:
    """What becomes of one option; `command` is what sets options already."""
    name = option.flag.lstrip("-")
    if any(element == flag or element.startswith(f"{flag}=") for flag in option.flags for element in command):
        return LeftAlone(option.flag, "the command sets it already")
    reason = _reason(name, option)
    if reason is not None:
        return LeftAlone(option.flag, f"{reason}; required: {_REQUIRED}" if option.required else reason)
    if option.kind == "flag":
        return _flag(name, option)
    if option.choices:
        return _choice(name, option)
    if option.kind == "truth":
        return _truth(name, option)
    if option.kind == "list":
        return LeftAlone(option.flag, "takes several values; categorical choices can be lists")
    if option.kind in {"float", "int"} or (option.kind == "unknown" and is_number_name(name)):
        fields = propose_number(name, option)
        if fields is not None:
            return _proposal(name, option, fields)
    if option.required:
        return LeftAlone(option.flag, f"required: {_REQUIRED}")
    return LeftAlone(option.flag, "no numeric default and no choices were found")


def _reason(name: str, option: Option) -> str | None:
    parts = words(name)
    joined = frozenset(parts) | {f"{first}{second}" for first, second in itertools.pairwise(parts)}
    if joined & _TUNABLE:
        return None
    if parts and parts[-1] in _LENGTHS and option.kind in {"int", "unknown"}:
        return _LENGTH
    return next((reason for reason, known in _REASONS.items() if joined & known), None)


def _proposal(name: str, option: Option, fields: Fields, *, active: bool = True, note: str = "") -> Proposal:
    """The parameter, under a name that an expression can use; `as` keeps the script's own spelling."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    if plain[0].isdigit() or plain.lower() in _RESERVED:
        plain = f"p_{plain}"
    if plain != name:
        fields = {**fields, "as": name}
    default = "" if option.default is None or option.kind == "flag" else f"default {option.default}"
    known = default if "default" not in fields and default else ""
    texts = [option.help, f"its {known} lies outside this range" if known else "", note]
    return Proposal(plain, option.flag, fields, "; ".join(text for text in texts if text), active)


def _flag(name: str, option: Option) -> Proposal:
    """A flag given or not. Of a pair whose positive half is the default, the negative half is the flag to give."""
    if option.negative is not None and option.default is True:
        name, option = option.negative.lstrip("-"), replace(option, flags=(option.negative,))
    tunable = bool(_TUNABLE.intersection(words(name)))
    return _proposal(name, option, {"type": "bool", "flag": True, "default": False}, active=tunable)


def _truth(name: str, option: Option) -> Proposal:
    default = option.default if isinstance(option.default, bool) else str(option.default).lower() == "true"
    fields: Fields = {"type": "bool", "default": default}
    return _proposal(name, option, fields, active=False, note="check that the script reads `true` and `false`")


def _choice(name: str, option: Option) -> Proposal | LeftAlone:
    choices: list[Scalar] = list(dict.fromkeys(option.choices))
    if len(choices) < 2:
        return LeftAlone(option.flag, "a single choice")
    numbers = all(isinstance(choice, int | float) and not isinstance(choice, bool) for choice in choices)
    fields: Fields = {"type": "ordinal" if numbers else "categorical", "choices": choices}
    default = next((choice for choice in choices if str(choice) == str(option.default)), None)
    return _proposal(name, option, fields if default is None else {**fields, "default": default})


def _conditional(proposal: Proposal, proposals: Sequence[Proposal]) -> Proposal:
    """A word about `when` beside momentum and nesterov, where an optimizer with SGD is among the choices."""
    if not {"momentum", "nesterov"}.intersection(words(proposal.name)):
        return proposal
    for other in proposals:
        choices = other.fields.get("choices")
        sgd = (
            next((item for item in choices if str(item).lower() == "sgd"), None) if isinstance(choices, list) else None
        )
        if sgd is not None:
            hint = f'if only {sgd} uses it, add  when: {other.name} == "{sgd}"'
            note = f"{proposal.note}; {hint}" if proposal.note else hint
            return Proposal(proposal.name, proposal.flag, proposal.fields, note, proposal.active)
    return proposal
