"""What has happened, as a value: trials, their jobs, and everything a decision may look at."""

from hpotune.history.fold import MAX_CRASHES, History, fold
from hpotune.history.observations import Observations, Results
from hpotune.history.trial import JobView, State, Trial, rank, trial_loss

__all__ = [
    "MAX_CRASHES",
    "History",
    "JobView",
    "Observations",
    "Results",
    "State",
    "Trial",
    "fold",
    "rank",
    "trial_loss",
]
