"""What the commands that look at a run say of one whose trials are paused and promoted."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def climbed(make_run):
    """Four trials under ASHA with rungs 1 and 3; trial 1 fails, trial 2, the best of the first three, is promoted."""
    run = make_run(strategy={"name": "asha"}, budget={"name": "epochs", "max": 3}, limits={"trials": 4})
    values = {(0, 1): 1.0, (2, 1): 0.8, (2, 3): 0.5, (3, 1): 2.0}
    while (job := run.tuner.ask()) is not None:
        if (job.trial_id, job.budget) in values:
            run.tuner.tell(job, values[job.trial_id, job.budget])
        else:
            run.tuner.fail(job, "exit", "out of luck")
    run.write()
    return run


def test_show_tells_jobs_and_decisions_in_their_order(call, climbed) -> None:
    lines = call("show", "runs/toy", "2").stdout.splitlines()
    starts = [line for line in lines if line.startswith(("job ", "paused", "promoted"))]
    assert [line.split(":")[0] for line in starts] == [
        "job 0, attempt 0 (first, 0 to 1 epoch)",
        "paused",
        "promoted to 3 epochs",
        "job 1, attempt 0 (promotion, 1 to 3 epochs)",
    ]
    assert starts[2] == "promoted to 3 epochs: rank 1 of 3 at 1 epoch, 1 of them goes on (loss 0.8, cut-off 0.8)"
    rows = json.loads(call("show", "runs/toy", "2", "--json").stdout)
    assert [row["decision"] for row in rows["decisions"]] == ["trial_paused", "trial_promoted"]
    assert [(row["from"], row["to"]) for row in rows["attempts"]] == [(0, 1), (1, 3)]


def test_why_tells_a_checkpoint_that_was_deleted(call, climbed) -> None:
    text = call("why", "runs/toy", "3").stdout
    assert "its checkpoint was deleted: rank 3 of 4 at 1 epoch, and no more than the best can go on (loss 2" in text
    assert "the scheduler wanted it for the lowest rung, first trained to 1 epoch" in text


def test_status_and_report_count_what_is_paused(call, climbed) -> None:
    status = call("status").stdout
    assert "2 paused" in status
    assert "budget   6 epochs planned" in status
    report = call("report").stdout
    assert "Schedule" in report
    assert "in 5 jobs" in report
    found = json.loads(call("report", "--json").stdout)["schedule"]["rungs"]
    assert [(row["at"], row["arrived"], row["promoted"], row["failed"]) for row in found] == [
        (1, 4, 1, 1),
        (3, 1, 0, 0),
    ]
