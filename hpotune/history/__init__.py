"""What has happened, as a value: trials, their jobs, and everything a decision may look at."""

from hpotune.history.fold import History, fold
from hpotune.history.observations import Observations, Results
from hpotune.history.reading import reading
from hpotune.history.trial import MAX_CRASHES, NOTHING_LEFT, JobView, State, Trial, rank, trial_loss

__all__ = [
    "MAX_CRASHES",
    "NOTHING_LEFT",
    "History",
    "JobView",
    "Observations",
    "Results",
    "State",
    "Trial",
    "fold",
    "rank",
    "reading",
    "trial_loss",
]
