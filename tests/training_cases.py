"""A small training that callbacks' tests share, with momentum, dropout and shuffling on."""

import numpy as np

from digitnet.callbacks import Callback
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
    arrays = [*core.get_weights(), *(array for slot in core.get_slots() for array in slot)]
    counts = (core.iterations, core.epochs, core.seed, model.optimizer.iterations)
    return [a.tobytes() for a in arrays], counts, model.optimizer.get_config()


X, Y = data_of()
BATCHES = [(X[i : i + BATCH], Y[i : i + BATCH]) for i in range(0, SAMPLES, BATCH)]
STEPS = len(BATCHES)


class Stop(Exception):
    """Interrupts a training."""


class Fails(Callback):
    """Raises `Stop` at a hook, the first time it gets so far."""

    def __init__(self, hook, *numbers):
        super().__init__()
        self.epoch = 0
        self.numbers = list(numbers)
        setattr(self, hook, self.fail)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def fail(self, number, logs=None):
        where = [self.epoch, number] if len(self.numbers) == 2 else [number]
        if self.numbers == where:
            raise Stop


def fit(model, callbacks, source="arrays", **kwargs):
    settings = {"epochs": 6, "verbose": 0, "callbacks": callbacks} | kwargs
    if source == "arrays":
        return model.fit(X, Y, batch_size=BATCH, validation_data=(X[:20], Y[:20]), **settings)
    return model.fit(BATCHES if source == "list" else Loader(), **settings)


class Loader:
    """Batches that can be asked for again and again, but not by number."""

    def __iter__(self):
        return iter(BATCHES)
