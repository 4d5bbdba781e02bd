"""Trials of a bracket that a resume revives, or does not wait for."""

from __future__ import annotations

from racing import Race
from rung_tales import halve, member, promote

from hpotune import events as ev
from hpotune.schedulers import New, Promote


def failing_once(run: Race, trial: int) -> None:
    """Trials 0 to 2 come to the lowest rung; one of them fails."""
    for number in range(3):
        member(run, None if number == trial else number + 1.0, outcome="failed" if number == trial else "completed")


def test_a_revived_trial_is_waited_for_while_its_rung_is_not_decided() -> None:
    run = halve(9, 3)
    failing_once(run, 2)
    assert isinstance(run.wish(), Promote)
    run.resume(retry_failed=True)
    assert isinstance(run.wish(), New), "it waits for 2 again"
    run.train(2, 0, 1, 0.1)
    run.settle()
    wish = run.wish()
    assert isinstance(wish, Promote)
    assert wish.trial == 2


def test_a_revived_trial_goes_no_further_if_its_rung_has_been_decided() -> None:
    run = halve(9, 3)
    failing_once(run, 2)
    promote(run)
    run.resume(retry_failed=True)
    run.train(2, 0, 1, 0.1)
    run.settle()
    assert isinstance(run.wish(), New), "0 is on its way"
    run.train(0, 1, 3, 0.5)
    run.settle()
    assert 2 in run.dropped()
    wish = run.wish()
    assert isinstance(wish, Promote)
    assert (wish.trial, wish.to) == (0, 9)


def test_a_rung_that_all_failed_in_goes_on_with_who_is_revived() -> None:
    run = halve(
        9, 3, count=1, trials=3, fate=lambda trial, job, attempt: "failed" if attempt == 0 else "completed"
    ).run()
    assert run.history.states["failed"] == 3
    run.resume(retry_failed=True).run()
    assert run.promotions() == [(0, 3)]
    run.resume(retry_failed=True).run()
    assert run.promotions() == [(0, 3), (0, 9)]
    run.resume(retry_failed=True).run()
    assert run.trial(0).state == "completed"


def arrive(run: Race, trial: int, loss: float | None, outcome: ev.Outcome = "completed") -> None:
    name = (trial, *run.attempt(trial))
    if loss is not None:
        run.tell(ev.Reported(*name, run.history.open[trial].to, loss))
    run.tell(ev.JobEnded(*name, outcome, "exit" if outcome == "failed" else None))
    run.settle()


def test_the_target_stops_a_trial_and_a_later_session_does_not_wait_for_it() -> None:
    run = halve(9, 3, trials=3, workers=3, study={"metric": {"name": "loss", "goal": "minimize", "target": 1}})
    run.ask()
    run.end(0, 1)
    run.settle()
    assert run.trial(1).state == "stopped"
    arrive(run, 1, None, "stopped")
    arrive(run, 2, None, "stopped")
    run.tell(ev.StudyResumed([], run.declared.replace(metric={"name": "loss", "goal": "minimize"}).to_dict()))
    run.run()
    assert run.promotions() == [(0, 3), (0, 9)]
