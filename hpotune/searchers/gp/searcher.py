"""Bayesian optimisation: a Gaussian process of the loss, and an acquisition function that is maximised over the space
(Jones, Schonlau & Welch 1998; Snoek, Larochelle & Adams 2012).

A proposal, step by step:
    1. the design: scrambled Sobol points until `initial` trials are planned and some have come to an end
    2. the data: the values of all trials at all budgets, failures, what is under way
    3. the hyperparameters: those of the last fit, from the history; or fitted anew when the data have grown by a tenth
    4. the surrogate: the model at the highest budget with a value; what keeps away from failures; and fantasies for
       what is under way
    5. the maximum of the acquisition function, at a configuration that was never tried
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from hpotune.history import Observations, Results
from hpotune.keys import Key
from hpotune.models.embedding import Embedding, WithBudget
from hpotune.models.fit import Priors
from hpotune.models.normal import Array
from hpotune.models.threads import one_blas_thread
from hpotune.searchers.base import MAX_DRAWS, Answer, Proposal, first_new, forms
from hpotune.searchers.gp.data import Data, gather
from hpotune.searchers.gp.learn import Learned, about_budgets, learn
from hpotune.searchers.gp.maximise import Ranked, maximise, rank_all
from hpotune.searchers.gp.moves import unordered
from hpotune.searchers.gp.surrogate import Surrogate, make_acquisition, with_fantasies
from hpotune.searchers.sobol import walk
from hpotune.space import Config, Space

# A space of up to so many configurations is scored as a whole.
_LISTED = 5_000
_LEAST_ENDED = 2  # trials that have come to an end, before a model makes sense
_INCUMBENTS = 5


@dataclass(frozen=True, slots=True)
class GpSearcher:
    """Proposes where the acquisition function of a Gaussian process is largest.

    seed             of the design's sequence
    initial          trials planned before the model is asked
    acquisition      log_ei, ei, pi or ucb
    xi               what an improvement must exceed, in standard deviations of the losses (ei, log_ei, pi)
    beta             the weight of uncertainty (ucb); auto: growing, by the schedule of Srinivas et al. 2010
    kernel           matern52 or rbf
    random_fraction  share of the proposals after the design that are independent draws: where low budgets decide which
                     trials are trained further, they keep a model that was misled from never seeing anything else
    """

    seed: int
    initial: int = 8
    acquisition: str = "log_ei"
    xi: float = 0.0
    beta: float | Literal["auto"] = "auto"
    kernel: str = "matern52"
    random_fraction: float = 0.0

    def propose(self, space: Space, observations: Observations, key: Key, budget: float | None) -> Answer:
        """See `Searcher`. The record says what was expected, and from how much."""
        del budget
        results = observations.results
        if results is None:
            raise ValueError("this searcher has to be told the results")
        initial = self.initial
        ended = len(results.losses) + len(results.failed)
        if observations.trial < initial or ended < min(_LEAST_ENDED, initial):
            return first_new(self._design(space, observations, initial), space, observations, key)
        if key.child("fraction").uniforms(1)[0] < self.random_fraction:
            told = {"by": "random", "why": "fraction", "fraction": self.random_fraction}
            draws = (Proposal(_config(space, point), told) for point in _draws(space, key))
            return first_new(draws, space, observations, key)
        with one_blas_thread():
            return self._by_model(space, observations, results, key)

    def _design(self, space: Space, observations: Observations, initial: int) -> Iterator[Proposal]:
        for point in walk(space, self.seed, observations.cursor):
            told = {"of": initial} if observations.trial < initial else {}  # else too few trials have ended
            yield Proposal(point.config, {"by": "sobol", **point.record, **told})

    def _by_model(self, space: Space, observations: Observations, results: Results, key: Key) -> Answer:
        data = gather(results)
        embedding = embedding_of(space, several=data.budgets is not None)
        priors = Priors.of(_free(space))
        if data.budgets is not None:
            priors = priors.with_budget()
        learned = learn(embedding, data, results.fit, priors, self.kernel)
        surrogate, best = self._surrogate(space, embedding, data, learned)
        listed = _untried(space, observations)
        if listed is None:
            by, ranked = "gp", maximise(space, surrogate, _incumbents(data, learned, embedding), key.child("maximise"))
        else:
            by, ranked = "list", rank_all(surrogate, listed)
        told = {
            "by": by,
            "acquisition": self.acquisition,
            "observations": len(data.losses),
            "pending": len(data.pending),
            "failed": len(data.failed),
            "best": learned.loss(best),
            "candidates": len(ranked.scores),
            **learned.record(),
            **about_budgets(data, learned.fitted.objective),
        }
        new = _new_points(space, surrogate, ranked, observations, key.child("further"))
        proposals = (_proposal(space, surrogate, learned, point, told) for point in new)
        return first_new(proposals, space, observations, key)

    def _surrogate(self, space: Space, embedding: Embedding, data: Data, learned: Learned) -> tuple[Surrogate, float]:
        """The surrogate, and the incumbent: the least mean at any point that was tried or is under way."""
        pending = embedding.features(data.pending)
        objective = with_fantasies(learned.objective, pending)
        features = np.concatenate([embedding.features(data.tried), pending])
        best = float(learned.objective.mean(features).min()) if len(features) else 0.0
        acquisition = make_acquisition(
            self.acquisition, best, self.xi, self.beta, seen=data.seen, dimension=_free(space)
        )
        return Surrogate(embedding, objective, learned.success, acquisition), best


def embedding_of(space: Space, *, several: bool = False) -> Embedding:
    """How a space's points become features, where `several` with their budgets."""
    choices = np.where(unordered(space), [size or 0 for size in space.axis_sizes], 0)
    kind = WithBudget if several else Embedding
    return kind(choices.tolist(), [parameter.when is not None for parameter in space.searchable])


def _free(space: Space) -> int:
    """The number of parameters that can vary."""
    return sum(size != 1 for size in space.axis_sizes)


def _untried(space: Space, observations: Observations) -> Array | None:
    """The settled points of a small finite space that are left; None of a larger one."""
    listed = _listed(space)
    if listed is None:
        return None
    untried: Array = listed[np.array([form not in observations.tried for form in forms(space)], bool)]
    return untried


@lru_cache(maxsize=2)
def _listed(space: Space) -> Array | None:
    """All configurations of a small finite space, settled; a pure function, so the cache cannot be seen."""
    valid = space.enumerate()
    if not valid or len(valid) > _LISTED:
        return None
    return np.array([space.encode(config) for config in valid])


def _incumbents(data: Data, learned: Learned, embedding: Embedding) -> Array:
    if not len(data.losses):
        return data.points
    tried = data.tried
    mean = learned.objective.mean(embedding.features(tried))
    return tried[np.argsort(mean, kind="stable")[:_INCUMBENTS]]


def _new_points(
    space: Space, surrogate: Surrogate, ranked: Ranked, observations: Observations, key: Key
) -> Iterator[Array]:
    """The settled points that were never tried: the ranked ones, then some of what is left of a finite space, by what
    they are worth, or independent draws.
    """

    def new(point: Array) -> bool:
        return space.canonical(_config(space, point)) not in observations.tried

    yield from filter(new, ranked.points)
    valid = space.enumerate()
    if valid is not None:
        left = [config for config, form in zip(valid, forms(space), strict=True) if form not in observations.tried]
        order = np.argsort(key.uniforms(len(left)), kind="stable")[:_LISTED]
        if left:
            yield from rank_all(surrogate, np.array([space.encode(left[place]) for place in order])).points
        return
    yield from _draws(space, key)


def _draws(space: Space, key: Key) -> Iterator[Array]:
    """Independent draws, settled."""
    attempt = 0
    while (drawn := space.draw(key.child(attempt), MAX_DRAWS)) is not None:
        yield space.encode(drawn)
        attempt += 1


def _config(space: Space, point: Array) -> Config:
    """The configuration of a settled point. A condition may hang on a rounded number, and nan be active after all."""
    return space.decode(np.where(np.isnan(point), 0.5, point))


def _proposal(space: Space, surrogate: Surrogate, learned: Learned, point: Array, told: Mapping[str, Any]) -> Proposal:
    """A settled point with what is expected of it."""
    belief = surrogate.believes(point)
    mean, sd = learned.expected(belief.mean, belief.deviation)
    success = {} if surrogate.success is None else {"success": belief.success}
    return Proposal(_config(space, point), {**told, "mean": mean, "sd": sd, "score": belief.score, **success})
