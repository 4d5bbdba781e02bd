"""The loop of a run: act on what is decided, wait for what happens, append it, and again.

Everything that happens comes in as a fact; everything that is done follows from a decision. The loop owns neither
clock nor processes: both are given to it, so that it runs in virtual time as well.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterable

from hpotune import events as ev
from hpotune.causes import fingerprint
from hpotune.protocol import Entry
from hpotune.run.attempt import Attempt, Reading
from hpotune.run.executor import (
    Executor,
    ExecutorEvent,
    Exit,
    LaunchFailed,
    Leaving,
    Lost,
    Output,
    Queued,
    Started,
)
from hpotune.run.parts import Clock, Journal, Preparer
from hpotune.run.proposals import Proposals
from hpotune.run.screen import Screen
from hpotune.run.slot_health import SlotHealth
from hpotune.run.timers import Timers
from hpotune.schedulers import Drop, Pause, Promote, Stop
from hpotune.summary import aside_words, count_text
from hpotune.tuner import Finish, Interrupt, Job, Launch, Ledger, Propose, Wait, job_of

_TICK = 0.25  # seconds between two looks of the screen while nothing happens
_MOST_ATTEMPTS = 100  # of one job; then it is taken for impossible
_HURRY = 20.0  # seconds of grace at most for a batch system's TERM, which kills after 30


class Loop:
    """One session of a run, from its first decision to its last."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        executor: Executor,
        launcher: Preparer,
        screen: Screen,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._executor = executor
        self._launcher = launcher
        self._screen = screen
        self._clock = clock
        self._study = ledger.history.study
        self._reading = Reading(self._study, ledger.levels)
        self._attempts: dict[int, Attempt] = {}  # by trial: of one trial no two are out
        self._timers = Timers(self._study.trial)
        self._health = SlotHealth()
        self._planned: list[Job] = []
        self._signals: deque[int] = deque()
        self._interrupts = 0  # Ctrl-C: the first drains, the second stops, the third kills
        self._grace = self._study.trial.grace
        self._flush_due = False
        self._dropped: list[int] = []
        self._proposals = Proposals(ledger, executor.wake)

    def signal(self, number: int) -> None:
        """Take note of a signal; safe to call from a signal handler."""
        self._signals.append(number)
        self._executor.wake()

    def run(self, time_left: float | None, tick: float = _TICK) -> str:
        """Run the study until it finishes; the reason is returned.

        Args:
            time_left: seconds of the study's time limit that this session may use, None without a limit.
            tick: seconds between two looks of the screen while nothing happens; inf if it need not look then.

        Raises:
            RunError: the journal or a folder cannot be written.
        """
        self._timers.time_limit = time_left
        try:
            while True:
                self._hear_signals()
                self._fire_timers()
                self._proposals.finish()
                self._act()
                self._make_safe()
                self._screen.tick(self._clock())  # only now, so that nothing is shown that a kill could still lose
                why = self._ledger.history.finished
                if why is not None:
                    return why
                self._take(self._patience(tick))
        finally:
            self._proposals.close()

    # Decisions

    def _act(self) -> None:
        """Do all that is decided now."""
        while True:
            match self._ledger.next_action():
                case Propose() as action:
                    self._proposals.begin(action)
                case Launch() if self._timers.is_short(self._clock()):
                    return
                case Launch() as action:
                    self._ledger.enter(action)
                    self._planned.append(job_of(self._ledger.history, action))
                case Stop(trial) as action:
                    self._ledger.enter(action)
                    self._cancel_trial(trial)
                case Pause() | Promote() as action:
                    self._ledger.enter(action)
                case Drop(trial) as action:
                    self._ledger.enter(action)
                    self._dropped.append(trial)
                case Interrupt(why):
                    self._interrupt_all(why)
                    return
                case Finish() as action:
                    self._ledger.enter(action)
                    self._flush_due = True
                    return
                case Wait():
                    return

    def _make_safe(self) -> None:
        """One flush for all that was planned and has ended since the last; only then are the planned jobs launched."""
        if self._planned or self._dropped or self._flush_due:
            self._journal.flush()
            self._flush_due = False
        else:
            self._journal.write()
        for trial in self._dropped:
            self._launcher.drop(trial)
        self._dropped.clear()
        for job in self._planned:
            try:
                spec = self._launcher.prepare(job)
            except ValueError as error:  # a derived value, say, that no environment can hold
                self._ledger.append(self._ledger.judged(_impossible(job, str(error))))
                self._put_off(job)
                self._flush_due = True
                self._executor.wake()  # there is something to decide
                continue
            self._attempts[job.trial_id] = Attempt(job, self._reading, spec)
            self._executor.submit(spec)
        self._planned.clear()

    def _cancel_trial(self, trial: int) -> None:
        attempt = self._attempts.get(trial)
        if attempt is not None and not attempt.cancelled:
            self._cancel(attempt)

    def _interrupt_all(self, why: str) -> None:
        for attempt in self._attempts.values():
            if not attempt.cancelled:
                attempt.interrupted_by = why
                self._cancel(attempt)

    def _cancel(self, attempt: Attempt) -> None:
        attempt.cancelled = True
        self._executor.cancel(attempt.job.id, self._grace)

    # Facts

    def _take(self, timeout: float) -> None:
        for event in self._executor.wait(timeout):
            self._handle(event)

    def _handle(self, event: ExecutorEvent) -> None:
        attempt = self._attempts.get(event.id[0])
        if attempt is None or attempt.job.id != event.id:  # a stale copy, fenced off
            return
        match event:
            case Output(_, channel, data):
                self._report(attempt, attempt.feed(channel, data, self._clock()))
            case Started(_, handle, slots):
                attempt.start(self._clock())
                attempt.slots = slots
                self._timers.watch(attempt)
                measured = {"handle": handle}
                self._ledger.append(ev.JobStarted(*event.id, self._executor.name, slots=list(slots), measured=measured))
            case Leaving():
                attempt.leave()
            case Exit():
                self._report(attempt, attempt.close())
                self._end(attempt, attempt.ended(event))
            case LaunchFailed(_, message, transient):
                self._end(attempt, self._not_launched(attempt.job, message, transient=transient))
            case Lost(_, why):
                self._end(attempt, ev.JobEnded(*event.id, "lost", why))
            case Queued():
                pass

    def _not_launched(self, job: Job, message: str, *, transient: bool) -> ev.JobEnded:
        """A machine that is short of something is no fault of the trial: it is tried again, after a moment."""
        if not transient or job.attempt >= _MOST_ATTEMPTS:
            return _impossible(job, message)
        self._timers.shortage(self._clock())
        self._screen.say(f"trial {job.trial_id} cannot be started now: {message}", level="warning")
        return ev.JobEnded(*job.id, "lost", "launch", message=message)

    def _report(self, attempt: Attempt, entries: Iterable[Entry]) -> None:
        """Fold and decide reports one by one."""
        ledger = self._ledger
        trial = ledger.history.trials[attempt.job.trial_id]
        for budget, value, also in entries:
            late = trial.state == "stopped"
            zero_based = attempt.zero_based if trial.zero_based is None else None
            if not late:
                ledger.check_report(trial.jobs[-1], budget)
            ledger.append(ev.Reported(*attempt.job.id, budget, value, also, late=late, zero_based=zero_based))
            for stopped in ledger.stops():
                self._cancel_trial(stopped)

    def _end(self, attempt: Attempt, ended: ev.JobEnded) -> None:
        ended = self._ledger.judged(ended)
        if ended.outcome == "failed":
            ended = attempt.explained(ended)
        attempt.leave()
        del self._attempts[attempt.job.trial_id]
        self._ledger.append(ended)
        self._flush_due = True
        self._put_off(attempt.job)
        if bad := self._health.ended(attempt.slots, ended.trial, ended.outcome):
            self._set_aside(bad)

    def _put_off(self, job: Job) -> None:
        """Let the next attempt of a job wait, if it is to."""
        if job.trial_id in self._ledger.history.dues.waiting:
            self._timers.put_off(job.id, self._clock())

    def _set_aside(self, slots: list[str]) -> None:
        aside = [slot for slot in slots if self._executor.set_aside(slot)]
        if aside:
            workers = min(self._ledger.history.workers, self._executor.capacity)
            self._ledger.append(ev.Capacity(workers, aside=aside))
            self._screen.say(aside_words(aside), level="warning")

    # Time and signals

    def _fire_timers(self) -> None:
        if self._timers.overdue(self._clock()):
            # It may have said something, or ended, while nobody looked: a tuner that was stopped, a machine that slept.
            self._take(0.0)
        for fact, attempt in self._timers.due(self._clock(), self._ledger.history.at):
            self._ledger.append(fact)
            if attempt is not None:
                self._cancel(attempt)

    def _patience(self, tick: float) -> float:
        """How long to wait at most."""
        now = self._clock()
        return max(0.0, min(now + tick, self._timers.soonest(now)) - now)

    def _hear_signals(self) -> None:
        while self._signals:
            number = self._signals.popleft()
            if number == signal.SIGINT:
                self._interrupts += 1
            elif number != signal.SIGUSR1:
                # A batch system's TERM, or a closed terminal: as the second Ctrl-C, however often it comes.
                self._interrupts = max(self._interrupts, 2)
                self._hurry()
            mode: ev.SignalMode = "drain" if self._interrupts < 2 else "stop"
            self._ledger.append(ev.SignalReceived(signal.Signals(number).name, mode))
            self._screen.say(self._answer(mode))

    def _hurry(self) -> None:
        """Who asks may not wait for a long grace; attempts that are ending already get the shorter one too."""
        self._grace = min(self._grace, _HURRY)
        for attempt in self._attempts.values():
            if attempt.cancelled:
                self._executor.cancel(attempt.job.id, self._grace)

    def _answer(self, mode: ev.SignalMode) -> str:
        running = count_text(len(self._attempts), "running trial")
        if mode == "drain":
            return f"letting {running} finish, starting no more; Ctrl-C again stops now"
        if self._interrupts > 2:
            for attempt in self._attempts.values():
                self._executor.cancel(attempt.job.id, 0.0)
            return f"killing {running}"
        return f"stopping {running}, to be run again by `hpotune resume`"


def _impossible(job: Job, message: str) -> ev.JobEnded:
    """The end of an attempt that never came to be, for a reason that another try would not change."""
    return ev.JobEnded(
        *job.id, "failed", "launch", message=message, fingerprint=fingerprint("launch", None, None, message)
    )
