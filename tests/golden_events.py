"""Journal format 1, to the letter: each event at its fullest, then at its barest, and its line.

It is read for ever: a change here breaks every journal there is.
"""

from __future__ import annotations

import math
from typing import Any

from hpotune import events as ev
from hpotune.events import Event

GOLDEN: list[tuple[Event, dict[str, Any]]] = [
    (
        ev.StudyStarted(1, {"name": "s"}, 7, {"hpotune": "0.1.0"}, {"study": "ab"}, {"at": 0.0}),
        {
            "event": "study_started",
            "format": 1,
            "study": {"name": "s"},
            "seed": 7,
            "versions": {"hpotune": "0.1.0"},
            "hashes": {"study": "ab"},
            "measured": {"at": 0.0},
        },
    ),
    (ev.StudyStarted(1, {}, 0), {"event": "study_started", "format": 1, "study": {}, "seed": 0}),
    (
        ev.StudyResumed([{"path": "workers"}], {"name": "s"}, ["exit"], {"python": "3"}, {"files": {}}, {"pid": 1}),
        {
            "event": "study_resumed",
            "changes": [{"path": "workers"}],
            "study": {"name": "s"},
            "retry_failed": ["exit"],
            "versions": {"python": "3"},
            "hashes": {"files": {}},
            "measured": {"pid": 1},
        },
    ),
    (ev.StudyResumed([]), {"event": "study_resumed", "changes": []}),
    (
        ev.Capacity(4, ["1", "GPU-2"], {"at": 1.5}),
        {"event": "capacity", "workers": 4, "aside": ["1", "GPU-2"], "measured": {"at": 1.5}},
    ),
    (ev.Capacity(1), {"event": "capacity", "workers": 1}),
    (
        ev.JobStarted(3, 1, 2, "local", ["0", "GPU-1"], {"handle": {"pid": 9}}),
        {
            "event": "job_started",
            "trial": 3,
            "job": 1,
            "attempt": 2,
            "executor": "local",
            "slots": ["0", "GPU-1"],
            "measured": {"handle": {"pid": 9}},
        },
    ),
    (
        ev.JobStarted(0, 0, 0, "ask"),
        {"event": "job_started", "trial": 0, "job": 0, "attempt": 0, "executor": "ask"},
    ),
    (
        ev.Reported(3, 1, 2, 27, 0.5, {"loss": math.nan, "lr": 0.1}, late=True, zero_based=True, measured={"at": 2.0}),
        {
            "event": "reported",
            "trial": 3,
            "job": 1,
            "attempt": 2,
            "budget": 27,
            "value": 0.5,
            "also": {"loss": "nan", "lr": 0.1},
            "late": True,
            "zero_based": True,
            "measured": {"at": 2.0},
        },
    ),
    (
        ev.Reported(0, 0, 0, None, -math.inf),
        {"event": "reported", "trial": 0, "job": 0, "attempt": 0, "budget": None, "value": "-inf"},
    ),
    (
        ev.JobEnded(3, 1, 2, "failed", "exit", 1, 9, "Error", "9f3a", {"stragglers": 2}, {"seconds": 1.5}),
        {
            "event": "job_ended",
            "trial": 3,
            "job": 1,
            "attempt": 2,
            "outcome": "failed",
            "cause": "exit",
            "code": 1,
            "signal": 9,
            "message": "Error",
            "fingerprint": "9f3a",
            "notes": {"stragglers": 2},
            "measured": {"seconds": 1.5},
        },
    ),
    (
        ev.JobEnded(0, 0, 0, "completed", code=0),
        {"event": "job_ended", "trial": 0, "job": 0, "attempt": 0, "outcome": "completed", "code": 0},
    ),
    (
        ev.TimerFired("timeout", 0, 0, 0, {"at": 3.0}),
        {"event": "timer_fired", "timer": "timeout", "trial": 0, "job": 0, "attempt": 0, "measured": {"at": 3.0}},
    ),
    (ev.TimerFired("time_limit"), {"event": "timer_fired", "timer": "time_limit"}),
    (
        ev.SignalReceived("SIGINT", "drain", {"at": 4.0}),
        {"event": "signal_received", "signal": "SIGINT", "mode": "drain", "measured": {"at": 4.0}},
    ),
    (ev.SignalReceived("SIGTERM", "stop"), {"event": "signal_received", "signal": "SIGTERM", "mode": "stop"}),
    (
        ev.TrialPlanned(3, {"lr": 0.1}, "confirm", 9, 81, {"rung": 0}, 1, {"index": 3}, {"at": 5.0}),
        {
            "event": "trial_planned",
            "trial": 3,
            "config": {"lr": 0.1},
            "origin": "confirm",
            "saw": 9,
            "budget": 81,
            "reason": {"rung": 0},
            "replicate": 1,
            "record": {"index": 3},
            "measured": {"at": 5.0},
        },
    ),
    (
        ev.TrialPlanned(0, {}, "search", 1),
        {"event": "trial_planned", "trial": 0, "config": {}, "origin": "search", "saw": 1},
    ),
    (
        ev.SpaceExhausted("all", 9, {"at": 6.0}),
        {"event": "space_exhausted", "reason": "all", "saw": 9, "measured": {"at": 6.0}},
    ),
    (ev.SpaceExhausted("all", 9), {"event": "space_exhausted", "reason": "all", "saw": 9}),
    (
        ev.JobPlanned(3, 1, 2, 27, 81, "promotion", 9, True, {"at": 7.0}),
        {
            "event": "job_planned",
            "trial": 3,
            "job": 1,
            "attempt": 2,
            "from": 27,
            "to": 81,
            "cause": "promotion",
            "saw": 9,
            "fresh": True,
            "measured": {"at": 7.0},
        },
    ),
    (
        ev.JobPlanned(0, 0, 0, None, None, "first", 2),
        {
            "event": "job_planned",
            "trial": 0,
            "job": 0,
            "attempt": 0,
            "from": None,
            "to": None,
            "cause": "first",
            "saw": 2,
        },
    ),
    (
        ev.CheckpointDropped(3, {"rank": 4}, 9, {"at": 7.5}),
        {"event": "checkpoint_dropped", "trial": 3, "reason": {"rank": 4}, "saw": 9, "measured": {"at": 7.5}},
    ),
    (
        ev.CheckpointDropped(3, {}, 9),
        {"event": "checkpoint_dropped", "trial": 3, "reason": {}, "saw": 9},
    ),
    (
        ev.TrialPaused(3, {"rung": 1}, 9, {"at": 8.0}),
        {"event": "trial_paused", "trial": 3, "reason": {"rung": 1}, "saw": 9, "measured": {"at": 8.0}},
    ),
    (ev.TrialPaused(3, {}, 9), {"event": "trial_paused", "trial": 3, "reason": {}, "saw": 9}),
    (
        ev.TrialPromoted(3, 81, {"rung": 1}, 9, {"at": 9.0}),
        {"event": "trial_promoted", "trial": 3, "to": 81, "reason": {"rung": 1}, "saw": 9, "measured": {"at": 9.0}},
    ),
    (ev.TrialPromoted(3, 81, {}, 9), {"event": "trial_promoted", "trial": 3, "to": 81, "reason": {}, "saw": 9}),
    (
        ev.TrialStopped(3, {"rule": "target"}, 9, {"at": 9.5}),
        {"event": "trial_stopped", "trial": 3, "reason": {"rule": "target"}, "saw": 9, "measured": {"at": 9.5}},
    ),
    (ev.TrialStopped(3, {}, 9), {"event": "trial_stopped", "trial": 3, "reason": {}, "saw": 9}),
    (
        ev.StudyFinished("trials", 9, {"at": 9.9}),
        {"event": "study_finished", "why": "trials", "saw": 9, "measured": {"at": 9.9}},
    ),
    (ev.StudyFinished("trials", 9), {"event": "study_finished", "why": "trials", "saw": 9}),
]
