"""Models that Keras and digitnet can both build, and how two of them are compared."""

import numpy as np
import pytest

from digitnet.models import Sequential

INPUT = (2, 3)
SPARSE = "sparse_categorical_crossentropy"


def every_layer(library):
    """One of each layer, and of each setting that both have."""
    layers = library.layers
    return [
        layers.Rescaling(0.5, offset=0.25),
        layers.Flatten(name="flat"),
        layers.Dense(6, "gelu", kernel_regularizer=library.regularizers.L2(0.125)),
        layers.LeakyReLU(0.1),
        layers.Dropout(0.2),
        layers.Dense(5, use_bias=False, bias_initializer="ones", name="middle",
                     kernel_constraint=library.constraints.MaxNorm(0.75)),
        layers.ELU(0.7),
        layers.Dense(5, "elu", kernel_initializer=library.initializers.HeNormal(seed=3)),
        layers.ReLU(),
        layers.Activation("tanh"),
        layers.Dense(3),
        layers.Softmax(),
    ]  # fmt: skip


def mlp(library, activation="relu", outputs=3, last="softmax"):
    layers = library.layers
    return [layers.Flatten(), layers.Dense(7, activation), layers.Dense(outputs, last)]


def samples(loss, outputs):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((24, *INPUT)).astype(np.float32)
    labels = rng.integers(max(outputs, 2), size=24)
    if loss == SPARSE:
        return x, labels.astype(np.int32)
    if outputs == 1:
        return x, labels.astype(np.float32)[:, np.newaxis]
    return x, np.eye(outputs, dtype=np.float32)[labels]


def fitted(library, layers, optimizer, loss, metrics, epochs=2):
    """Return a model of the library, trained, and the samples it saw."""
    library.utils.set_random_seed(3)
    model = library.Sequential([library.layers.Input(INPUT), *layers(library)], name="both")
    model.compile(optimizer, loss=loss, metrics=metrics)
    x, y = samples(loss, model.output_shape[-1])
    model.fit(x, y, batch_size=8, epochs=epochs, verbose=0)
    return model, x, y


def state_of(model):
    """Return weights, slots (each a list of arrays) and the steps of a model of either library.

    Keras keeps the learning rate among them unless a schedule says it, and all slots of a weight
    next to each other.
    """
    if isinstance(model, Sequential):
        return model.get_weights(), model._core.get_slots(), model.optimizer.iterations
    variables = [np.asarray(v.numpy()) for v in model.optimizer.variables]
    weights = model.get_weights()
    kept = [v for v in variables if v.ndim]
    slots = [kept[i :: len(kept) // len(weights)] for i in range(len(kept) // len(weights))]
    return weights, slots, int(variables[0])


def assert_same(left, right, x, y):
    """Weights and state to the bit; outputs, loss, metrics and the next steps nearly."""
    np.testing.assert_equal(state_of(left), state_of(right))
    outputs = [model.predict(x, verbose=0) for model in (left, right)]
    np.testing.assert_allclose(*outputs, rtol=0, atol=1e-6)
    scores = [model.evaluate(x, y, verbose=0, return_dict=True) for model in (left, right)]
    assert sorted(scores[0]) == sorted(scores[1])
    for name, value in scores[0].items():
        assert scores[1][name] == pytest.approx(value, abs=2e-6), name
