"""One attempt as the loop sees it: its deadlines, and the way from its bytes to the reports that enter the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from hpotune import events as ev
from hpotune.causes import fingerprint
from hpotune.errors import StudyError
from hpotune.protocol import (
    Channel,
    Entry,
    Found,
    Intake,
    IntakeSettings,
    LineSplitter,
    MetricReader,
    NearMisses,
    budget_keys,
)
from hpotune.protocol.diagnosis import diagnose, last_word
from hpotune.run.executor import Exit, JobSpec
from hpotune.run.patience import TooLongError, at_most
from hpotune.run.postmortem import cause_of, last_lines
from hpotune.study import Study, TrialSettings
from hpotune.study.secrets import scrubbed
from hpotune.summary import bytes_text, printable
from hpotune.tuner import Job

Verdict = Literal["timeout", "stall"]

_PATIENCE = 5.0  # seconds for a user's own pattern over one piece of output
_MESSAGE_LENGTH = 500


class Reading:
    """What is the same for all attempts of a study: how its metric is found."""

    def __init__(self, study: Study, levels: tuple[float, ...] = ()) -> None:
        budget = study.budget
        metric = study.metric
        keys = budget_keys(budget.name, budget.key) if budget else ()
        self._reader = MetricReader(metric.name, keys, metric.pattern)
        self.needle = self._reader.needle
        self._study = study
        self._levels = levels
        self.memory_limit = study.trial.memory_limit or 0

    def read(self, lines: list[str]) -> list[Found | None]:
        """What each line gives.

        Raises:
            StudyError: the user's own pattern takes for ever, which would hold up everything else.
        """
        if self._reader.pattern is None:
            return [self._reader.read(line) for line in lines]
        found: list[Found | None] = []
        try:
            with at_most(_PATIENCE):
                for line in lines:
                    found.append(self._reader.read(line))  # noqa: PERF401 - how far it came is told below
        except TooLongError:
            line = printable(lines[min(len(found), len(lines) - 1)])[:100]
            words = f"the pattern takes more than {_PATIENCE:g} seconds to be looked for in: {line}"
            remedy = "let no part that repeats repeat again inside, as in (a+)+"
            raise StudyError([self._study.problem(("metric", "pattern"), words, remedy)]) from None
        return found

    def near(self) -> NearMisses:
        """What collects the lines that came nearest, for one attempt."""
        return NearMisses(self._reader)

    def intake(self, job: Job) -> Intake:
        """The intake of one attempt."""
        study = self._study
        return Intake(
            IntakeSettings(
                source=study.metric.source,
                first=study.budget.first if study.budget else None,
                zero_based=job.zero_based,
                previous_budget=job.previous_budget,
                rungs=self._levels,
                goal_sign=-1 if study.metric.goal == "maximize" else 1,
            )
        )


class Attempt:
    """An attempt that is out. Its deadlines run from the moment it started: queued is not started."""

    def __init__(self, job: Job, reading: Reading, spec: JobSpec) -> None:
        self.job = job
        self.verdict: Verdict | None = None  # a limit of time it went over
        self.cancelled = False
        self.interrupted_by: str | None = None
        self.near = reading.near()
        self.slots: tuple[str, ...] = ()
        self._spec = spec
        self._reading = reading
        self._intake = reading.intake(job)
        self._splitters: dict[Channel, LineSplitter] = {}
        self._started: float | None = None
        self._heard = 0.0
        self._has_reported = False

    def start(self, now: float) -> None:
        """The process has started."""
        self._started = self._heard = now

    @property
    def zero_based(self) -> bool | None:
        """Whether its script counts the budget from 0, as far as that is known."""
        return self._intake.notes.zero_based

    def leave(self) -> None:
        """Its leader has exited; limits of time hold no more."""
        self._started = None

    def feed(self, channel: Channel, data: bytes, now: float) -> Iterator[Entry]:
        """The reports in a further piece of output, in its order."""
        self._heard = now
        splitter = self._splitters.get(channel)
        if splitter is None:
            splitter = self._splitters[channel] = LineSplitter(self._reading.needle)
        return self._take(channel, splitter.feed(data))

    def close(self) -> Iterator[Entry]:
        """The reports that only the end of the output completes."""
        for channel, splitter in self._splitters.items():
            yield from self._take(channel, splitter.close())
        yield from self._intake.close()

    def deadlines(self, limits: TrialSettings) -> Iterator[tuple[float, Verdict]]:
        """When it will have gone over a limit of time, and which."""
        if self._started is None or self.cancelled:
            return
        if limits.timeout is not None:
            yield self._started + limits.timeout, "timeout"
        if limits.stall_timeout is not None:
            yield self._heard + limits.stall_timeout, "stall"

    def ended(self, exited: Exit) -> ev.JobEnded:
        """The end of the attempt as its exit tells it."""
        outcome, cause = self._outcome(exited)
        notes = self._intake.notes.as_dict()
        if exited.stragglers:
            notes["stragglers"] = exited.stragglers
        message = ""
        if exited.over_memory:
            sizes = bytes_text(exited.over_memory), bytes_text(self._reading.memory_limit)
            message = "its processes took {} of memory, trial.memory_limit grants {}".format(*sizes)
        measured = {"seconds": round(exited.seconds, 3), **exited.usage}
        return ev.JobEnded(
            *self.job.id, outcome, cause, exited.code, exited.signal, message, notes=notes, measured=measured
        )

    def _outcome(self, exited: Exit) -> tuple[ev.Outcome, str | None]:
        if self.verdict is not None and exited.killed:
            return "failed", self.verdict
        if self.interrupted_by is not None and exited.killed:
            return "interrupted", self.interrupted_by
        if exited.over_memory or exited.signal is not None or exited.code:
            return "failed", cause_of(exited, last_lines(self._spec.stderr))
        return "completed", None

    def explained(self, ended: ev.JobEnded) -> ev.JobEnded:
        """A failure with what the user should read first about it, and what makes it alike others."""
        message = scrubbed(ended.message or self._message(ended.cause))[:_MESSAGE_LENGTH]
        alike = fingerprint(ended.cause or "exit", ended.code, ended.signal, message)
        return ended._replace(message=message, fingerprint=alike)

    def _message(self, cause: str | None) -> str:
        if cause == "no_metric":
            return "\n".join(self.near.nearest())
        lines = last_lines(self._spec.stderr) or last_lines(self._spec.stdout)
        said = diagnose(lines)
        return said.line if said is not None and said.cause == cause else last_word(lines)

    def _take(self, channel: Channel, lines: list[str]) -> Iterator[Entry]:
        for line, found in zip(lines, self._reading.read(lines), strict=True):
            if found is not None:
                entries = self._intake.take(channel, found)
                self._has_reported = self._has_reported or bool(entries)
                yield from entries
            elif not self._has_reported:  # once there is a report, nobody asks what came near
                self.near.look(line)
