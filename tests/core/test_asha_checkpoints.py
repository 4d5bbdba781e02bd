"""ASHA's checkpoints: which are dropped, and when."""

from __future__ import annotations

from rung_tales import asha, endless, lowest, out

from hpotune import events as ev
from hpotune.schedulers import New, Promote, Room
from hpotune.schedulers.asha import AshaScheduler


def test_with_a_limit_of_trials_a_rank_beyond_the_last_quota_is_final() -> None:
    run = lowest(asha(trials=9), [1, 2, 3, 4, 5])
    assert run.dropped() == [4, 3], "the worst first"
    reason = next(event.reason for event in run.of(ev.CheckpointDropped))
    numbers = {"rank": 5, "of": 5, "quota": 3, "cutoff": 3.0, "value": 5.0}
    assert reason == {"rule": "rung", "rung": 0, "at": 1, **numbers}


def test_without_one_the_best_of_the_waiting_are_kept() -> None:
    run = lowest(endless(workers=2), [1, 2, 3, 4, 5, 6, 7])
    assert run.dropped() == [6, 5, 4]
    reason = next(event.reason for event in run.of(ev.CheckpointDropped))
    assert reason == {"rule": "checkpoints", "rung": 0, "at": 1, "rank": 7, "of": 7, "quota": 4, "value": 7.0}
    run.tell(ev.Capacity(1)).settle()
    assert sorted(run.dropped()) == [2, 3, 4, 5, 6]


def test_a_number_of_checkpoints_holds_with_a_limit_of_trials_too() -> None:
    assert lowest(asha(trials=90, checkpoints=2), [1, 2, 3, 4]).dropped() == [3, 2]


def test_all_checkpoints_are_kept() -> None:
    assert asha(trials=20, checkpoints="all").run().dropped() == []
    assert len(asha(trials=20).run().dropped()) > 5


def test_a_dropped_trial_that_is_promoted_starts_from_zero_and_has_a_checkpoint_again() -> None:
    run = lowest(endless(checkpoints=1), [1, 2, 3])
    assert run.dropped() == [2, 1]
    run.ask()
    assert out(run) == {0: 3}
    run.end(0, 0.5)
    lowest(run, [4, 5, 6])
    wish = run.wish()
    assert isinstance(wish, Promote)
    assert wish.trial == 1
    assert isinstance(run.wish(Room(budget=3)), Promote)
    assert isinstance(run.wish(Room(budget=2.9)), New), "3, not 2, since its checkpoint is gone"
    run.tell(ev.TrialPromoted(1, 3, wish.reason, run.history.n))
    run.train(1, 0, 3, 0.4)
    run.settle()
    assert run.state.rungs[1].keeps(1)


def test_limits_that_a_resume_changes_count_from_then_on() -> None:
    run = asha(trials=6, checkpoints="all").run()
    assert not run.dropped()
    run.scheduler = AshaScheduler(run.scheduler.levels, 3, 12)
    run.resume(limits={"trials": 12}).run()
    assert len(run.history.trials) == 12
    assert run.dropped()
    assert run.jobs()[0, 1] == 12
