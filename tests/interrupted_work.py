"""The work that test_interrupts.py interrupts, and what must hold of its model then."""

from __future__ import annotations

import tempfile

import numpy as np

STEPS, BATCH = 4, 16  # of the small training


def digits(dtype=np.uint8, rows=60_000):
    """Return what looks like MNIST to the core: a fifth of the pixels is not 0."""
    rng = np.random.default_rng(0)
    x = rng.integers(1, 256, (rows, 784), dtype=np.uint8)
    x[rng.random(x.shape, np.float32) < 0.8] = 0
    return x.astype(dtype), rng.integers(10, size=rows)


def network(*units, optimizer="sgd"):
    from digitnet.layers import Dense, Input, Rescaling
    from digitnet.models import Sequential

    hidden = [Dense(n, "relu") for n in units]
    layers = [Input((784,)), Rescaling(1 / 255), *hidden, Dense(10, "softmax")]
    model = Sequential(layers, device="cpu")
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def small(optimizer="adam"):
    """Return a model whose every step is a moment's work, and its data."""
    from digitnet.layers import Dense, Dropout, Input
    from digitnet.models import Sequential
    from digitnet.utils import set_random_seed

    set_random_seed(1)
    rng = np.random.default_rng(2)
    model = Sequential([Input((6,)), Dense(9, "relu"), Dropout(0.3), Dense(3, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = rng.standard_normal((STEPS * BATCH, 6)).astype(np.float32)
    return model, x, rng.integers(3, size=len(x))


def state_of(model):
    core = model._core
    arrays = [*core.get_weights(), *(array for slot in core.get_slots() for array in slot)]
    return [array.tobytes() for array in arrays], core.iterations, model.optimizer.iterations


def after(steps):
    """Return the state of the small training after so many steps that nobody interrupted."""
    from digitnet.callbacks import LambdaCallback

    def stop(batch, logs):
        model.stop_training = model._core.iterations == steps

    model, x, y = small()
    hook = LambdaCallback(on_train_batch_end=stop)
    if steps // STEPS:
        model.fit(x, y, BATCH, epochs=steps // STEPS, verbose=0)
    if steps % STEPS:
        model.fit(x, y, BATCH, epochs=1, verbose=0, callbacks=[hook])
    return state_of(model)


def check_count(model):
    """Raise unless every step was counted."""
    _, made, counted = state_of(model)
    assert made == counted, f"{made} steps, {counted} counted"


def check_small(model, x, y):
    """Raise unless the interrupted model is what as many steps make of it, and can go on."""
    from digitnet.callbacks import History

    state, history = state_of(model), model.history or History()
    assert state == after(state[1]), f"{state[1:]} steps"
    lengths = {len(values) for values in history.history.values()}
    assert lengths <= {len(history.epoch)}, (lengths, len(history.epoch))
    finished = state[1] // STEPS
    assert finished - 1 <= len(history.epoch) <= finished, (finished, len(history.epoch))
    model.fit(x, y, BATCH, epochs=1, verbose=0)


def augmented(kind, x, y):
    """Return changed copies of all images, or an epoch on them, as ``work_of``."""
    from digitnet.augmentation import ElasticDistortion, ImageAugmentation

    augment = ImageAugmentation(
        shift=0.08, rotation=15, scale=0.1, elastic=ElasticDistortion(), image_shape=(28, 28)
    )
    if not kind.startswith("fit"):
        return lambda: augment(x), lambda: None
    model = network(500)
    return (
        lambda: model.fit(x, y, 500, epochs=10**6, verbose=0, augmentation=augment),
        lambda: check_count(model),
    )


def work_of(kind, argument):
    """Return what to do until the interrupt comes, and what to check then."""
    from digitnet.callbacks import LambdaCallback

    hook = LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    if kind.startswith("small"):
        callbacks = [hook] if "batches" in kind else []
        current = []

        def train():
            current.clear()
            current[:] = small()
            model, x, y = current
            model.fit(x, y, BATCH, epochs=10**6, verbose=0, callbacks=callbacks)

        return train, lambda: check_small(*current) if current else None
    if kind.startswith("train_on_batch"):
        model, x, y = small()

        def steps():
            for _ in range(10**9):
                model.train_on_batch(x, y)

        return steps, lambda: check_count(model)
    if kind.startswith("download"):
        from digitnet.datasets.download import download

        def fetch():
            with tempfile.TemporaryDirectory() as folder:
                url = f"{argument}/{kind.split()[1]}"
                download("file.gz", [url], folder, max_bytes=10**6, verify=len, backoff=5)

        return fetch, lambda: None
    dtype = np.dtype(kind.split()[-1])
    x, y = digits(dtype)
    if "augmentation" in kind:
        return augmented(kind, x, y)
    model = network(2000, 2000) if "wide" in kind else network(500)
    if kind.startswith("fit"):
        size = 256 if "wide" in kind else 500
        return lambda: model.fit(x, y, size, epochs=10**6, verbose=0), lambda: check_count(model)
    if kind.startswith("evaluate"):
        return lambda: model.evaluate(x, y, verbose=0), lambda: None
    return lambda: model.predict(x), lambda: None
