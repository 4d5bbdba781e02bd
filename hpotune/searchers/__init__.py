"""Searchers: which configuration a new trial gets, as pure functions of what has been observed."""

from hpotune.searchers.base import Answer, Exhausted, Proposal, Searcher
from hpotune.searchers.grid import GridSearcher
from hpotune.searchers.random import RandomSearcher
from hpotune.searchers.sobol import SobolSearcher

__all__ = ["Answer", "Exhausted", "GridSearcher", "Proposal", "RandomSearcher", "Searcher", "SobolSearcher"]
