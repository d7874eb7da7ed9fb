"""Model files between digitnet and Keras itself, in both directions: the same bits, outputs, steps.

Outputs may differ by the rounding of float32 sums, 1e-6; weights, velocities and counters may not.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import digitnet as dn
from digitnet.models import Sequential, load_model
from keras_files import CONFIG, member

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = [name for name in ("jax", "tensorflow", "torch") if importlib.util.find_spec(name)]
INPUT = (2, 3)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning"),  # of Keras under NumPy 2
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64"),  # of JAX
]


@pytest.fixture(scope="module")
def keras():
    """Return Keras on the first backend that is installed, or on the one KERAS_BACKEND names."""
    if BACKENDS:
        os.environ.setdefault("KERAS_BACKEND", BACKENDS[0])
    pytest.importorskip("h5py")
    return pytest.importorskip("keras")


def every_layer(library):
    """One of each layer, and of each setting that both have."""
    layers = library.layers
    return [
        layers.Rescaling(0.5, offset=0.25),
        layers.Flatten(name="flat"),
        layers.Dense(6, "gelu", kernel_regularizer=library.regularizers.L2(0.125)),
        layers.LeakyReLU(0.1),
        layers.Dropout(0.2),
        layers.Dense(5, use_bias=False, bias_initializer="ones", name="middle"),
        layers.ELU(0.7),
        layers.Dense(5, "elu", kernel_initializer=library.initializers.HeNormal(seed=3)),
        layers.ReLU(),
        layers.Activation("tanh"),
        layers.Dense(3),
        layers.Softmax(),
    ]


def mlp(library, activation="relu", outputs=3, last="softmax"):
    layers = library.layers
    return [layers.Flatten(), layers.Dense(7, activation), layers.Dense(outputs, last)]


def optimizer(library, **settings):
    return library.optimizers.SGD(0.1, **settings)


SPARSE = "sparse_categorical_crossentropy"
CASES = {
    "every layer": (every_layer, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, SPARSE,
                    ["accuracy", "sparse_categorical_accuracy"]),
    "plain": (mlp, {}, SPARSE, ["acc"]),
    "momentum": (mlp, {"momentum": 0.5}, "categorical_crossentropy", ["accuracy", "mse", "mae"]),
    "one output": (lambda k: mlp(k, "tanh", 1, "sigmoid"), {}, "binary_crossentropy", ["accuracy"]),
    "regression": (lambda k: mlp(k, "silu", 2, None), {"weight_decay": 0.1}, "mae", ["mse"]),
    "huber": (lambda k: mlp(k, "softplus", 2, "linear"), {"momentum": 0.9}, "huber", []),
    "leaky": (lambda k: mlp(k, "leaky_relu", 2, "sigmoid"), {}, "mse", None),
}  # fmt: skip


def samples(loss, outputs):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((24, *INPUT)).astype(np.float32)
    labels = rng.integers(max(outputs, 2), size=24)
    if loss == SPARSE:
        return x, labels.astype(np.int32)
    if outputs == 1:
        return x, labels.astype(np.float32)[:, np.newaxis]
    return x, np.eye(outputs, dtype=np.float32)[labels]


def trained(library, case, epochs=2):
    """Return a model of the library, trained on the case's samples, and these."""
    layers, settings, loss, metrics = CASES[case]
    library.utils.set_random_seed(3)
    input_layer = library.layers.Input(INPUT)
    model = getattr(library, "Sequential")([input_layer, *layers(library)], name="both")  # noqa: B009
    model.compile(optimizer(library, **settings), loss=loss, metrics=metrics)
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


@pytest.mark.parametrize("case", CASES)
def test_keras_to_digitnet(keras, tmp_path, case):
    model, x, y = trained(keras, case)
    model.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    assert_same(ours, model, x, y)
    assert ours.name == model.name
    assert [layer.name for layer in ours.layers] == [layer.name for layer in model.layers]
    assert all(w.any() for w in ours.get_weights())


@pytest.mark.parametrize("case", CASES)
def test_digitnet_to_keras_and_back(keras, tmp_path, case):
    model, x, y = trained(dn, case)
    model.save(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert_same(model, theirs, x, y)
    theirs.save(tmp_path / "again.keras")
    again = load_model(tmp_path / "again.keras")
    assert_same(again, model, x, y)
    assert again.get_config() == model.get_config()
    assert again.optimizer.get_config() == model.optimizer.get_config()


@pytest.mark.parametrize("case", ["plain", "momentum", "regression", "huber"])
def test_training_goes_on_in_the_other_library(keras, tmp_path, case):
    """Without dropout, whose numbers differ, the next steps are the same on both sides."""
    model, x, y = trained(dn, case)
    model.save(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    for one in (model, theirs):
        one.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    for left, right in zip(model.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=5e-6)
    assert state_of(model)[2] == state_of(theirs)[2] == 15


@pytest.mark.parametrize("case", ["every layer", "regression"])
def test_weights_alone(keras, tmp_path, case):
    ours, theirs = trained(dn, case)[0], trained(keras, case)[0]
    expected = theirs.get_weights()
    assert not np.array_equal(ours.get_weights()[0], expected[0])
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    mine = Sequential.from_config(ours.get_config())
    mine.load_weights(tmp_path / "theirs.weights.h5")
    np.testing.assert_equal(mine.get_weights(), expected)
    ours.save_weights(tmp_path / "ours.weights.h5")
    new = keras.Sequential.from_config(theirs.get_config())
    new.load_weights(tmp_path / "ours.weights.h5")
    np.testing.assert_equal(new.get_weights(), ours.get_weights())


@pytest.mark.parametrize(
    "name", ["categorical_crossentropy", SPARSE, "binary_crossentropy", "mse", "mae", "huber"]
)
def test_losses_with_settings(keras, tmp_path, name):
    """As Keras writes objects of losses, and as it takes ours."""
    settings = {"categorical_crossentropy": {"from_logits": True, "label_smoothing": 0.25},
                SPARSE: {"from_logits": True}, "huber": {"delta": 2.0},
                "binary_crossentropy": {"from_logits": True, "label_smoothing": 0.5}}  # fmt: skip
    outputs = 3
    x, y = samples(name, outputs)
    for source in (dn, keras):
        loss = type(dn.losses.get(name)).__name__
        if source is keras and name == "huber":
            continue  # Keras 3.15 leaves delta out of its own files
        chosen = getattr(source.losses, loss)(**settings.get(name, {}), name="mine")
        metric = source.metrics.MeanSquaredError(name="distance")
        model = source.Sequential([source.layers.Input(INPUT), *mlp(source, "relu", outputs, None)])
        model.compile("sgd", chosen, metrics=[] if name == SPARSE else [metric])
        model.fit(x, y, verbose=0)
        model.save(tmp_path / "model.keras")
        reading = load_model if source is keras else keras.saving.load_model
        assert_same(reading(tmp_path / "model.keras"), model, x, y)


def test_a_functional_model(keras, tmp_path):
    inputs = keras.Input(INPUT)
    tensor = inputs
    for layer in every_layer(keras):
        tensor = layer(tensor)
    model = keras.Model(inputs, tensor, name="chain")
    model.compile("sgd", SPARSE, metrics=["accuracy"])
    x, y = samples(SPARSE, 3)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    assert_same(load_model(tmp_path / "model.keras"), model, x, y)


def test_functional_models_that_are_no_chain(keras, tmp_path):
    inputs = keras.Input((4,))
    shared = keras.layers.Dense(4)
    two = keras.layers.Dense(4)(inputs)
    for outputs in (keras.layers.Add()([inputs, two]), shared(shared(inputs)), [two, inputs]):
        keras.Model(inputs, outputs).save(tmp_path / "model.keras")
        with pytest.raises(ValueError, match=r"chain of layers|of a class that digitnet has"):
            load_model(tmp_path / "model.keras")


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
def test_inputs_of_other_types(keras, tmp_path, dtype):
    layers = keras.layers
    model = keras.Sequential([keras.Input((4,), dtype=dtype), layers.Rescaling(1 / 255),
                              layers.Dense(2)])  # fmt: skip
    model.save(tmp_path / "model.keras")
    x = np.arange(40).reshape(10, 4).astype(dtype)
    outputs = load_model(tmp_path / "model.keras").predict(x)
    np.testing.assert_allclose(outputs, model.predict(x, verbose=0), rtol=0, atol=1e-6)


def test_a_model_built_by_its_data(keras, tmp_path):
    """Without an Input; Keras then keeps the batch size of the first batch, too."""
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile("nadam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="without its compile settings: .*'Nadam'"):
        ours = load_model(tmp_path / "model.keras")
    assert ours.optimizer is None
    x = np.arange(15).reshape(5, 3) / 7
    np.testing.assert_allclose(ours.predict(x), model.predict(x, verbose=0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("state", ["uncompiled", "compiled", "unbuilt"])
def test_models_that_were_not_trained(keras, tmp_path, state):
    layers = [] if state == "unbuilt" else [keras.Input((3,))]
    model = keras.Sequential([*layers, keras.layers.Dense(2)])
    if state == "compiled":
        model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse")
    if state == "unbuilt":
        with pytest.warns(UserWarning, match="not yet been built"):
            model.save(tmp_path / "model.keras")
        with pytest.raises(ValueError, match="must be built"):
            load_model(tmp_path / "model.keras")
        return
    model.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    np.testing.assert_equal(ours.get_weights(), model.get_weights())
    assert (ours.optimizer is None) == (state == "uncompiled")


def test_keras_own_inspection_takes_our_files(keras, tmp_path):
    model = trained(dn, "every layer")[0]
    model.save(tmp_path / "model.keras")
    assert b'"Sequential"' in member((tmp_path / "model.keras").read_bytes(), CONFIG)
    editor = keras.saving.KerasFileEditor(str(tmp_path / "model.keras"))
    editor.delete_object("layers/dense_1")
    editor.save(str(tmp_path / "edited.weights.h5"))
    with pytest.raises(ValueError, match="another model"):
        model.load_weights(tmp_path / "edited.weights.h5")


def test_the_code_of_the_page_runs(keras, tmp_path):
    text = (ROOT / "docs/keras.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) >= 3
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        capture_output=True, text=True, timeout=300, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
