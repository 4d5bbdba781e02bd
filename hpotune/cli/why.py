"""`hpotune why`: why a trial was tried, and why it went as it did."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from hpotune.cli.details import gather
from hpotune.cli.options import Json, RequiredRun, Runs, TrialArgument
from hpotune.cli.target import check_trial, the_run
from hpotune.cli.terminal import harmless, json_text
from hpotune.errors import UsageError
from hpotune.history import History
from hpotune.summary import Attempt, Why, config_text, why, why_sections


def command(run: RequiredRun, trial: TrialArgument, *, json_: Json = False, runs: Runs = None) -> None:
    """Tell why a trial was tried, what came of it against what was expected, and what was decided about it."""
    history, details = gather(the_run(run, runs).events(), trial)
    check_trial(history, trial)
    if details is None:
        raise UsageError(f"trial {trial} was never planned")
    attempts = [Attempt(attempt.planned, attempt.ended) for attempt in details.attempts]
    answer = why(history, details.planned, attempts, details.decisions)
    if json_:
        sys.stdout.write(json_text(_as_json(answer)) + "\n")
    else:
        sys.stdout.write(harmless("\n".join(_lines(answer, history))) + "\n")


def _as_json(answer: Why) -> dict[str, Any]:
    return {
        "trial": answer.trial.number,
        "origin": answer.trial.origin,
        "config": answer.trial.config,
        "proposal": asdict(answer.provenance),
        "wanted": dict(answer.wanted),
        "result": asdict(answer.result),
        "decisions": [decided._asdict() for decided in answer.decisions],
    }


def _lines(answer: Why, history: History) -> Iterator[str]:
    trial = answer.trial
    yield f"trial {trial.number} of {history.study.name}  {config_text(trial.config)}".rstrip()
    for title, lines in why_sections(answer, history):
        yield from ("", title, *(f"  {line}" for line in lines))
