"""Schedulers: who gets budget next, as folds over the events; and the limits that all of them share."""

from hpotune.schedulers.base import New, Nothing, Pause, Promote, Scheduler, Stop, Wish
from hpotune.schedulers.full import FullScheduler
from hpotune.schedulers.limits import must_end, no_more_trials, target_reached

__all__ = [
    "FullScheduler",
    "New",
    "Nothing",
    "Pause",
    "Promote",
    "Scheduler",
    "Stop",
    "Wish",
    "must_end",
    "no_more_trials",
    "target_reached",
]
