"""Replay: recompute every decision of a journal from the events it saw, and compare (law 2).

A decision d looked at the events up to number `d.saw` and at nothing else, so folding that prefix afresh and deciding
must give d again: with any number of workers, on the same versions and the same kind of processor.
"""

from hpotune.replay.again import ReplayResult, replay
from hpotune.replay.reasons import here

__all__ = ["ReplayResult", "here", "replay"]
