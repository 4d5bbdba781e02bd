"""The replay itself: one fold of the journal, on the way through which every decision is taken again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from hpotune import events as ev
from hpotune.errors import DamagedError
from hpotune.events import Decision, Event
from hpotune.history import History, reading
from hpotune.replay.compare import compare
from hpotune.replay.reasons import here, reasons, surroundings
from hpotune.space import Config, Space
from hpotune.summary.replay_words import difference_line
from hpotune.summary.replayed import FAR, Difference, Measure, Reason, Surroundings, Verdict
from hpotune.tuner import Interrupt, Ledger, Memory, Propose, Wait, decision, proposal_decision


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """How the decisions of a journal came out.

    counts    decisions by kind and verdict: `counts["trial_planned", "same"]`
    found     what differs, in journal order, so much of it as was asked for
    noted     how many differ in nothing but numbers noted about them, numerically or not: what was decided is the same
    farthest  the largest distance of those that are numerically different, by its measure
    reasons   the likely reason of the first difference; empty if there is none
    sessions  what each session of the run computed with
    now       what this replay computed with; None if nothing differs, and nobody had to look
    """

    counts: Mapping[tuple[str, Verdict], int]
    found: Sequence[Difference] = ()
    noted: int = 0
    farthest: Mapping[Measure, float] = field(default_factory=dict)
    reasons: Sequence[Reason] = ()
    sessions: Sequence[Surroundings] = ()
    now: Surroundings | None = None

    @property
    def decisions(self) -> int:
        """How many decisions the journal holds."""
        return sum(self.counts.values())

    @property
    def same(self) -> int:
        """How many came out the same."""
        return self.count("same")

    @property
    def differences(self) -> tuple[str, ...]:
        """What was found, in a line each."""
        return tuple(map(difference_line, self.found))

    def count(self, verdict: Verdict, kind: str | None = None) -> int:
        """How many decisions, of a kind or of all, came out so."""
        return sum(n for (name, its), n in self.counts.items() if its == verdict and kind in (None, name))


def replay(events: Iterable[Event], *, most: int | None = 20, now: Surroundings | None = None) -> ReplayResult:
    """Recompute the decisions of a journal; at most `most` differences are kept (None: all).

    The journal is gone through twice, if that can be done, and else kept in memory. `now`: what to compare the sessions
    with, if not what this is.

    What should have been decided and was not is noticed where it makes another decision wrong.

    Raises:
        StudyError: the study of the journal is none that this version can take up.
        DamagedError: a decision is about a trial, a job or a configuration that there is not.
    """
    journal = list(events) if isinstance(events, Iterator) else events
    length, late = _look_ahead(journal)
    findings = _Findings(most)
    again = _Again(late)
    sessions: list[Surroundings] = []
    for n, event in enumerate(islice(journal, length)):  # a run may go on meanwhile: the second time it may be longer
        if isinstance(event, ev.DECISIONS):
            findings.add(event, again.judge(n, len(sessions) - 1, event))
        elif isinstance(event, ev.StudyStarted | ev.StudyResumed):
            sessions.append(surroundings(event))
        again.fold(n, event)
    first = findings.first
    if first is not None:
        now = now or here()
    why = () if first is None or now is None else reasons(first, sessions[first.session], now)
    return ReplayResult(findings.counts, findings.kept, findings.noted, findings.farthest, why, sessions, now)


def _look_ahead(journal: Iterable[Event]) -> tuple[int, dict[int, int]]:
    """The length, and the events after which decisions are to be taken again that come later than next.

    Each of these with the last decision that saw it: proposals, while whose computation other things happened.
    """
    late: dict[int, int] = {}
    n = -1
    for n, event in enumerate(journal):
        if isinstance(event, ev.DECISIONS) and event.saw < n - 1:
            late[event.saw] = n
    return n + 1, late


class _Again:
    """The fold so far, and the decisions taken again on it that the journal is still to come to."""

    def __init__(self, late: Mapping[int, int]) -> None:
        self._ledger = Ledger(Memory())
        self._n = -1
        self._late = late
        self._ahead: dict[int, Event | None] = {}

    def fold(self, n: int, event: Event) -> None:
        problem = _problem(event, self._ledger.history) if isinstance(event, ev.DECISIONS) else None
        if problem is not None:
            raise DamagedError(
                f"line {n + 1} of the journal: {ev.NAMES[type(event)]} {problem}",
                "its checksums are right, so it was changed on purpose: restore it from a copy",
            )
        with reading(self._ledger.history):
            self._ledger.replay((event,))
        self._n = n
        if n in self._late:
            self._ahead[n] = self._decide()

    def judge(self, n: int, session: int, taken: Decision) -> Difference | None:
        """How decision number `n`, the next event, compares with what followed from what it saw; None: the same."""
        if not 0 <= taken.saw < n:
            return Difference(n, session, taken, None, possible=False)
        recomputed = self._decide() if taken.saw == self._n else self._ahead[taken.saw]
        if self._late.get(taken.saw) == n:
            del self._ahead[taken.saw]
        return _judged(n, session, taken, recomputed, self._ledger.history.study.space)

    def _decide(self) -> Event | None:
        """The decision that follows from what is folded; None for none."""
        saw = self._n
        match self._ledger.decide():
            case Propose() as action:
                return proposal_decision(action, self._ledger.begin_proposal(action).compute(), saw)
            case Interrupt() | Wait():
                return None
            case action:
                return decision(action, saw)


def _problem(decision: Decision, history: History) -> str | None:
    """Why a decision cannot be taken in: it is about something that there is not."""
    trials = history.trials
    match decision:
        case ev.TrialPlanned(config=config) if not _can_be_read(config, history.study.space):
            return "of a configuration that is none of the space"
        case ev.TrialPlanned(trial=trial):
            there = trial == len(trials)
        case ev.JobPlanned(trial=trial, job=job):
            there = 0 <= trial < len(trials) and 0 <= job <= len(trials[trial].jobs)
        case ev.SpaceExhausted() | ev.StudyFinished():
            there = True
        case _:
            there = 0 <= decision.trial < len(trials)
    return None if there else "of a trial or a job that there is not"


def _can_be_read(config: Config, space: Space) -> bool:
    """Whether searchers can be told of it. That bounds or constraints are violated is for the comparison to say."""
    try:
        space.canonical(config)
        space.encode(config)
    except (KeyError, TypeError, ValueError):  # a choice that is none of the declared, a text for a number
        return False
    return True


def _judged(n: int, session: int, taken: Decision, recomputed: Event | None, space: Space) -> Difference | None:
    if recomputed is None or type(recomputed) is not type(taken):
        return Difference(n, session, taken, recomputed)
    off = compare(taken, recomputed, space)
    return Difference(n, session, taken, recomputed, off=off) if off else None


class _Findings:
    """The verdicts, counted, and the first of what differs."""

    def __init__(self, most: int | None) -> None:
        self.counts: Counter[tuple[str, Verdict]] = Counter()
        self.kept: list[Difference] = []
        self.first: Difference | None = None
        self.noted = 0
        self.farthest: dict[Measure, float] = {}
        self._most = most

    def add(self, taken: Decision, found: Difference | None) -> None:
        verdict: Verdict = "same" if found is None else found.verdict
        self.counts[ev.NAMES[type(taken)], verdict] += 1
        if found is None:
            return
        self.first = self.first or found
        self.noted += found.only_noted
        if self._most is None or len(self.kept) < self._most:
            self.kept.append(found)
        if verdict == "numerically different":
            for measure in FAR:
                if (distance := found.distance(measure)) is not None:
                    self.farthest[measure] = max(distance, self.farthest.get(measure, 0.0))
