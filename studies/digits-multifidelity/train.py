"""A small neural network on scikit-learn's digits that can be paused after any epoch and go on later.

All that the next epoch depends on is in the checkpoint: the model with its optimiser, the random state that shuffles
and augments the data, and the epoch. So training in several jobs ends, to the last bit, as training in one;
`hpotune check-resume` checks that.

Run by hand (`python train.py`) it trains for 27 epochs with the defaults below, and saves nothing.
"""

import json
import os
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

EPOCHS = 27
DEFAULTS = {"lr": 1e-3, "hidden": 64, "alpha": 1e-4, "batch": 64, "activation": "relu", "noise": 0.2}


def load_data():
    features, labels = load_digits(return_X_y=True)
    x_train, x_val, y_train, y_val = train_test_split(features, labels, test_size=0.3, random_state=0, stratify=labels)
    scaler = StandardScaler().fit(x_train)
    return scaler.transform(x_train), scaler.transform(x_val), y_train, y_val


class Training:
    """The whole state of a training, and nothing beside it: this is what a checkpoint holds."""

    def __init__(self, config, seed):
        self.epoch = 0
        self.noise = config["noise"]
        self.random = np.random.default_rng(seed)
        self.model = MLPClassifier(
            hidden_layer_sizes=(config["hidden"],),
            activation=config["activation"],
            alpha=config["alpha"],
            batch_size=config["batch"],
            learning_rate_init=config["lr"],
            random_state=np.random.RandomState(seed),  # the model draws on it in every epoch, and keeps it
        )

    def train_epoch(self, features, labels):
        noisy = features + self.noise * self.random.standard_normal(features.shape)
        self.model.partial_fit(noisy, labels, classes=range(10))
        self.epoch += 1


def save(training, path):
    """Write beside the old checkpoint, then put in its place: a kill at any moment leaves one that is whole."""
    unfinished = path.with_suffix(".part")
    joblib.dump(training, unfinished)
    unfinished.replace(path)


def main():
    config = DEFAULTS | json.loads(os.environ.get("HPOTUNE_CONFIG", "{}"))
    seed = int(os.environ.get("HPOTUNE_SEED", "0"))
    last = int(os.environ.get("HPOTUNE_BUDGET", EPOCHS))
    folder = os.environ.get("HPOTUNE_CHECKPOINT_DIR")
    checkpoint = Path(folder) / "training.joblib" if folder else None

    x_train, x_val, y_train, y_val = load_data()
    if checkpoint and checkpoint.exists():  # of an earlier job, or of an attempt at this one that was cut off
        training = joblib.load(checkpoint)
    else:
        training = Training(config, seed)

    while training.epoch < last:
        training.train_epoch(x_train, y_train)
        if checkpoint:
            save(training, checkpoint)  # before the report: what was told of can be gone on from
        accuracy = round(float(training.model.score(x_val, y_val)), 6)
        print(json.dumps({"epoch": training.epoch, "val_accuracy": accuracy}), flush=True)


if __name__ == "__main__":
    main()
