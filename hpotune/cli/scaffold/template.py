"""The study file that `hpotune init` writes: valid as it is, and commented so that it teaches what may be changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from hpotune.cli.scaffold.command import Plan, plan
from hpotune.cli.scaffold.goals import guess_goal
from hpotune.cli.scaffold.help_parser import is_cut, parse_help
from hpotune.cli.scaffold.options import Option, merge
from hpotune.cli.scaffold.propose import Proposal
from hpotune.cli.scaffold.script import study_name
from hpotune.cli.scaffold.source_parser import parse_source
from hpotune.cli.scaffold.yaml_text import comment, flow, scalar
from hpotune.errors import UsageError


@dataclass(frozen=True, slots=True)
class InitRequest:
    """What is known when a study is begun.

    `command` is the user's own argv; `help_text` the output of its `--help`, `source` the text of its Python file, each
    None where there is none. `goal` None is guessed from the metric's name. An empty `name` is taken from the script.
    """

    command: tuple[str, ...]
    metric: str
    goal: str | None = None
    help_text: str | None = None
    source: str | None = None
    name: str = ""


_EXAMPLE = Proposal("lr", "--lr", {"type": "float", "low": 1e-5, "high": 0.1, "log": True})
_HEAD = """\
# What hpotune is to run, what to tune, and when to stop. In this file's folder:
#   hpotune validate {file}    check it (every mistake with its line and a remedy)
#   hpotune try {file}         one trial, its output straight through, the line that gave the metric marked
#   hpotune run {file}         tune; a second terminal: hpotune status, hpotune report
name: {name}
"""
_METRIC = """\
# The script prints its metric, on stdout or stderr: `{shown}=0.5`, `{shown}: 0.5`, or a JSON line such as
# {{"epoch": 3, "{shown}": 0.5}}; for any other form add  pattern: 'a regex with one (group)'.
metric:
  name: {name}
  goal: {goal}{guessed}
  # use: best      # the value of a trial: its last report (the default), or its best
  # target: {target}   # stop as soon as a trial reaches it
"""
_PARAMETERS = """\
# Ranges are proposals: change them to what you would try by hand. Types: float, int, ordinal, categorical, bool,
# constant, derived. `log: true` suits what spans decades; `when: optimizer == "sgd"` what matters only then;
# `default` what you use today (if all have one, it is tried first); `as` is the script's own spelling.
parameters:"""
_TAIL = """\
# constraints: ["batch_size * hidden <= 32768"]    # expressions over parameters; what breaks one is never tried

strategy: bo       # also: tpe, random, sobol, grid; `hpotune strategies` lists all
limits:            # the first one reached ends the run; `hpotune resume --set limits.trials=100` goes on later
  trials: 30
  # time: 8h
  # failures: 5
workers: 1         # trials at a time
# seed: 1          # makes the run repeatable; left out, one is drawn and recorded
# trial: {timeout: 30m, retries: 1, env: {OMP_NUM_THREADS: "1"}}
# gpus: {devices: auto, per_trial: 1}
# budget: {name: epochs, min: 1, max: 81}          # for strategies that stop poor trials early
"""


def write_study(request: InitRequest, file: str = "study.yaml") -> str:
    """The text of a study for the user's command; its name, `file`, is used in the comments.

    Raises UsageError for an empty command or metric, a goal that is neither minimize nor maximize, and a metric whose
    name does not tell its goal when none is given.
    """
    goal = _goal(request)
    options = _options(request)
    source, help_text = request.source or "", request.help_text or ""
    planned = plan(
        request.command,
        options,
        is_hydra="hydra.main" in source or "Powered by Hydra" in help_text,
        reads_environment="HPOTUNE_" in source or "hpotune" in source,
    )
    name = scalar(request.name or study_name(request.command))
    parts = [
        _HEAD.format(file=comment(PurePosixPath(file).name, 40), name=name),
        f"# argv, no shell in between; {planned.remark}\ncommand: {flow(planned.command)}\n",
        _metric(request, goal),
        _parameters(planned, any_options=bool(options)),
        _TAIL,
    ]
    return "\n".join(parts)


def _options(request: InitRequest) -> tuple[Option, ...]:
    """What help and source tell together. A help that was cut at the edge counts only where there is nothing else."""
    written = parse_source(request.source or "")
    help_text = request.help_text or ""
    shown = () if written and is_cut(help_text) else parse_help(help_text)
    return merge(shown, written)


def _goal(request: InitRequest) -> str:
    if not request.command or not request.command[0].strip():
        raise UsageError("there is no command to tune", 'give it: --command "python train.py"')
    if not request.metric.strip():
        raise UsageError("the metric has no name", "give the name that the script prints: --metric val_loss")
    goal = request.goal or guess_goal(request.metric)
    if goal is None:
        message = f"the name {request.metric!r} does not tell whether small or large is good"
        raise UsageError(message, "add --goal minimize or --goal maximize")
    if goal not in {"minimize", "maximize"}:
        raise UsageError(f"there is no goal {goal!r}", "it is minimize or maximize")
    return goal


def _metric(request: InitRequest, goal: str) -> str:
    name = comment(request.metric, 40)
    guessed = "" if request.goal else "   # guessed from the name"
    target = "0.95" if goal == "maximize" else "0.05"
    return _METRIC.format(shown=name, name=scalar(request.metric), goal=goal, guessed=guessed, target=target)


def _parameters(planned: Plan, *, any_options: bool) -> str:
    active = [proposal for proposal in planned.proposals if proposal.active]
    passive = [proposal for proposal in planned.proposals if not proposal.active]
    lines = [_PARAMETERS]
    if not active:
        found = (
            "none of the script's options suggests a range" if any_options else "no options of the script were found"
        )
        lines += [f"  # EDIT: {found}; this one is an example.", _line(_EXAMPLE)]
    for proposal in active:
        lines += [f"  # {comment(proposal.note, 114)}"] if proposal.note else []
        lines.append(_line(proposal))
    if passive:
        lines += ["  # perhaps:", *(f"  # {_line(proposal).strip()}" for proposal in passive)]
    if planned.left:
        lines += ["  # left alone:", *(f"  #   {comment(f'{item.flag}: {item.reason}', 112)}" for item in planned.left)]
    return "\n".join([*lines, ""])


def _line(proposal: Proposal) -> str:
    return f"  {scalar(proposal.name)}: {flow(proposal.fields)}"
