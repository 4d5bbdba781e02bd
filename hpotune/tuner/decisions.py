"""From an action, or a searcher's answer, to the event that records the decision."""

from __future__ import annotations

from hpotune import events as ev
from hpotune.events import Decision
from hpotune.schedulers import Drop, Pause, Promote, Stop
from hpotune.searchers import Exhausted
from hpotune.tuner.actions import Finish, Launch, Propose
from hpotune.tuner.propose import Planned


def decision(action: Launch | Stop | Pause | Promote | Drop | Finish, saw: int) -> Decision:
    """The decision that an action stands for, taken on the events up to number `saw`."""
    match action:
        case Launch(trial, job, attempt, start, to, cause, fresh):
            return ev.JobPlanned(trial, job, attempt, start, to, cause, saw, fresh)
        case Stop(trial, reason):
            return ev.TrialStopped(trial, reason, saw)
        case Pause(trial, reason):
            return ev.TrialPaused(trial, reason, saw)
        case Promote(trial, to, reason):
            return ev.TrialPromoted(trial, to, reason, saw)
        case Drop(trial, reason):
            return ev.CheckpointDropped(trial, reason, saw)
        case Finish(why):
            return ev.StudyFinished(why, saw)


def proposal_decision(action: Propose, answer: Planned | Exhausted, saw: int) -> Decision:
    """The decision that a searcher's answer stands for."""
    if isinstance(answer, Exhausted):
        return ev.SpaceExhausted(answer.reason, saw)
    proposal, origin = answer
    return ev.TrialPlanned(
        action.trial,
        proposal.config,
        origin,
        saw,
        budget=action.budget,
        reason=action.reason,
        record=proposal.record,
    )
