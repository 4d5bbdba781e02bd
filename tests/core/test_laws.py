"""The laws of the design, as properties over generated studies, worker counts, failure patterns and kills.

The whole loop runs, in virtual time. Law 5 (bounds) is tested with the space; law 7 with real processes.
"""

from __future__ import annotations

import json
import signal
from contextlib import suppress

from behaviour import PATTERNS
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sessions import Session, bare, outcome
from virtual import Killed

from hpotune import events as ev
from hpotune.events import Event
from hpotune.history import fold
from hpotune.replay import replay
from hpotune.study import Study
from studies import studies
from studies import study as small_study

patterns = st.sampled_from(PATTERNS)


@settings(max_examples=80, deadline=None)
@given(studies(), patterns, st.booleans())
def test_fold_is_total_deterministic_and_survives_the_codec(study: Study, pattern: str, flaky: bool) -> None:
    """Law 1: the fold of the journal, read back from its JSON, is the history that the tuner had."""
    session = Session(study, pattern, flaky=flaky)
    live = session.run()
    lines = [json.dumps(ev.encode(n, event), allow_nan=False) for n, event in enumerate(session.journal.events)]
    again = fold(ev.decode(json.loads(line)) for line in lines)
    assert again.n == live.n
    assert outcome(again) == outcome(live) or _only_nan_differs(outcome(again), outcome(live))
    assert again.states == live.states
    assert (again.best and again.best.number) == (live.best and live.best.number)
    assert (again.finished, again.failures, again.least) == (live.finished, live.failures, live.least)


def _only_nan_differs(one: object, other: object) -> bool:
    return repr(one) == repr(other)


@settings(max_examples=80, deadline=None)
@given(studies(), patterns, st.booleans(), st.integers(1, 60))
def test_every_decision_follows_from_what_it_saw(study: Study, pattern: str, flaky: bool, kill: int) -> None:
    """Law 2, with any number of workers, and over a kill and a resume."""
    session = Session(study, pattern, flaky=flaky)
    try:
        session.run(kill_after=kill)
    except Killed:
        session.run()
    result = replay(session.journal.events)
    assert result.differences == ()
    assert result.same == result.decisions > 0


@settings(max_examples=80, deadline=None)
@given(studies(), patterns, st.lists(st.integers(1, 40), min_size=1, max_size=2))
def test_kills_change_no_outcome_with_one_worker(study: Study, pattern: str, kills: list[int]) -> None:
    """Law 3: killed and resumed, at most twice, the same configurations reach the same states and values."""
    study = study.replace(workers=1, limits={"trials": study.limits.trials, "failures": study.limits.failures})
    whole = Session(study, pattern)
    undisturbed = whole.run()
    assume(undisturbed.finished != "failures")  # the count starts anew with each session
    session = Session(study, pattern)
    for kill in kills:
        with suppress(Killed):
            session.run(kill_after=kill)
    history = session.run()
    assert repr(outcome(history)) == repr(outcome(undisturbed))


@settings(max_examples=60, deadline=None)
@given(studies(), patterns, st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_nothing_recorded_is_lost_and_totals_are_totals(study: Study, pattern: str, kills: list[int]) -> None:
    """Law 3, with any number of workers."""
    session = Session(study, pattern, flaky=True)
    recorded: list[Event] = []
    for kill in kills:
        with suppress(Killed):
            session.run(kill_after=kill)
        survived = session.journal.events[: session.journal.written]
        assert survived[: len(recorded)] == recorded or repr(survived[: len(recorded)]) == repr(recorded)
        recorded = survived
    history = session.run()
    assert history.finished is not None
    assert len(history.trials) <= (study.limits.trials or 0)
    assert [trial.number for trial in history.trials] == list(range(len(history.trials)))
    canonical = [study.space.canonical(trial.config) for trial in history.trials if trial.origin != "enqueue"]
    assert len(set(canonical)) == len(canonical), "a configuration was suggested twice"


@settings(max_examples=100, deadline=None)
@given(
    studies(),
    patterns,
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 10), st.sampled_from([signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])), max_size=3),
)
def test_every_study_ends(study: Study, pattern: str, flaky: bool, signals: list[tuple[float, int]]) -> None:
    """Law 4: whatever the strategy, workers, limits, failures and signals."""
    session = Session(study, pattern, flaky=flaky)
    history = session.run(signals=tuple(sorted(signals)))
    ends = {"trials", "time", "target", "failures", "space_exhausted", "interrupted", "budget", "complete"}
    assert history.finished in ends
    assert study.limits.budget is None or history.budget_planned <= study.limits.budget
    assert not history.open
    running = [trial for trial in history.trials if trial.state == "running"]
    assert not running
    limits = study.limits
    if history.finished == "failures":
        assert limits.failures is not None
        assert history.failures >= limits.failures
    if history.finished == "trials":
        assert len(history.trials) == limits.trials
        assert all(trial.state in ("completed", "failed", "paused", "stopped") for trial in history.trials)


@settings(max_examples=40, deadline=None)
@given(studies(), patterns)
def test_same_seed_same_journal(study: Study, pattern: str) -> None:
    """Law 6: one worker, no timer: the journals are equal but for what was measured."""
    study = study.replace(workers=1, trial={"retries": study.trial.retries}, limits={"trials": study.limits.trials})
    assume(pattern in ("fine", "some fail", "all fail"))
    one, other = Session(study, pattern), Session(study, pattern)
    one.run()
    other.run()
    assert repr(bare(one.journal.events)) == repr(bare(other.journal.events))


def test_replay_notices_a_decision_that_was_tampered_with() -> None:
    """Law 2 is only as strong as `replay`."""
    session = Session(small_study(), "fine")
    session.run()
    events = list(session.journal.events)
    place = next(n for n, event in enumerate(events) if isinstance(event, ev.TrialPlanned))
    events[place] = events[place]._replace(config={"lr": 0.5, "batch": 16})
    assert any("trial_planned: config.lr was" in words for words in replay(events).differences)
