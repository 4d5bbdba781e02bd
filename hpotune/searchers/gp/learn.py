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

from hpotune.models.embedding import Embedding, WithBudget
from hpotune.models.fit import MOST_EVALUATIONS, Objective, Priors, fit
from hpotune.models.gp import Hyperparameters, NotPositiveDefinite, Posterior, correlation_factor
from hpotune.models.kernels import KERNELS
from hpotune.models.normal import Array
from hpotune.models.targets import LevelTargets, Targets, choose_power
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
    of_levels: tuple[float, ...] = ()

    def record(self) -> dict[str, Any]:
        """As JSON."""
        several = bool(self.of_levels)
        kept = {"ended": self.ended, "power": self.power, **_record(self.objective, several=several)}
        if several:
            kept["levels"] = list(self.of_levels)
        return kept if self.success is None else {**kept, "success": _record(self.success, several=several)}

    @staticmethod
    def read(record: Mapping[str, Any], kernel: str) -> Fitted:
        """From JSON."""
        success = record.get("success")
        return Fitted(
            record["ended"],
            record["power"],
            _hyperparameters(record, kernel),
            None if success is None else _hyperparameters(success, kernel),
            tuple(record.get("levels", ())),
        )


def _record(h: Hyperparameters, *, several: bool) -> dict[str, Any]:
    """The length scale of the budget, where there are several, goes by its own name."""
    lengths = h.lengths.tolist()
    kept = {"budget_length": lengths.pop()} if several else {}
    return {"lengths": lengths, **kept, "signal": h.signal, "noise": h.noise}


def _hyperparameters(record: Mapping[str, Any], kernel: str) -> Hyperparameters:
    lengths = record["lengths"] + [record[name] for name in ("budget_length",) if name in record]
    return Hyperparameters(np.array(lengths), record["signal"], record["noise"], kernel)


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
    kept = None if last is None else _widened(Fitted.read(last, kernel), priors.mode(embedding.dimension, kernel))
    due = kept is None or _is_due(kept, data)
    try:
        fitted = _fit(embedding, data, kept, priors, kernel) if kept is None or due else kept
        return _condition(embedding, data, fitted, fitted_now=due)
    except NotPositiveDefinite as error:
        safe = replace(priors.mode(embedding.dimension, kernel), noise=_SAFE_NOISE)
        fitted = Fitted(data.ended, 1.0, safe, safe if len(data.failed) else None, data.of_levels)
        return replace(_condition(embedding, data, fitted, fitted_now=True), fallback=str(error))


def _is_due(kept: Fitted, data: Data) -> bool:
    unfit = kept.success is None and len(data.failed) > 0
    others = kept.of_levels != data.of_levels
    return unfit or others or data.ended >= max(kept.ended + 1, _GROWTH * kept.ended)


def _fit(embedding: Embedding, data: Data, kept: Fitted | None, priors: Priors, kernel: str) -> Fitted:
    features = features_of(embedding, data)
    factor = None if kept is None else correlation_factor(features, kept.objective, embedding.groups, data.levels)
    power = choose_power(data.losses, factor, data.levels) if len(data.losses) else 1.0
    targets = _targets(data, power)[1]
    start = None if kept is None else kept.objective
    spent = _FOR_SUCCESS if len(data.failed) else 0
    mode = priors.mode(embedding.dimension, kernel)
    objective_of = partial(Objective, groups=embedding.groups, priors=priors, kernel=kernel)
    objective = _fit_one(objective_of(features, targets, levels=data.levels), mode, start, MOST_EVALUATIONS - spent)
    success = None
    if len(data.failed):
        start = None if kept is None else kept.success
        success = _fit_one(objective_of(*_labelled(embedding, data)), mode, start, spent)
    return Fitted(data.ended, power, objective, success, data.of_levels)


def _fit_one(
    objective: Objective, mode: Hyperparameters, start: Hyperparameters | None, evaluations: int
) -> Hyperparameters:
    if objective.count < 2:
        return mode
    starts = [mode, replace(mode, lengths=mode.lengths / 3.0), replace(mode, lengths=mode.lengths * 3.0, noise=1e-2)]
    return fit(objective, starts if start is None else [start, *starts], evaluations).hyperparameters


def _condition(embedding: Embedding, data: Data, fitted: Fitted, *, fitted_now: bool) -> Learned:
    top, targets = _targets(data, fitted.power)
    features = features_of(embedding, data)
    success = None
    if fitted.success is not None:
        success = Posterior(*_labelled(embedding, data), fitted.success, embedding.groups)
    return Learned(
        Posterior(features, targets, fitted.objective, embedding.groups, data.levels),
        success,
        top,
        float(data.losses.max(initial=-np.inf)) if len(data.losses) else np.finfo(np.float64).max,
        fitted,
        fitted_now,
    )


def features_of(embedding: Embedding, data: Data) -> Array:
    """The features of the observations, with their budgets where there are several."""
    if data.budgets is None or not isinstance(embedding, WithBudget):
        return embedding.features(data.points)
    return embedding.at(data.points, data.budgets.decades)


def about_budgets(data: Data, h: Hyperparameters) -> dict[str, Any]:
    """Of each level, the highest first: its budget, the number of observations at it, and the correlation, as the
    model has it, of what is given there with what is given at the highest: [[81, 2, 1.0], [27, 6, 0.93]].
    """
    if data.budgets is None:
        return {}
    counts = np.bincount(data.budgets.levels, minlength=len(data.of_levels))
    decades = np.log10(data.of_levels) - np.log10(data.of_levels[0])
    alike = KERNELS[h.kernel]((decades / h.lengths[-1]) ** 2).value
    rows = zip(data.of_levels, counts.tolist(), alike.tolist(), strict=True)
    return {"budgets": [list(row) for row in rows]}


def _targets(data: Data, power: float) -> tuple[Targets, Array]:
    """The map of the losses at the highest budget, and what the model is given of all."""
    if not len(data.losses):
        return Targets(0.0, 1.0, 1.0, 0.0, 1.0), data.losses
    if data.levels is None:
        targets = Targets.of(data.losses, power)
        return targets, targets.forward(data.losses)
    by_level = LevelTargets.of(data.losses, data.levels, power)
    return by_level.of_level[0], by_level.forward(data.losses, data.levels)


def _widened(kept: Fitted, mode: Hyperparameters) -> Fitted:
    """What was fitted to one budget, where there are several now: the budget's length scale is that of its prior."""

    def wide(h: Hyperparameters) -> Hyperparameters:
        return replace(h, lengths=np.append(h.lengths, mode.lengths[len(h.lengths) :]))

    success = None if kept.success is None else wide(kept.success)
    return replace(kept, objective=wide(kept.objective), success=success)


def _labelled(embedding: Embedding, data: Data) -> tuple[Array, Array]:
    """The features of what succeeded and what failed, with labels 1 and -1."""
    sound = data.sound
    points = np.concatenate([sound, data.failed])
    labels = np.concatenate([np.ones(len(sound)), -np.ones(len(data.failed))])
    return embedding.features(points), labels
