"""What a run has come to, as plain JSON: what a golden run must be folded to for ever."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from hpotune.history import History, Trial


def outcome(history: History) -> dict[str, Any]:
    """The trials, the best of them, how it ended, and the totals."""
    best = history.best
    return {
        "trials": [_trial(history, trial) for trial in history.trials],
        "best": None if best is None else best.number,
        "finished": history.finished,
        "exhausted": history.exhausted,
        "totals": {
            "events": history.n + 1,
            "reports": history.reports,
            "sessions": history.sessions,
            "failures": history.failures,
            "budget_planned": history.budget_planned,
            "states": {state: count for state, count in sorted(history.states.items()) if count},
            "causes": {cause: count for cause, count in sorted(history.causes.items()) if count},
            "origins": {origin: count for origin, count in sorted(history.origins.items()) if count},
            "open": sorted(history.open),
        },
    }


def as_text(outcome: Mapping[str, Any]) -> str:
    """As it is kept: a line for each trial."""
    trials = ",\n".join(json.dumps(trial, ensure_ascii=False, allow_nan=False) for trial in outcome["trials"])
    others = json.dumps({**outcome, "trials": []}, ensure_ascii=False, allow_nan=False)
    return others.replace('"trials": []', f'"trials": [\n{trials}\n]', 1) + "\n"


def _trial(history: History, trial: Trial) -> dict[str, Any]:
    return {
        "config": trial.config,
        "origin": trial.origin,
        "state": trial.state,
        "cause": trial.cause,
        "value": _number(history.value(trial.loss)),
        "budget": trial.budget,
        "dropped": trial.dropped,
        "zero_based": trial.zero_based,
        "jobs": [
            {
                "from": job.start,
                "to": job.to,
                "attempt": job.attempt,
                "outcome": job.outcome,
                "view": [[budget, _number(history.value(loss))] for budget, loss in job.reports()],
            }
            for job in trial.jobs
        ],
    }


def _number(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)
