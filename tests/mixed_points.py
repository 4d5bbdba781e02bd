"""Hypothesis strategies for what the models are given: mixed conditional points, targets and hyperparameters.

layouts()              (number of choices or 0, conditional) for each coordinate
points_of(layout)      points of the unit cube, nan where inactive
hyperparameters(g)     of a Gaussian process over g coordinates
targets(n)             about standardised
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hpotune.models.embedding import Embedding
from hpotune.models.gp import Hyperparameters

# A number, a choice, and both again where they may be inactive.
MIXED = [(0, False), (3, False), (0, True), (2, True), (0, False)]


def layouts(most=4):
    return st.lists(st.tuples(st.sampled_from([0, 0, 0, 2, 3, 5]), st.booleans()), min_size=1, max_size=most)


def embedding_of(layout):
    return Embedding([count for count, _ in layout], [conditional for _, conditional in layout])


@st.composite
def points_of(draw, layout, least=0, most=8):
    shape = (draw(st.integers(least, most)), len(layout))
    values = draw(arrays.arrays(np.float64, shape, elements=st.floats(0, 1)))
    inactive = draw(arrays.arrays(np.bool_, shape))
    return np.where(inactive & np.array([conditional for _, conditional in layout]), np.nan, values)


def scattered(layout, count, seed):
    """Points of a fixed generator; of the conditional coordinates a third is inactive."""
    generator = np.random.default_rng(seed)
    values, inactive = generator.random((2, count, len(layout)))
    return np.where((inactive < 1 / 3) & np.array([conditional for _, conditional in layout]), np.nan, values)


def targets(count):
    return arrays.arrays(np.float64, count, elements=st.floats(-3, 3))


def powers(low, high):
    return st.floats(low, high).map(lambda power: 10.0**power)


@st.composite
def hyperparameters(draw, groups, kernels=("matern52", "rbf")):
    lengths = draw(st.lists(powers(-1.5, 1.5), min_size=groups, max_size=groups))
    signal, noise = draw(powers(-1, 1)), draw(powers(-4, 0))
    return Hyperparameters(np.array(lengths), signal, noise, draw(st.sampled_from(kernels)))


def slopes(function, at, steps):
    """Central differences by each element of `at` (n,), extrapolated to step 0 (Richardson); shape (n, ...)."""
    found = []
    for place, step in enumerate(steps):
        aside = np.zeros(len(at))
        aside[place] = step
        wide, narrow = ((function(at + a) - function(at - a)) / (2 * a[place]) for a in (aside, 0.5 * aside))
        found.append((4.0 * narrow - wide) / 3.0)
    return np.array(found)
