"""A searcher that takes its time is asked in a thread beside the loop, which goes on meanwhile."""

from __future__ import annotations

import signal
import threading

import pytest
from slow_searcher import run, seconds

from hpotune import events as ev
from hpotune.replay import replay
from hpotune.run.simulator import End, Script
from hpotune.tuner import Job, Launch, Ledger, Memory, Propose, Wait
from studies import study


def test_the_loop_goes_on_while_a_proposal_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trial 0 runs for 6 seconds, the proposal for trial 1 takes 100."""
    done = run(
        monkeypatch,
        takes=lambda trial: 100.0 if trial == 1 else 0.0,
        behave=seconds(6),
        workers=2,
        limits={"trials": 2},
    )
    reports = [(event.trial, done.at(event)) for event in done.events(ev.Reported)]
    assert reports[:6] == [(0, float(at)) for at in range(1, 7)]
    first, second = (done.at(event) for event in done.events(ev.TrialPlanned))
    assert first < 1
    assert 100 <= second < 101
    assert done.at(done.events(ev.JobEnded)[0]) == 6.0, "its end was not kept waiting"
    assert done.ledger.history.finished == "trials"


def test_a_proposal_is_asked_for_in_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, takes=lambda _: 0.5, behave=seconds(2), workers=2, limits={"trials": 4})
    assert len(done.gate.threads) == 1
    assert threading.current_thread().name not in done.gate.threads
    assert done.executor.wakers == done.gate.threads, "it wakes the loop when it is through"


def test_a_quick_searcher_is_asked_inside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, takes=lambda _: 0.0, behave=seconds(2), workers=2, limits={"trials": 4}, quick=True)
    assert done.gate.threads == {threading.current_thread().name}


def test_timeouts_fire_while_a_proposal_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(
        monkeypatch,
        takes=lambda trial: 50.0 if trial == 1 else 0.0,
        behave=lambda job: Script([], End(None)) if job.trial_id == 0 else seconds(1)(job),
        workers=2,
        limits={"trials": 2},
        trial={"timeout": 5},
    )
    (fired,) = done.events(ev.TimerFired)
    assert (fired.timer, fired.trial) == ("timeout", 0)
    assert 5 <= done.at(fired) < 5.5
    assert [trial.state for trial in done.ledger.history.trials] == ["failed", "completed"]


def test_one_proposal_at_a_time_and_never_ahead_of_a_free_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slots are free at the start; each proposal takes a second and sees all that were planned before it."""
    done = run(monkeypatch, takes=lambda _: 1.0, behave=seconds(10), workers=3, limits={"trials": 7})
    assert done.gate.most_inside == 1
    assert [(trial, tried) for trial, _, tried in done.gate.asked] == [(number, number) for number in range(7)]
    assert [round(when) for _, when, _ in done.gate.asked[:3]] == [0, 1, 2]
    fourth = done.gate.asked[3][1]
    assert fourth >= 11, "it waited until the first trial was over"
    assert done.executor.most_out == 3


def test_the_slot_of_a_proposal_is_kept_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trial 0 fails while the last free slot is reserved: its retry goes into its own slot, not the reserved one."""
    fails = {(0, 0): 3.0}

    def behave(job: Job) -> Script:
        after = fails.get((job.trial_id, job.attempt))
        return Script([], End(after, code=1)) if after is not None else seconds(20)(job)

    done = run(
        monkeypatch,
        takes=lambda trial: 10.0 if trial == 1 else 0.0,
        behave=behave,
        workers=2,
        limits={"trials": 2},
        trial={"retries": 1},
    )
    launches = [(event.trial, event.attempt, round(done.at(event))) for event in done.events(ev.JobPlanned)]
    assert launches == [(0, 0, 0), (0, 1, 3), (1, 0, 10)]
    assert replay(done.journal.events).differences == ()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_promotion_does_not_take_the_slot_of_a_proposal(workers: int) -> None:
    """Nor does it queue behind the proposal, where another slot is free."""
    ledger = Ledger(Memory())
    whole = study(budget={"name": "epochs", "max": 9})
    for event in (
        ev.StudyStarted(1, whole.to_dict(), 7),
        ev.Capacity(workers),
        ev.TrialPlanned(0, {"lr": 0.1, "batch": 16}, "search", 1, budget=3),
        ev.JobPlanned(0, 0, 0, 0, 3, "first", 2),
        ev.Reported(0, 0, 0, 3, 0.5),
        ev.JobEnded(0, 0, 0, "completed"),
    ):
        ledger.append(event)
    wish = ledger.next_action()
    assert isinstance(wish, Propose)
    proposing = ledger.begin_proposal(wish)
    assert ledger.next_action() == Wait()
    ledger.append(ev.TrialPromoted(0, 9, {}, 5))
    launch = Launch(0, 1, 0, 3, 9, "promotion")
    assert ledger.decide() == launch
    assert ledger.next_action() == (launch if workers == 2 else Wait())
    ledger.end_proposal(proposing, proposing.compute())
    assert ledger.next_action() == Launch(1, 0, 0, 0, 9, "first")


def test_with_one_worker_a_retry_waits_for_no_proposal_that_is_not_out(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(
        monkeypatch,
        takes=lambda _: 2.0,
        behave=lambda job: Script([], End(1.0, code=1)),
        workers=1,
        limits={"trials": 2},
        trial={"retries": 1},
    )
    launches = [(event.trial, event.attempt, round(done.at(event))) for event in done.events(ev.JobPlanned)]
    assert launches == [(0, 0, 2), (0, 1, 3), (1, 0, 6), (1, 1, 7)]


@pytest.mark.parametrize(
    ("number", "why"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "interrupted"), (None, "time")]
)
def test_a_proposal_that_comes_after_the_stop_is_dropped(
    monkeypatch: pytest.MonkeyPatch, number: int | None, why: str
) -> None:
    """Trial 0 runs on until 8; at 4 the user, or the clock, ends the session; the proposal would come at 6."""
    done = run(
        monkeypatch,
        takes=lambda trial: 6.0 if trial == 1 else 0.0,
        behave=seconds(8),
        signals=() if number is None else ((4.0, number),),
        workers=2,
        limits={"trials": 5} if number is not None else {"trials": 5, "time": 4},
    )
    history = done.ledger.history
    assert history.finished == why
    assert len(history.trials) == 1
    assert len(done.events(ev.TrialPlanned)) == 1
    assert history.trials[0].state == ("completed" if number == signal.SIGINT else "planned")
    assert isinstance(done.journal.events[-1], ev.StudyFinished)
    assert replay(done.journal.events).differences == ()


def test_a_drain_does_not_wait_for_a_proposal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs and a proposal is out: the session ends at once."""
    done = run(
        monkeypatch,
        takes=lambda _: 1000.0,
        behave=seconds(1),
        signals=((3.0, signal.SIGINT),),
        workers=1,
    )
    assert done.ledger.history.finished == "interrupted"
    assert done.executor.clock.now < 4


def test_what_a_searcher_raises_is_raised_by_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenError(Exception):
        pass

    def takes(trial: int) -> float:
        if trial == 1:
            raise BrokenError
        return 0.0

    with pytest.raises(BrokenError):
        run(monkeypatch, takes=takes, behave=seconds(3), workers=2)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("takes", [0.0, 0.7, 3.0])
def test_decisions_replay_from_what_they_saw(monkeypatch: pytest.MonkeyPatch, workers: int, takes: float) -> None:
    """A plan carries the number of the event that its proposal saw, though others came in between."""

    def behave(job: Job) -> Script:
        fails = job.trial_id % 3 == 1 and job.attempt == 0
        return Script(seconds(2)(job)[0], End(1.5 + 0.3 * job.trial_id, code=1 if fails else 0))

    done = run(
        monkeypatch,
        takes=lambda trial: takes * (1 + trial % 2),
        behave=behave,
        workers=workers,
        limits={"trials": 9},
        trial={"retries": 1},
    )
    assert done.ledger.history.finished == "trials"
    result = replay(done.journal.events)
    assert result.differences == ()
    behind = [n - event.saw for n, event in enumerate(done.journal.events) if isinstance(event, ev.TrialPlanned)]
    assert min(behind) >= 1
    if takes and workers > 1:
        assert max(behind) > 1, "no event came in between: the test shows nothing"


def test_the_configurations_are_those_of_a_quick_searcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one worker it makes no difference where a proposal is computed."""
    slow, quick = (
        run(monkeypatch, takes=lambda _: 0.0, behave=seconds(2), workers=1, quick=quick) for quick in (False, True)
    )
    assert [trial.config for trial in slow.ledger.history.trials] == [
        trial.config for trial in quick.ledger.history.trials
    ]
