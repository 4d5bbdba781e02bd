"""The report for scripts: one JSON object, whose keys stay as they are.

    format       1
    study        name, metric, goal, strategy, seed, parameters (their names)
    run          path, sessions, events, reports, versions (of the latest session), started (seconds since the epoch)
    outcome      exit_code, finished (the reason, null while unfinished), words
    trials       total (null: no limit), planned, completed, stopped, failed, running, paused, to_run_again
    seconds      elapsed (running time of all sessions), trials (time of all attempts added up)
    best         null, or trial, state, value, budget, seconds, origin, config
    by_hand      null, or folder, argv, environment, line (a shell's)
    top          the best trials, each as `best`, with its rank
    schedule     null without one, or rungs (bracket, at, size, arrived, promoted, stopped, failed, running, best,
                 best_trial, cutoff, spent), jobs, spent, share (of what training every trial in full costs),
                 checkpoints (trials that have one on disk, bytes of all)
    failures     cause, words, count, trial, message, log (relative to the run's folder); the last three may be null

Values have the metric's own sign; what is not finite is null.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from hpotune.report.model import Report, Row
from hpotune.summary import strategy_words


def as_json(report: Report) -> str:
    """The report as JSON text, pure ASCII, ending in a line end."""
    return json.dumps(_finite(as_object(report)), indent=2, allow_nan=False) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """The report as the object of the module's notes."""
    history, state = report.history, report.progress
    study = history.study
    return {
        "format": 1,
        "study": {
            "name": study.name,
            "metric": study.metric.name,
            "goal": study.metric.goal,
            "strategy": strategy_words(history),
            "seed": history.seed,
            "parameters": list(study.parameters),
        },
        "run": {
            "path": report.run,
            "sessions": history.sessions,
            "events": history.n + 1,
            "reports": history.reports,
            "versions": dict(report.sessions[-1].versions) if report.sessions else {},
            "started": report.sessions[0].time if report.sessions else None,
        },
        "outcome": {
            "exit_code": report.outcome.exit_code,
            "finished": history.finished,
            "words": report.outcome.words,
        },
        "trials": {
            "total": state.total,
            "planned": state.planned,
            "completed": state.completed,
            "stopped": state.stopped,
            "failed": state.failed,
            "running": state.running,
            "paused": state.paused,
            "to_run_again": state.again,
        },
        "seconds": {"elapsed": round(state.elapsed, 3), "trials": round(report.trial_seconds, 3)},
        "best": None if report.best is None else _row(report.best),
        "by_hand": _by_hand(report),
        "top": [{"rank": row.rank, **_row(row)} for row in report.top],
        "schedule": _schedule(report),
        "failures": [
            {
                "cause": row.cause,
                "words": row.words,
                "count": row.count,
                "trial": row.trial,
                "message": row.message or None,
                "log": row.log,
            }
            for row in report.failures
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "trial": row.trial,
        "state": row.state,
        "value": row.value,
        "budget": row.budget,
        "seconds": round(row.seconds, 3),
        "origin": row.origin,
        "config": dict(row.config),
    }


def _schedule(report: Report) -> dict[str, Any] | None:
    found, disk = report.schedule, report.disk
    if found is None:
        return None
    rungs = [asdict(row) for row in found.rows]
    for rung in rungs:
        del rung["brackets"]
    return {
        "rungs": rungs,
        "jobs": found.jobs,
        "spent": found.spent,
        "share": found.share,
        "checkpoints": None if disk is None else {"trials": disk.checkpoints, "bytes": disk.bytes},
    }


def _by_hand(report: Report) -> dict[str, Any] | None:
    if report.by_hand is None:
        return None
    return {
        "folder": report.by_hand.folder,
        "argv": list(report.by_hand.argv),
        "environment": dict(report.by_hand.environment),
        "line": report.by_hand.line,
    }


def _finite(value: Any) -> Any:
    """The value with null for every number that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value
