"""The public core: decide, propose, and append every event before it is folded."""

from hpotune.tuner.actions import Action, Finish, Interrupt, Launch, Propose, Wait
from hpotune.tuner.decide import decide
from hpotune.tuner.decisions import decision, proposal_decision
from hpotune.tuner.ledger import Ledger, Memory, Proposing, Sink
from hpotune.tuner.propose import Planned, propose
from hpotune.tuner.tuner import Best, Job, Tuner, best, job_of, versions

__all__ = [
    "Action",
    "Best",
    "Finish",
    "Interrupt",
    "Job",
    "Launch",
    "Ledger",
    "Memory",
    "Planned",
    "Propose",
    "Proposing",
    "Sink",
    "Tuner",
    "Wait",
    "best",
    "decide",
    "decision",
    "job_of",
    "proposal_decision",
    "propose",
    "versions",
]
