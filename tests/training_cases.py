"""A small training that callbacks' tests share: momentum, dropout and shuffling on."""

import numpy as np

from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD

SAMPLES, BATCH = 50, 16  # three whole batches and a short one


def data_of(seed=3):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((SAMPLES, 6)).astype(np.float32)
    return x, (np.abs(x[:, :3]).argmax(axis=1)).astype(np.int64)


def model_of(seed=5, rate=0.1, metrics=("accuracy",)):
    """Return a model with the same weights and random streams at every call."""
    model = Sequential([Input((6,)), Dense(9, "relu"), Dropout(0.3), Dense(3, "softmax")])
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    model._seed = model._core.seed = seed
    model.compile(
        SGD(rate, momentum=0.9, nesterov=True, weight_decay=0.001),
        "sparse_categorical_crossentropy",
        metrics=list(metrics),
    )
    return model


def state_of(model):
    """Return all that decides how the training goes on, for comparison to the bit."""
    core = model._core
    arrays = [*core.get_weights(), *core.get_velocity()]
    counts = (core.iterations, core.epochs, core.seed, model.optimizer.iterations)
    return [a.tobytes() for a in arrays], counts, model.optimizer.get_config()
