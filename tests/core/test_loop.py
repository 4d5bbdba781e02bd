"""The loop in virtual time: timers, signals, and machines that are short of something."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable
from typing import Any

from virtual import ListJournal, SilentScreen

from hpotune import events as ev
from hpotune.history import History
from hpotune.replay import replay
from hpotune.run.executor import Exit, JobSpec, LaunchFailed, Leaving
from hpotune.run.loop import Loop
from hpotune.run.simulator import End, Script, VirtualClock, VirtualExecutor
from hpotune.tuner import Job, Ledger
from studies import study


class Scene:
    """One session over a study, with an executor that a test may make do odd things."""

    def __init__(self, behave: Callable[[Job], Script], **changes: Any) -> None:
        self.study = study(**changes)
        self.journal, self.clock, self.screen = ListJournal(), VirtualClock(), SilentScreen()
        self.ledger = Ledger(self.journal, clock=self.clock)
        self.ledger.append(ev.StudyStarted(ev.FORMAT, self.study.to_dict(), 7))
        self.ledger.append(ev.Capacity(self.study.workers or 1))
        self.executor = VirtualExecutor(self.clock, self.study.workers or 1, behave)
        self.loop = Loop(self.ledger, self.journal, self.executor, self.executor, self.screen, self.clock)

    def run(self, time_left: float | None = None, signals: tuple[tuple[float, int], ...] = ()) -> History:
        for at, number in signals:
            self.executor.at(at, lambda number=number: self.loop.signal(number))
        self.loop.run(time_left)
        assert replay(self.journal.events).differences == ()
        return self.ledger.history

    def events(self, kind: type[ev.Event]) -> list[Any]:
        return [event for event in self.journal.events if type(event) is kind]


def silent(seconds: float) -> Callable[[Job], Script]:
    return lambda _: Script([(seconds, b"loss=1\n")], End(seconds))


def test_a_time_limit_notes_the_time_while_trials_are_silent() -> None:
    scene = Scene(silent(1000.0), limits={"time": 2000}, parameters={"x": {"type": "float", "low": 0, "high": 1}})
    scene.run(2000.0)
    beats = [event.measured["at"] for event in scene.events(ev.TimerFired) if event.timer == "heartbeat"]
    assert len(beats) > 20
    ats = [event.measured["at"] for event in scene.journal.events]
    assert max(later - earlier for earlier, later in itertools.pairwise(ats)) < 61


def test_without_a_time_limit_nothing_but_what_happens_is_noted() -> None:
    scene = Scene(silent(1000.0), limits={"trials": 2})
    scene.run()
    assert scene.events(ev.TimerFired) == []


def test_a_machine_that_is_short_of_something_is_no_failure_of_the_trial() -> None:
    scene = Scene(silent(1.0), limits={"trials": 3})
    submit, refusals = scene.executor.submit, [0]

    def short(spec: JobSpec) -> None:
        if refusals[0] < 5:
            refusals[0] += 1
            scene.executor.tell(LaunchFailed(spec.id, "too many processes", transient=True), scene.clock.now)
        else:
            submit(spec)

    scene.executor.submit = short  # type: ignore[method-assign]
    history = scene.run()
    assert history.states["completed"] == 3
    assert history.failures == 0
    assert [event.outcome for event in scene.events(ev.JobEnded)][:5] == ["lost"] * 5
    assert scene.clock.now >= 5, "it waits between two tries"


def test_limits_of_time_end_with_the_leader() -> None:
    """What a trial leaves behind may outlive its timeout without making the trial fail."""
    scene = Scene(
        lambda _: Script([(1.0, b"loss=0.5\n")], End(None)), limits={"trials": 1}, trial={"timeout": 3, "grace": 20}
    )
    submit = scene.executor.submit

    def leaving(spec: JobSpec) -> None:
        submit(spec)
        scene.executor.tell(Leaving(spec.id), scene.clock.now + 2)
        scene.executor.tell(Exit(spec.id, 0, None, 2.0, {}, killed=False, stragglers=1), scene.clock.now + 9)

    scene.executor.submit = leaving  # type: ignore[method-assign]
    history = scene.run()
    assert history.trials[0].state == "completed"
    assert scene.events(ev.TimerFired) == []


def modes(*numbers: int) -> list[str]:
    scene = Scene(silent(100.0), limits={"trials": 2}, trial={"grace": 50})
    scene.executor.on_term = 40.0
    scene.run(signals=tuple((10.0 + i, number) for i, number in enumerate(numbers)))
    return [event.mode for event in scene.events(ev.SignalReceived)]


def test_ctrl_c_escalates_and_a_stop_from_outside_does_not() -> None:
    interrupt, stop, term = signal.SIGINT, signal.SIGUSR1, signal.SIGTERM
    assert modes(interrupt) == ["drain"]
    assert modes(interrupt, interrupt) == ["drain", "stop"]
    assert modes(stop, stop, interrupt) == ["drain", "drain", "drain"]
    assert modes(term) == ["stop"]


def test_only_a_third_ctrl_c_kills_and_a_batch_system_is_not_kept_waiting() -> None:
    twice, thrice = (signal.SIGINT,) * 2, (signal.SIGINT,) * 3
    for numbers, end in (((signal.SIGTERM, signal.SIGTERM), 30.0), (twice, 51.0), (thrice, 12.0)):
        scene = Scene(silent(100.0), limits={"trials": 2}, trial={"grace": 50})
        scene.executor.on_term = 40.0
        scene.run(signals=tuple((10.0 + i, number) for i, number in enumerate(numbers)))
        assert scene.clock.now == end


def test_a_budget_limit_is_never_exceeded() -> None:
    scene = Scene(
        lambda job: Script([(1.0, b'{"epoch": %d, "loss": 1}\n' % (job.budget or 0))], End(2.0)),
        limits={"budget": 100},
        budget={"name": "epochs", "max": 81},
    )
    history = scene.run()
    assert history.finished == "budget"
    assert len(history.trials) == 1


def test_how_a_script_counts_is_known_from_its_first_report_on() -> None:
    lines = [(float(i + 1), b'{"epoch": %d, "loss": 1}\n' % i) for i in range(3)]
    scene = Scene(lambda _: (lines, End(9.0)), limits={"trials": 1}, budget={"name": "epochs", "max": 3})
    history = scene.run()
    reports = scene.events(ev.Reported)
    assert [(report.budget, report.zero_based) for report in reports] == [(1, True), (2, None), (3, None)]
    assert history.trials[0].zero_based is True


def test_a_job_that_cannot_be_prepared_is_a_failed_launch() -> None:
    scene = Scene(silent(1.0), limits={"trials": 3})
    prepare = scene.executor.prepare

    def refuse(job: Job) -> JobSpec:
        if job.trial_id == 1:
            raise ValueError("the value 'a\\0' of c cannot be put in an environment variable")
        return prepare(job)

    scene.executor.prepare = refuse  # type: ignore[method-assign]
    history = scene.run()
    assert [trial.state for trial in history.trials] == ["completed", "failed", "completed"]
    assert history.trials[1].cause == "launch"
    refusal = next(event for event in scene.events(ev.JobEnded) if event.cause == "launch")
    assert refusal.message.startswith("the value")
