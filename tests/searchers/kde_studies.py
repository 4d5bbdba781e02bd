"""What the tests of the kernel density searcher share: searchers, spaces, and what they are told."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings

from hpotune.expressions import parse
from hpotune.history import Observations, Results
from hpotune.keys import Key
from hpotune.searchers import Proposal
from hpotune.searchers.kde import KdeSearcher
from hpotune.space import Bool, Categorical, Float, Int, Ordinal, Space

FEW = settings(max_examples=25, deadline=None)
NOTHING = float("nan")
# A model from the start, in every proposal: what is looked at is then the densities.
EAGER = KdeSearcher(random_fraction=0.0, bandwidth=0.07, bandwidth_factor=1.0, min_points=1, initial=2, prior=1.0)
SEARCHERS = {"bohb": KdeSearcher(random_fraction=0.0), "tpe": EAGER, "linear": replace(EAGER, weights="linear")}
every_kind = pytest.mark.parametrize("searcher", SEARCHERS.values(), ids=SEARCHERS)

MIXED = Space(
    [
        Float("lr", 1e-5, 1.0, log=True),
        Int("width", 16, 1024, log=True),
        Ordinal("batch", (16, 32, 64)),
        Categorical("optimizer", ("adam", "sgd", "lion")),
        Float("momentum", 0.0, 0.99, when=parse('optimizer == "sgd"')),
        Bool("norm"),
    ]
)
LINE = Space([Float("x", 0.0, 1.0)])


def told(space, configs, *, losses=(), budgets=None, trials=None, failed=(), pending=()):
    """Observations: of the trials with a loss the first ones, unless `trials` says which."""
    where = np.arange(len(losses)) if trials is None else np.array(trials)
    results = Results(
        points=np.array([space.encode(config) for config in configs]).reshape(len(configs), space.dimension),
        trials=where,
        budgets=np.full(len(losses), NOTHING) if budgets is None else np.array(budgets, float),
        losses=np.array(losses, float),
        pending=np.array(pending, np.int64),
        failed=np.array(failed, np.int64),
        fit=None,
    )
    tried = frozenset(space.canonical(config) for config in configs)
    return Observations(len(configs), 0, 0, defaulted=False, tried=tried, results=results)


def drawn(space, count, seed=3):
    configs = [space.draw(Key.of(seed, number)) for number in range(count)]
    return [config for config in configs if config is not None]


def asked(searcher, space, observations, seed=7):
    answer = searcher.propose(space, observations, Key.of(seed, observations.trial, "propose"), None)
    assert isinstance(answer, Proposal)
    assert space.problems(answer.config) == []
    assert space.canonical(answer.config) not in observations.tried
    assert json.loads(json.dumps(answer.record, allow_nan=False)) == answer.record
    return answer


def loss_of(config):
    """About 0.1 to 5: smooth in the numbers, with a best optimizer."""
    away = {"adam": 0.0, "sgd": 0.3, "lion": 1.0}[config["optimizer"]]
    bowl = (math.log10(config["lr"]) + 3.0 - away) ** 2 / 2 + (math.log2(config["width"]) - 7.0) ** 2 / 6
    return bowl + away + 0.5 * (config.get("momentum", 0.9) - 0.9) ** 2 + 0.2 * (not config["norm"]) + 0.1
