"""The warnings of `hpotune validate`: what is allowed, but probably not meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hpotune.errors import Problem
from hpotune.study.durations import format_duration
from hpotune.study.lint_space import space_warnings
from hpotune.study.model import Study
from hpotune.study.source import in_order
from hpotune.study.wording import Finding

_LESS_IS_BETTER = re.compile(r"loss|error|(^|_)(rmse|mse|mae|nll|perplexity|ppl|wer|cer|fid)($|_)", re.IGNORECASE)
_MORE_IS_BETTER = re.compile(
    r"acc(uracy)?($|_)|(^|_)(auc|auroc|f1|r2|precision|recall|bleu|miou|iou|map|dice)($|_)", re.IGNORECASE
)
_OPERATORS = frozenset(["|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1", "&>"])
_REDIRECTION = re.compile(r"[0-9&]?>>?[&\w./-]+|<[\w./-]+")
_VARIABLE = re.compile(r"(?<!\$)\$(?:[A-Za-z_][A-Za-z0-9_]*|\()")
_GLOB = re.compile(r"[*?]")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_NO_SHELL = "no shell runs the command; if you want one, write `command: [bash, -c, '...']`"


def lint(study: Study) -> list[Problem]:
    """What a careful reader would ask about a study, each question with its place."""
    findings = [
        *_command(study),
        *_metric(study),
        *space_warnings(study),
        *_limits(study),
        *_trial(study),
    ]
    return in_order(
        [study.problem(each.path, each.message, each.remedy, key=each.key, offset=each.offset) for each in findings]
    )


def _command(study: Study) -> Iterator[Finding]:
    first, *rest = study.command
    if _ASSIGNMENT.match(first):
        words = f"{first.partition('=')[0]}=... in front of a command is for shells; here it is taken for the program"
        yield Finding(("command",), words, "set variables with `trial: {env: {...}}`")
    for before, argument in zip(study.command, rest, strict=False):
        if before in ("-c", "-lc", "-ec"):  # the script of a shell, or of python -c
            continue
        what = _shell_sign(argument)
        if what:
            yield Finding(("command",), f"{argument!r} holds {what}, which only a shell understands", _NO_SHELL)
            return


def _shell_sign(argument: str) -> str:
    if argument in _OPERATORS or _REDIRECTION.fullmatch(argument):
        return "an operator"
    if len(argument) > 1 and argument.endswith(";"):
        return "a ';'"
    if _VARIABLE.search(argument) or "`" in argument:
        return "a shell variable or substitution"
    if argument.startswith("~/"):
        return "a '~'"
    return "a file pattern" if _GLOB.search(argument) and not re.search(r"[\s(]", argument) else ""


def _metric(study: Study) -> Iterator[Finding]:
    name, goal = study.metric.name, study.metric.goal
    less, more = bool(_LESS_IS_BETTER.search(name)), bool(_MORE_IS_BETTER.search(name))
    if less != more and goal == ("maximize" if less else "minimize"):
        other = "minimize" if less else "maximize"
        words = f"the goal is to {goal} {name!r}, which sounds like something to {other}"
        yield Finding(("metric", "goal"), words, f"if so, write `goal: {other}`")


def _limits(study: Study) -> Iterator[Finding]:
    limits = study.limits
    if limits.trials is not None:
        if len(study.enqueue) > limits.trials:
            words = f"enqueue holds {len(study.enqueue):,} configurations, and {limits.trials:,} trials are the limit"
            yield Finding(("limits", "trials"), words)
        if study.workers is not None and study.workers > limits.trials:
            yield Finding(("workers",), f"there are more workers than trials ({limits.trials:,})")
    timeout = study.trial.timeout
    if limits.time is not None and timeout is not None and timeout > limits.time:
        words = f"one job may take {format_duration(timeout)}, the whole study only {format_duration(limits.time)}"
        yield Finding(("trial", "timeout"), words)


def _trial(study: Study) -> Iterator[Finding]:
    trial = study.trial
    if trial.timeout is not None and trial.stall_timeout is not None and trial.stall_timeout >= trial.timeout:
        yield Finding(("trial", "stall_timeout"), "it never fires, because timeout comes first", "make it shorter")
    for name in trial.env:
        if name.startswith("HPOTUNE_"):
            yield Finding(("trial", "env", name), "names that begin with HPOTUNE_ are hpotune's own", key=True)
