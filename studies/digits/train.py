"""A small neural network on scikit-learn's handwritten digits, trained epoch by epoch.

Run by hand (`python train.py`) it trains with the defaults below. Under hpotune the configuration comes in through the
environment, and the line printed after every epoch is what hpotune reads.
"""

import json
import os
from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

EPOCHS = 12
DEFAULTS = {"lr": 1e-3, "hidden": 64, "alpha": 1e-4, "batch": 64, "activation": "relu", "optimizer": "adam"}


def load_data():
    features, labels = load_digits(return_X_y=True)
    x_train, x_val, y_train, y_val = train_test_split(features, labels, test_size=0.3, random_state=0, stratify=labels)
    scaler = StandardScaler().fit(x_train)
    return scaler.transform(x_train), scaler.transform(x_val), y_train, y_val


def build_model(config, seed):
    return MLPClassifier(
        hidden_layer_sizes=(config["hidden"],),
        activation=config["activation"],
        solver=config["optimizer"],
        alpha=config["alpha"],
        batch_size=config["batch"],
        learning_rate_init=config["lr"],
        momentum=config.get("momentum", 0.9),  # read by sgd alone
        random_state=seed,
    )


def main():
    config = DEFAULTS | json.loads(os.environ.get("HPOTUNE_CONFIG", "{}"))
    seed = int(os.environ.get("HPOTUNE_SEED", "0")) % 2**32
    last = int(float(os.environ.get("HPOTUNE_BUDGET") or EPOCHS))
    done = int(float(os.environ.get("HPOTUNE_PREVIOUS_BUDGET") or 0))
    checkpoints = Path(os.environ.get("HPOTUNE_CHECKPOINT_DIR", "."))

    x_train, x_val, y_train, y_val = load_data()
    if done > 0 and (checkpoints / f"epoch-{done}.joblib").exists():
        model = joblib.load(checkpoints / f"epoch-{done}.joblib")
    else:
        model, done = build_model(config, seed), 0

    for epoch in range(done + 1, last + 1):
        model.partial_fit(x_train, y_train, classes=range(10))
        scores = {
            "train_loss": round(float(model.loss_), 6),
            "val_loss": round(float(log_loss(y_val, model.predict_proba(x_val))), 6),
            "val_accuracy": round(float(model.score(x_val, y_val)), 6),
        }
        print(json.dumps({"epoch": epoch, **scores}), flush=True)

    # With a budget, the training may be taken up again from here.
    if os.environ.get("HPOTUNE_BUDGET") and "HPOTUNE_CHECKPOINT_DIR" in os.environ:
        unfinished = checkpoints / f"epoch-{last}.joblib.part"
        joblib.dump(model, unfinished)
        unfinished.replace(checkpoints / f"epoch-{last}.joblib")


if __name__ == "__main__":
    main()
