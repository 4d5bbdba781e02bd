#!/usr/bin/env python3
"""Train gradient boosted trees on the breast cancer data set."""

import argparse

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learning-rate", type=float, default=0.1, help="shrinkage of each tree")
    parser.add_argument("--n-estimators", type=int, default=100, help="number of trees")
    parser.add_argument("--max-depth", type=int, default=3, help="depth of each tree")
    parser.add_argument("--subsample", type=float, default=1.0, help="share of the rows that each tree sees")
    parser.add_argument(
        "--max-features", choices=["all", "sqrt", "log2"], default="all", help="features tried at a split"
    )
    parser.add_argument("--no-stratify", action="store_true", help="split without regard to the classes")
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    return parser.parse_args()


def main():
    args = parse_args()
    data = load_breast_cancer()
    x_train, x_test, y_train, y_test = train_test_split(
        data.data,
        data.target,
        test_size=0.3,
        random_state=0,
        stratify=None if args.no_stratify else data.target,
    )
    model = GradientBoostingClassifier(
        learning_rate=args.learning_rate,
        n_estimators=args.n_estimators,
        max_depth=args.max_depth,
        subsample=args.subsample,
        max_features=None if args.max_features == "all" else args.max_features,
        random_state=args.seed,
    )
    model.fit(x_train, y_train)
    print(f"Train accuracy: {accuracy_score(y_train, model.predict(x_train)):.4f}")
    print(f"Test accuracy: {accuracy_score(y_test, model.predict(x_test)):.4f}")


if __name__ == "__main__":
    main()
