"""Bayesian optimisation with a Gaussian process."""

from hpotune.searchers.gp.searcher import GpSearcher

__all__ = ["GpSearcher"]
