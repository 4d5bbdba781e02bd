"""BoTorch, put together as its documentation recommends: SingleTaskGP at its defaults and qLogNoisyExpectedImprovement,
pending points given to it, after a scrambled Sobol design of twice the dimensions, at most ten points.

Choices without an order make it a MixedSingleTaskGP, and `optimize_acqf_mixed_alternating` its optimiser; else it is
`optimize_acqf`. A constraint cannot be given to either as it is: there the acquisition is maximised over feasible
draws and ever smaller perturbations of the best of them. An inactive parameter stands at its middle, or its first
choice. Of failed trials it knows nothing; their points stay pending, as Ax keeps those it has abandoned.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch
from botorch.acquisition import AcquisitionFunction
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import MixedSingleTaskGP, SingleTaskGP
from botorch.optim import optimize_acqf, optimize_acqf_mixed_alternating
from botorch.optim.optimize_mixed import MAX_DISCRETE_VALUES
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch.quasirandom import SobolEngine

from search_bench.problem import Config, Spec, completed, from_unit, scaled, to_unit
from search_bench.tools import Pending, Setting, Tool

DRAWS, ROUNDS = 2048, 4
RESTARTS = 4  # of the mixed optimiser; its default, 20, takes up to a minute a suggestion on one core


def make(tool: str, setting: Setting) -> Tool:
    """The tool."""
    del tool
    return Botorch(setting)


class Botorch:
    """A loop of fit and optimise. Points are rows of [0, 1], but for categories: the number of the choice."""

    soft_constraints = False

    def __init__(self, setting: Setting) -> None:
        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        torch.manual_seed(setting.seed)
        torch.set_default_dtype(torch.float64)
        self._setting = setting
        self._specs = list(setting.space.items())
        self._design = SobolEngine(len(self._specs), scramble=True, seed=setting.seed)
        self._initial = min(2 * len(self._specs), 10)
        self._categories = [i for i, (_, spec) in enumerate(self._specs) if spec["type"] == "categorical"]
        highs = [len(spec["choices"]) - 1 if spec["type"] == "categorical" else 1 for _, spec in self._specs]
        self._bounds = torch.tensor([[0.0] * len(highs), [float(high) for high in highs]])
        self._pending = Pending()
        self._out: list[Any] = []
        self._x: list[Any] = []
        self._y: list[float] = []

    def ask(self) -> Config:
        """A point of the design, then the maximum of the acquisition."""
        if self._initial > 0:
            self._initial -= 1
            config = self._from_design()
        elif len(self._y) < 2:
            config = self._from_design()  # nothing to fit yet: what there was has failed or is still out
        else:
            config = self._decoded(self._maximum(self._acquisition()))
        point = self._point(config)
        self._pending.put(config, point)
        self._out.append(point)
        return config

    def tell(self, config: Config, loss: float) -> None:
        """Note the negative loss."""
        point = self._pending.take(config)
        if math.isfinite(loss):
            self._out = [each for each in self._out if each is not point]
            self._x.append(point)
            self._y.append(-loss)

    def _from_design(self) -> Config:
        while True:
            config = self._at(self._design.draw(1)[0].tolist())
            if self._feasible(config):
                return config

    def _at(self, row: list[float]) -> Config:
        places = dict(zip((name for name, _ in self._specs), row, strict=True))
        return completed(self._setting.space, lambda name, spec: from_unit(spec, places[name]))

    def _feasible(self, config: Config) -> bool:
        return all(constraint.holds(config) for constraint in self._setting.constraints)

    def _acquisition(self) -> AcquisitionFunction:
        x, y = torch.stack(self._x), torch.tensor(self._y)[:, None]
        model = MixedSingleTaskGP(x, y, cat_dims=self._categories) if self._categories else SingleTaskGP(x, y)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        pending = torch.stack(self._out) if self._out else None
        return qLogNoisyExpectedImprovement(model, x, X_pending=pending, prune_baseline=True)

    def _maximum(self, acquisition: AcquisitionFunction) -> Any:
        if self._setting.constraints:
            return self._best_draw(acquisition)
        discrete = {i: values for i, (_, spec) in enumerate(self._specs) if (values := steps(spec))}
        if not self._categories and not discrete:
            point, _ = optimize_acqf(acquisition, self._bounds, q=1, num_restarts=10, raw_samples=512)
        else:
            categories = {i: list(range(len(self._specs[i][1]["choices"]))) for i in self._categories}
            effort = {"num_restarts": RESTARTS, "raw_samples": 256}
            point, _ = optimize_acqf_mixed_alternating(acquisition, self._bounds, discrete, categories, **effort)
        return point[0]

    def _best_draw(self, acquisition: AcquisitionFunction) -> Any:
        points = torch.rand(DRAWS, len(self._specs)) * self._bounds[1]
        best = None
        for step in range(ROUNDS):
            kept = [point for point in points if self._feasible(self._decoded(point))]
            candidates = torch.stack(kept if best is None else [best, *kept])
            with torch.no_grad():
                best = candidates[acquisition(candidates[:, None, :]).argmax()]
            moved = best + 0.1 * 0.2**step * torch.randn(DRAWS // 8, len(self._specs))
            points = torch.minimum(moved.clamp(min=0), self._bounds[1])
        return best

    def _point(self, config: Config) -> Any:
        return torch.tensor([_coordinate(spec, config.get(name)) for name, spec in self._specs])

    def _decoded(self, point: Any) -> Config:
        values = dict(zip((name for name, _ in self._specs), point.tolist(), strict=True))

        def value_of(name: str, spec: Spec) -> Any:
            if spec["type"] == "categorical":
                return spec["choices"][round(values[name])]
            if places := steps(spec):
                return _steps_of(spec)[min(range(len(places)), key=lambda i: abs(places[i] - values[name]))]
            return from_unit(spec, values[name])

        return completed(self._setting.space, value_of)


def _coordinate(spec: Spec, value: Any) -> float:
    if spec["type"] == "categorical":
        return 0.0 if value is None else float(spec["choices"].index(value))
    if value is None:
        return 0.5
    values = steps(spec)
    return values[_steps_of(spec).index(value)] if values else to_unit(spec, value)


def steps(spec: Spec) -> list[float]:
    """The coordinates of the values, from 0 to 1, if they are few; more are optimised as if real, and rounded."""
    values = _steps_of(spec)
    if not values:
        return []
    places = range(len(values)) if "choices" in spec else [scaled(spec, value) for value in values]
    return [(place - places[0]) / (places[-1] - places[0]) for place in places]


def _steps_of(spec: Spec) -> list[Any]:
    if spec["type"] == "ordinal":
        return list(spec["choices"])
    few = spec["type"] == "int" and spec["high"] - spec["low"] < MAX_DISCRETE_VALUES
    return list(range(spec["low"], spec["high"] + 1)) if few else []
