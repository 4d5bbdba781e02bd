"""`replay` of real runs: all is the same with any number of workers, on what a run was stopped and resumed with too."""

from __future__ import annotations

import pytest
from e2e_program import PYTHON, Program

from hpotune import events as ev
from hpotune.journal import JournalWriter

CURVE = """
import os
x = float(os.environ["HPOTUNE_PARAM_X"])
for epoch in range(int(os.environ["HPOTUNE_PREVIOUS_BUDGET"]) + 1, int(os.environ["HPOTUNE_BUDGET"]) + 1):
    print('{"epoch": %d, "loss": %r}' % (epoch, (x - 0.3) ** 2 + 1 / epoch), flush=True)
"""


@pytest.mark.parametrize(("strategy", "workers"), [("asha", 1), ("mobster", 4)])
def test_every_decision_of_a_run_is_the_same_again(program: Program, strategy: str, workers: int) -> None:
    program.study(
        CURVE,
        command=[*PYTHON, "train.py"],
        strategy={"name": strategy, "eta": 2, **({"initial": 2} if strategy == "mobster" else {})},
        budget={"name": "epochs", "max": 4},
        limits={"trials": 4},
        workers=workers,
    )
    program.call("run", "study.yaml", "--quiet")
    program.call("resume", "--set", "limits.trials=6")
    told = program.call("replay", "--json").json
    assert (told["same"], told["differences"]) == (told["decisions"], [])
    lines = program.events()
    assert told["kinds"]["trial_planned"]["same"] == 6
    assert told["decisions"] == sum("saw" in line for line in lines)
    assert len(told["sessions"]) == 2
    assert all({"hpotune", "numpy"} <= set(session["versions"]) for session in told["sessions"])


def test_a_changed_journal_is_found_out(program: Program) -> None:
    program.study(workers=2)
    program.call("run", "study.yaml", "--quiet")
    folder = program.run()
    events = list(folder.events())
    n = next(n for n, event in enumerate(events) if isinstance(event, ev.TrialPlanned) and event.trial == 2)
    events[n] = events[n]._replace(config={**events[n].config, "x": (events[n].config["x"] + 0.5) % 1})
    folder.journal.unlink()
    writer = JournalWriter.create(folder.journal)
    for number, event in enumerate(events):
        writer.append(ev.encode(number, event))
    writer.flush()
    shown = program.call("replay", code=1).out
    assert f"event {n} (line {n + 1} of journal.jsonl), trial 2, trial_planned: different" in shown
    assert "(0.5 of the unit cube)" in shown
    told = program.call("replay", "--json", code=1).json
    assert told["different"] == 1
    assert [reason["kind"] for reason in told["reasons"]] == ["program_or_journal"]
