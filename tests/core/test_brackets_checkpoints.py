"""Checkpoints of a bracket's trials: which are dropped, and when."""

from __future__ import annotations

import math

from rung_tales import halve, member, promote

from hpotune import events as ev


def test_a_checkpoint_goes_as_soon_as_its_trial_can_no_longer_be_promoted() -> None:
    run = halve(9, 9)
    for loss, dropped in [(5, []), (4, []), (3, []), (6, [3]), (2, [3, 0]), (1, [3, 0, 1])]:
        member(run, loss)
        assert run.dropped() == dropped
    assert len(run.dropped()) == 3
    for loss in (7, 8, 9):
        member(run, loss)
    assert run.dropped() == [3, 0, 1, 6, 7, 8]
    kept = {trial.number for trial in run.history.trials if not trial.dropped}
    for _ in range(3):
        promote(run)
    assert {trial for trial, _ in run.promotions()} == kept


def test_all_checkpoints_are_kept() -> None:
    assert halve(9, 9, count=2, checkpoints="all", workers=3).run().dropped() == []
    run = halve(9, 9, count=2, workers=3).run()
    paused = [trial.number for trial in run.history.trials if trial.state == "paused"]
    assert sorted(run.dropped()) == paused


def test_the_best_trial_keeps_its_checkpoint_until_it_is_that_no_more() -> None:
    """A trial whose last report is not finite ranks last, but its best one may be the best of all."""
    run = halve(9, 3, study={"metric": {"name": "loss", "goal": "minimize", "use": "best"}})
    number = run.plan(1, {"bracket": 0, "rung": 0})
    run.begin(number, 0, 1)
    run.tell(ev.Reported(0, 0, 0, 0.5, 0.1), ev.Reported(0, 0, 0, 1, math.nan), ev.JobEnded(0, 0, 0, "completed"))
    run.settle()
    assert run.dropped() == []
    member(run, 0.05)
    assert run.dropped() == [0]
