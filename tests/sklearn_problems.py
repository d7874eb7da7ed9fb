"""Samples and targets of every kind that the estimators take."""

import numpy as np

N = 40
STILL = 1e-30  # a learning rate that changes no weight


def problem(kind, rng):
    """Samples and targets of a kind, and the names of the two estimators for them."""
    x = rng.standard_normal((N, 5))
    targets = {
        "binary": (x[:, 0] > 0).astype(int),
        "multiclass": (x[:, :3]).argmax(axis=1),
        "multilabel": (x[:, :3] > 0).astype(int),
        "regression": x[:, 0] - x[:, 1] ** 2,
        "multioutput": x[:, :3] ** 2,
    }
    name = "MLPRegressor" if kind in ("regression", "multioutput") else "MLPClassifier"
    return x, targets[kind], name


def first_classes(kind, y):
    return {"classes": np.unique(y)} if kind in ("binary", "multiclass") else {}
