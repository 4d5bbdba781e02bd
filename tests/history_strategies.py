"""Hypothesis strategies for whole runs: valid event lists with whatever a user's texts and numbers may hold."""

from __future__ import annotations

from typing import Any

from histories import Tale
from hypothesis import strategies as st

from hpotune import events as ev

NASTY = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["\x1b[31mred\x1b[0m", "a\nb", "\r\x07", "=1+1", "`|*_", "宽字符" * 5, "\u202eabc", "x" * 300, "\udc80"]
    ),
)
_VALUES = st.one_of(st.floats(allow_nan=True, allow_infinity=True, width=32), st.just(0.5))
_NAMES = ["lr", "hidden", "optim.lr"]
_CAUSES = st.sampled_from(["exit", "signal", "timeout", "stall", "oom", "no_metric", "nan", "launch"])
_FINITE = st.floats(allow_nan=False, allow_infinity=False)
_SETTINGS = st.one_of(st.none(), st.booleans(), st.integers(), _FINITE, NASTY, st.lists(NASTY, max_size=3))
_CONFIGS = st.dictionaries(st.sampled_from(_NAMES), _SETTINGS)


@st.composite
def tales(draw: st.DrawFn) -> Tale:
    """A run cut off anywhere: trials that complete, fail, are interrupted, or still run; some sessions."""
    has_budget = draw(st.booleans())
    tale = Tale(
        workers=draw(st.integers(1, 4)),
        parameters={name: {"type": "categorical", "choices": ["a", "b"]} for name in _NAMES},
        metric={"name": draw(st.sampled_from(["loss", "val_accuracy", "宽" * 30])), "goal": draw(_GOALS)},
        limits=draw(st.sampled_from([{"trials": 5}, {"time": 60}, {"trials": 1000, "time": "2h"}, {"budget": 300}])),
        trial={"retries": draw(st.integers(0, 1))},
        **({"budget": {"name": "epochs", "min": 1, "max": 9}} if has_budget else {}),
    )
    for _ in range(draw(st.integers(0, 8))):
        _trial(draw, tale, 9 if has_budget else None)
    if draw(st.booleans()):
        tale.finish(draw(st.sampled_from(["trials", "time", "interrupted", "target", "space_exhausted", "other"])))
    return tale


_GOALS = st.sampled_from(["maximize", "minimize"])


def _trial(draw: st.DrawFn, tale: Tale, to: float | None) -> None:
    number = tale.plan(draw(_CONFIGS), budget=to)
    tale.at += draw(st.floats(0, 100))
    if not draw(st.booleans()):
        return
    tale.launch(number, to=to)
    for budget in range(draw(st.integers(0, 3))):
        tale.report(number, draw(_VALUES), None if to is None else budget + 1)
    ended: dict[str, Any] = draw(
        st.sampled_from([{}, {"outcome": "completed"}, {"outcome": "failed"}, {"outcome": "interrupted"}])
    )
    match ended.get("outcome"):
        case "failed":
            code, message = draw(st.sampled_from([None, 1, 137])), draw(NASTY)
            tale.end(number, "failed", draw(_CAUSES), code=code, message=message, seconds=draw(st.floats(0, 1e6)))
        case "interrupted":
            tale.end(number, "interrupted", draw(st.sampled_from(["tuner_died", "time"])))
            tale.tell(ev.StudyResumed([{"path": "limits.trials", "old": 5, "new": 9}]))
        case "completed":
            tale.end(number, notes=draw(st.sampled_from([{}, {"started_over": True, "stragglers": 2}])))
