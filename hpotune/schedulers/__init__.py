"""Schedulers: who gets budget next, as folds over the events; and the limits that all of them share."""

from hpotune.schedulers.base import Drop, New, Nothing, Pause, Promote, Room, Scheduler, Stop, Wish
from hpotune.schedulers.full import FullScheduler
from hpotune.schedulers.limits import must_end, room, target_reached, what_is_full

__all__ = [
    "Drop",
    "FullScheduler",
    "New",
    "Nothing",
    "Pause",
    "Promote",
    "Room",
    "Scheduler",
    "Stop",
    "Wish",
    "must_end",
    "room",
    "target_reached",
    "what_is_full",
]
