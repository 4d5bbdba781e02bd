"""From data to models: with the hyperparameters of the last fit, or with new ones when the data have grown by a tenth.

A fit is kept in the record of the proposal that made it, and read back from the history: as the hyperparameters of the
asks in between, and as a start of the next fit. There is no other state, so a resumed run answers as if undisturbed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from hpotune.models.embedding import Embedding
from hpotune.models.fit import MOST_EVALUATIONS, Objective, Priors, fit
from hpotune.models.gp import Hyperparameters, NotPositiveDefinite, Posterior, correlation_factor
from hpotune.models.normal import Array
from hpotune.models.targets import Targets, choose_power
from hpotune.searchers.gp.data import Data

_GROWTH = 1.1
_FOR_SUCCESS = 14  # of the evaluations of a fit, where there are failures to learn from
_SAFE_NOISE = 1e-2  # what cannot be factorised is tried once more with so much noise


@dataclass(frozen=True, slots=True)
class Fitted:
    """Hyperparameters of the objective and of success (None: nothing has failed), the power of the targets, and the
    number of trials that had ended when they were fitted.
    """

    ended: int
    power: float
    objective: Hyperparameters
    success: Hyperparameters | None

    def record(self) -> dict[str, Any]:
        """As JSON."""
        kept = {"ended": self.ended, "power": self.power, **_record(self.objective)}
        return kept if self.success is None else {**kept, "success": _record(self.success)}

    @staticmethod
    def read(record: Mapping[str, Any], kernel: str) -> Fitted:
        """From JSON."""
        success = record.get("success")
        return Fitted(
            record["ended"],
            record["power"],
            _hyperparameters(record, kernel),
            None if success is None else _hyperparameters(success, kernel),
        )


def _record(h: Hyperparameters) -> dict[str, Any]:
    return {"lengths": h.lengths.tolist(), "signal": h.signal, "noise": h.noise}


def _hyperparameters(record: Mapping[str, Any], kernel: str) -> Hyperparameters:
    return Hyperparameters(np.array(record["lengths"]), record["signal"], record["noise"], kernel)


@dataclass(frozen=True, slots=True)
class Learned:
    """The model of the loss, of success (None: nothing has failed), the map of the targets, and the fit behind them."""

    objective: Posterior
    success: Posterior | None
    targets: Targets
    worst: float
    fitted: Fitted
    fitted_now: bool
    fallback: str | None = None

    def loss(self, z: float) -> float:
        """A loss as the user would see it, no worse than the worst that was seen."""
        return min(float(self.targets.inverse(np.array([z]))[0]), self.worst)

    def expected(self, mean: float, deviation: float) -> tuple[float, float]:
        """Mean and standard deviation in the loss's own units; where it is bent, half of what one deviation spans."""
        return self.loss(mean), (self.loss(mean + deviation) - self.loss(mean - deviation)) / 2.0

    def record(self) -> dict[str, Any]:
        """What the proposal keeps of it."""
        kept: dict[str, Any] = {"fitted": self.fitted.ended}
        if self.fitted_now:
            kept["fit"] = self.fitted.record()
        if self.fallback is not None:
            kept["fallback"] = self.fallback
        return kept


def learn(embedding: Embedding, data: Data, last: Mapping[str, Any] | None, priors: Priors, kernel: str) -> Learned:
    """The models of the data, with the hyperparameters of the `last` fit where it is recent enough."""
    kept = None if last is None else Fitted.read(last, kernel)
    due = kept is None or _is_due(kept, data)
    try:
        fitted = _fit(embedding, data, kept, priors, kernel) if kept is None or due else kept
        return _condition(embedding, data, fitted, fitted_now=due)
    except NotPositiveDefinite as error:
        safe = replace(priors.mode(embedding.dimension, kernel), noise=_SAFE_NOISE)
        fitted = Fitted(data.ended, 1.0, safe, safe if len(data.failed) else None)
        return replace(_condition(embedding, data, fitted, fitted_now=True), fallback=str(error))


def _is_due(kept: Fitted, data: Data) -> bool:
    unfit = kept.success is None and len(data.failed) > 0
    return unfit or data.ended >= max(kept.ended + 1, _GROWTH * kept.ended)


def _fit(embedding: Embedding, data: Data, kept: Fitted | None, priors: Priors, kernel: str) -> Fitted:
    features = embedding.features(data.points)
    factor = None if kept is None else correlation_factor(features, kept.objective, embedding.groups)
    power = choose_power(data.losses, factor) if len(data.losses) else 1.0
    targets = Targets.of(data.losses, power).forward(data.losses) if len(data.losses) else data.losses
    start = None if kept is None else kept.objective
    spent = _FOR_SUCCESS if len(data.failed) else 0
    fit_one = partial(_fit_one, embedding, priors=priors, kernel=kernel)
    objective = fit_one(features, targets, start, MOST_EVALUATIONS - spent)
    success = None
    if len(data.failed):
        points, labels = _labelled(embedding, data)
        start = None if kept is None else kept.success
        success = fit_one(points, labels, start, spent)
    return Fitted(data.ended, power, objective, success)


def _fit_one(
    embedding: Embedding,
    features: Array,
    targets: Array,
    start: Hyperparameters | None,
    evaluations: int,
    *,
    priors: Priors,
    kernel: str,
) -> Hyperparameters:
    mode = priors.mode(embedding.dimension, kernel)
    if len(targets) < 2:
        return mode
    starts = [mode, replace(mode, lengths=mode.lengths / 3.0), replace(mode, lengths=mode.lengths * 3.0, noise=1e-2)]
    objective = Objective(features, targets, embedding.groups, priors=priors, kernel=kernel)
    return fit(objective, starts if start is None else [start, *starts], evaluations).hyperparameters


def _condition(embedding: Embedding, data: Data, fitted: Fitted, *, fitted_now: bool) -> Learned:
    targets = Targets.of(data.losses, fitted.power) if len(data.losses) else Targets(0.0, 1.0, 1.0, 0.0, 1.0)
    features = embedding.features(data.points)
    success = None
    if fitted.success is not None:
        success = Posterior(*_labelled(embedding, data), fitted.success, embedding.groups)
    return Learned(
        Posterior(features, targets.forward(data.losses), fitted.objective, embedding.groups),
        success,
        targets,
        float(data.losses.max(initial=-np.inf)) if len(data.losses) else np.finfo(np.float64).max,
        fitted,
        fitted_now,
    )


def _labelled(embedding: Embedding, data: Data) -> tuple[Array, Array]:
    """The features of what succeeded and what failed, with labels 1 and -1."""
    points = np.concatenate([data.points, data.failed])
    labels = np.concatenate([np.ones(len(data.points)), -np.ones(len(data.failed))])
    return embedding.features(points), labels
