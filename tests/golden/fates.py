"""What limits and people do to golden runs: kills, signals, limits, and resumes with and without changes."""

from __future__ import annotations

import signal
import time

from golden.declared import EPOCHS, KINDS, Tale, X, just_run, study
from golden.place import Place, tear


def killed(place: Place) -> None:
    """Killed with -9 while trial 1 is out."""
    tuner = place.start("run", "study.yaml")
    place.await_event("job_started", trial=1)
    place.kill(tuner)


def killed_between(place: Place) -> None:
    """Killed with -9 when trial 1 has reported twice, and resumed."""
    tuner = place.start("run", "study.yaml")
    place.await_event("reported", trial=1, budget=2)
    place.kill(tuner)
    place.go()
    place.resume()


def torn(place: Place) -> None:
    """The last line is torn, and stays so."""
    killed(place)
    tear(place.run_folder.journal)


def torn_and_resumed(place: Place) -> None:
    torn(place)
    place.go()
    place.resume()


def killed_three_times(place: Place) -> None:
    """A trial that takes the tuner with it is given up after the third time."""
    killed(place)
    for session in (2, 3):
        tuner = place.start("resume", "study.yaml")
        place.await_event("job_started", session, trial=1)
        place.kill(tuner)
    place.resume()


def drained(place: Place) -> None:
    """Ctrl-C: what runs is finished; and it stays so."""
    _signalled(place, signal.SIGINT, "drain")


def drained_and_resumed(place: Place) -> None:
    drained(place)
    place.resume()


def terminated(place: Place) -> None:
    """A batch system's TERM: running trials are interrupted; resumed."""
    tuner = place.start("run", "study.yaml")
    place.await_event("job_started", trial=1)
    tuner.send_signal(signal.SIGTERM)
    place.end(tuner, 130)
    place.go()
    place.resume()


def stopped(place: Place) -> None:
    """`hpotune stop`, which drains; then `hpotune stop --now`."""
    tuner = place.start("run", "study.yaml")
    place.await_event("job_started", trial=1)
    place.call("stop", "study.yaml", "--no-wait")
    place.await_event("signal_received")
    place.call("stop", "study.yaml", "--now")
    place.end(tuner, None)


def _signalled(place: Place, number: signal.Signals, mode: str) -> None:
    tuner = place.start("run", "study.yaml")
    place.await_event("job_started", trial=1)
    tuner.send_signal(number)
    place.await_event("signal_received", mode=mode)
    place.go()
    place.end(tuner, None)


def set_and_resumed(place: Place) -> None:
    """More trials, more workers and a target, by the command line and by the study file."""
    place.run()
    place.resume("--set", "limits.trials=6", "--workers", "2")
    text = (place.folder / "study.yaml").read_text()
    edited = text.replace('"goal": "minimize"', '"goal": "minimize", "target": -1') + 'enqueue: [{"x": 0.5}]\n'
    (place.folder / "study.yaml").write_text(edited)
    place.resume("--set", "limits.trials=8")


def retried(place: Place) -> None:
    """All failed; the script is mended, and they are run again."""
    place.run(code=1)
    script = place.folder / "train.py"
    script.write_text(script.read_text().replace('sys.exit("nothing works")', "once()"))
    place.resume("--retry-failed", "exit,signal")


def resumed_when_done(place: Place) -> None:
    """A resume of what is done adds nothing."""
    place.run()
    place.resume()


def over_time(place: Place) -> None:
    """The limit of time comes while trial 1 holds still; more time ends it."""
    place.run()
    place.go()
    time.sleep(0.1)
    place.resume("--set", "limits.time=600")


def people() -> dict[str, Tale]:
    """What limits and people do to a run."""
    held = study("hold")
    between = study("hold_between", budget=EPOCHS, limits={"trials": 4})
    return {
        "killed": (held, killed),
        "killed_and_resumed": (between, killed_between),
        "killed_three_times": (held, killed_three_times),
        "torn": (held, torn),
        "torn_and_resumed": (held, torn_and_resumed),
        "drained": (held, drained),
        "drained_and_resumed": ({**held, "workers": 2}, drained_and_resumed),
        "terminated": ({**held, "workers": 2}, terminated),
        "stopped": (held, stopped),
        "set_and_resumed": (study("once", limits={"trials": 3}), set_and_resumed),
        "retried": (study("always", limits={"trials": 3}), retried),
        "resumed_when_done": (study("once"), resumed_when_done),
        "time_limit": (study("hold", limits={"trials": 4, "time": "3s"}), over_time),
        "budget_limit": (study("curve", budget=EPOCHS, limits={"budget": 14}), just_run),
        "target": (
            study("once", metric={"name": "loss", "goal": "minimize", "target": 0.6}, limits={"trials": 30}, workers=2),
            just_run,
        ),
        "exhausted": (
            study("once", parameters={"kind": X["kind"]}, enqueue=[{"kind": "b c"}], limits={"trials": 9}), just_run
        ),
        "enqueued": (study("once", parameters=KINDS, enqueue=[{"lr": 0.01, "batch": 64}, {}]), just_run),
    }  # fmt: skip
