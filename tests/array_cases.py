"""Samples, labels and a model that tests of data in several forms share."""

import numpy as np

from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD

ROWS, SHAPE = 37, (5, 7)
LABELS = np.random.default_rng(1).integers(3, size=ROWS)


def model_of():
    model = Sequential([Input(SHAPE), Flatten(), Dense(9, "relu"), Dense(3, "softmax")])
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    model._seed = model._core.seed = 5
    model.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def digits(rng):
    """Return samples that every dtype can hold: 0 … 100, a third of them 0."""
    return rng.integers(0, 101, (ROWS, *SHAPE)) * (rng.random((ROWS, *SHAPE)) > 0.3)


def results(x, y=LABELS, **kwargs):
    """Return the bits of a training, a test and a prediction."""
    model = model_of()
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0, **kwargs)
    scores = model.evaluate(x, y, verbose=0)
    outputs = model.predict(x)
    weights = [w.tobytes() for w in model.get_weights()]
    return weights, history.history, scores, outputs.tobytes()
