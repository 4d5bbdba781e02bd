"""Live learning curves: scikit-learn models trained epoch by epoch on its digits, deterministic, and quick."""

from __future__ import annotations

import functools
import json
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from search_bench.problem import Config, Space

from mf_bench.problem import Problem

EPOCHS = 27
KEPT = 2000  # curves, each with its model, which may have to go on


def live() -> list[Problem]:
    """All of them."""
    network: Space = {
        "hidden": {"type": "int", "low": 4, "high": 64, "log": True},
        "learning_rate_init": {"type": "float", "low": 1e-5, "high": 1.0, "log": True},
        "alpha": {"type": "float", "low": 1e-6, "high": 1e1, "log": True},
        "batch_size": {"type": "ordinal", "choices": [16, 32, 64, 128]},
        "activation": {"type": "categorical", "choices": ["relu", "tanh", "logistic"]},
        "solver": {"type": "categorical", "choices": ["adam", "sgd"]},
        "beta_1": {"type": "float", "low": 0.5, "high": 0.99, "when": [("solver", ["adam"])]},
        "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": [("solver", ["sgd"])]},
    }
    linear: Space = {
        "loss": {"type": "categorical", "choices": ["hinge", "log_loss", "modified_huber", "perceptron"]},
        "penalty": {"type": "categorical", "choices": ["l2", "l1", "elasticnet"]},
        "l1_ratio": {"type": "float", "low": 0.0, "high": 1.0, "when": [("penalty", ["elasticnet"])]},
        "alpha": {"type": "float", "low": 1e-7, "high": 1e-1, "log": True},
        "learning_rate": {"type": "categorical", "choices": ["constant", "invscaling"]},
        "eta0": {"type": "float", "low": 1e-5, "high": 1e1, "log": True},
        "power_t": {"type": "float", "low": 0.0, "high": 1.0, "when": [("learning_rate", ["invscaling"])]},
    }
    return [trained("digits_mlp", network, _network), trained("digits_sgd", linear, _linear)]


def trained(name: str, space: Space, epochs: Callable[[Config], Iterator[float]]) -> Problem:
    """A problem whose losses are those of a training, epoch by epoch."""

    @functools.lru_cache(maxsize=KEPT)
    def curve(spelt: str) -> Curve:
        return Curve(epochs(json.loads(spelt)))

    def loss(config: Config, budget: float, seed: int = 0) -> float:
        del seed  # deterministic
        return curve(json.dumps(config, sort_keys=True)).at(int(budget))

    def score(config: Config) -> float:
        found = loss(config, EPOCHS)
        return found if math.isfinite(found) else math.inf

    return Problem(name, space, 1, EPOCHS, loss, score)


class Curve:
    """The losses of a training that goes on as far as it is asked for."""

    def __init__(self, epochs: Iterator[float]) -> None:
        self._epochs = epochs
        self._losses: list[float] = []

    def at(self, epoch: int) -> float:
        """The loss after an epoch, from 1."""
        while len(self._losses) < epoch:
            self._losses.append(next(self._epochs, math.nan))
        return self._losses[epoch - 1]


@functools.cache
def _data() -> tuple[Any, Any, Any, Any]:
    """Inputs and classes to train on, and to validate on."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - heavy, and only the live problems need it

    inputs, classes = load_digits(return_X_y=True)
    shuffled = np.random.default_rng(0).permutation(len(inputs))
    inputs, classes = inputs[shuffled] / 16, classes[shuffled]
    return inputs[:600], classes[:600], inputs[600:1500], classes[600:1500]


def _network(config: Config) -> Iterator[float]:
    """The log loss of a network with one hidden layer."""
    from sklearn.metrics import log_loss  # noqa: PLC0415
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    rest = {name: value for name, value in config.items() if name != "hidden"}
    model = MLPClassifier((config["hidden"],), **rest, random_state=0)
    yield from _epochs(model, lambda found, true: log_loss(true, found), "predict_proba")


def _linear(config: Config) -> Iterator[float]:
    """The error of a linear classifier."""
    from sklearn.linear_model import SGDClassifier  # noqa: PLC0415

    model = SGDClassifier(**config, random_state=0)
    yield from _epochs(model, lambda found, true: float(np.mean(found != true)), "predict")


def _epochs(model: Any, measure: Callable[[Any, Any], float], predict: str) -> Iterator[float]:
    """Losses after each epoch, until the training breaks down."""
    inputs, classes, further, true = _data()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # overflow: a property of the configuration
        for _ in range(EPOCHS):
            try:
                model.partial_fit(inputs, classes, classes=np.arange(10))
                loss = measure(getattr(model, predict)(further), true)
            except (ValueError, FloatingPointError):  # its weights are no longer finite
                return
            if not math.isfinite(loss):
                return
            yield float(loss)
