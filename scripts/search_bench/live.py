"""Live trainings: scikit-learn models on its own small data, cross-validated, deterministic, and quick.

Nobody knows their optimum. `best` is the least loss that 250 random draws and ten rounds of local search after them
found; a table takes the least loss of all results in its place if that is lower.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from search_bench.problem import Config, Problem, Space


def live() -> list[Problem]:
    """All of them."""
    svm: Space = {
        "C": {"type": "float", "low": 1e-3, "high": 1e4, "log": True},
        "kernel": {"type": "categorical", "choices": ["linear", "poly", "sigmoid", "rbf"]},
        "gamma": {
            "type": "float",
            "low": 1e-5,
            "high": 1e1,
            "log": True,
            "when": [("kernel", ["poly", "sigmoid", "rbf"])],
        },
        "degree": {"type": "int", "low": 2, "high": 5, "when": [("kernel", ["poly"])]},
        "coef0": {"type": "float", "low": -2.0, "high": 2.0, "when": [("kernel", ["poly", "sigmoid"])]},
    }
    boosting: Space = {
        "learning_rate": {"type": "float", "low": 1e-3, "high": 1.0, "log": True},
        "n_estimators": {"type": "int", "low": 5, "high": 40, "log": True},
        "max_depth": {"type": "int", "low": 1, "high": 6},
        "subsample": {"type": "float", "low": 0.2, "high": 1.0},
        "min_samples_leaf": {"type": "int", "low": 1, "high": 50, "log": True},
        "loss": {"type": "categorical", "choices": ["squared_error", "absolute_error", "huber"]},
    }
    network: Space = {
        "hidden": {"type": "int", "low": 2, "high": 64, "log": True},
        "alpha": {"type": "float", "low": 1e-6, "high": 1e1, "log": True},
        "activation": {"type": "categorical", "choices": ["relu", "tanh", "logistic"]},
        "solver": {"type": "categorical", "choices": ["adam", "sgd"]},
        "learning_rate_init": {"type": "float", "low": 1e-5, "high": 1.0, "log": True},
        "batch_size": {"type": "ordinal", "choices": [8, 16, 32, 64]},
        "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": [("solver", ["sgd"])]},
    }
    return [
        Problem("digits_svm", "live", svm, _digits_svm, BEST["digits_svm"]),
        Problem("diabetes_gbrt", "live", boosting, _diabetes_gbrt, BEST["diabetes_gbrt"]),
        Problem("wine_mlp", "live", network, _wine_mlp, BEST["wine_mlp"]),
    ]


BEST = {"digits_svm": 0.02333333333, "diabetes_gbrt": 54.426126, "wine_mlp": 0.032096}


@functools.cache
def _data(name: str) -> tuple[Any, Any]:
    """Inputs, standardised, and targets, in a random order that is always the same."""
    from sklearn import datasets  # noqa: PLC0415 - heavy, and only the live problems need it

    inputs, targets = getattr(datasets, f"load_{name}")(return_X_y=True)
    shuffled = np.random.default_rng(0).permutation(len(inputs))[:600]
    inputs, targets = inputs[shuffled], targets[shuffled]
    return (inputs - inputs.mean(axis=0)) / (inputs.std(axis=0) + 1e-12), targets


def _validated(model: Any, name: str, scoring: str) -> float:
    """The mean score over three folds, made a loss."""
    from sklearn.model_selection import cross_val_score  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged in so few iterations: a property of the configuration
        return -float(np.mean(cross_val_score(model, *_data(name), cv=3, scoring=scoring)))


def _digits_svm(config: Config) -> float:
    from sklearn.svm import SVC  # noqa: PLC0415

    return _validated(SVC(**config, max_iter=2000), "digits", "accuracy") + 1


def _diabetes_gbrt(config: Config) -> float:
    from sklearn.ensemble import GradientBoostingRegressor  # noqa: PLC0415

    model = GradientBoostingRegressor(**config, random_state=0)
    return _validated(model, "diabetes", "neg_root_mean_squared_error")


def _wine_mlp(config: Config) -> float:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    hidden = (config["hidden"],)
    rest = {name: value for name, value in config.items() if name != "hidden"}
    model = MLPClassifier(hidden, **rest, max_iter=15, random_state=0)
    return _validated(model, "wine", "neg_log_loss")
