"""Bad settings of layers and models, models not ready, bad labels: the exception, its sentence."""

import numpy as np
import pytest

from digitnet import activations
from digitnet.layers import (
    ELU,
    Activation,
    Dense,
    Dropout,
    Flatten,
    Input,
    LeakyReLU,
    Rescaling,
    Softmax,
)
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import to_categorical

X = np.ones((6, 4), np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])


# --- settings


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dense(0), ValueError, "units must be a positive integer. Received: 0"),
        (lambda: Dense(2.5), TypeError, "units must be a positive integer"),
        (lambda: Dense(True), TypeError, "units must be a positive integer"),
        (lambda: Dense(10**30), ValueError, "units must be at most"),
        (lambda: Dense(3, "relo"), ValueError, "activation must be one of linear, relu.*'relo'"),
        (lambda: Dense(3, 5), TypeError, "activation must be a name or a function"),
        (lambda: Dense(3, np.tanh), ValueError, "activation must be a name or a function of digit"),
        (lambda: Dense(3, use_bias=1), TypeError, "use_bias must be True or False"),
        (lambda: Dense(3, kernel_initializer="best"), ValueError, "initializer must be one of"),
        (lambda: Dense(3, kernel_regularizer=0.1), TypeError, "regularizer must be a name"),
        (lambda: Dense(3, input_shape=784), TypeError, "input_shape must be a tuple"),
        (lambda: Dense(3, input_shape=()), ValueError, "input_shape must hold at least one size"),
        (lambda: Dense(3, input_shape=(None,)), TypeError, r"input_shape\[0\] must be a positive"),
        (lambda: Dense(3, input_dim=0), ValueError, "input_dim must be a positive integer"),
        (lambda: Dense(3, input_dim=4, input_shape=(4,)), ValueError, "say the same"),
        (lambda: Dense(3, name=""), ValueError, "name must not be empty"),
        (lambda: Dense(3, name="a\nb"), ValueError, "name must hold printable characters only"),
        (lambda: Input(784), TypeError, "shape must be a tuple"),
        (lambda: Input((2**20, 2**20)), ValueError, "shape must hold at most 1073741824 values"),
        (lambda: Dropout(1), ValueError, "rate must be a number >= 0 and < 1"),
        (lambda: Dropout(float("nan")), ValueError, "rate must be a number"),
        (lambda: Dropout("half"), TypeError, "rate must be a number"),
        (lambda: LeakyReLU(-0.1), ValueError, "negative_slope must be a number >= 0"),
        (lambda: ELU(float("inf")), ValueError, "alpha must be a number >= 0"),
        (lambda: Rescaling([1, 2]), TypeError, "scale must be a finite number"),
        (lambda: Rescaling(1, 1e39), ValueError, "offset must be a finite number"),
        (lambda: activations.relu("a"), TypeError, "x must be an array of real numbers"),
        (lambda: Sequential(device="tpu"), ValueError, "device must be one of 'auto'"),
        (lambda: Sequential(device=0), TypeError, "device must be a string"),
        (lambda: Sequential(name=3), TypeError, "name must be a string"),
        (lambda: Sequential(3), TypeError, r"layers must be a list of .*Received: 3 \(int\)"),
        (lambda: Sequential(Dense(3)), TypeError, r"layers must be a list of .*\(Dense\)"),
        (lambda: Sequential(["dense"]), TypeError, "layers must be objects of digitnet.layers"),
        (lambda: Sequential([Input((4,)), Input((4,))]), ValueError, "Input must be the first"),
        (lambda: Sequential([Dense(3), Input((4,))]), ValueError, "Input must be the first"),
        (lambda: Sequential([Input((4,)), Dense(3, input_dim=5)]), ValueError, "input_shape of '"),
        (lambda: Sequential([Input((4,)), Dense(3), Dense(2, input_dim=4)]), ValueError,
         r"must be \(3,\), what the layer before it gives"),
        (lambda: Sequential([Input((2, 2)), Dense(3)]), ValueError, r"put Flatten\(\) before"),
        (lambda: Sequential([Input((2, 2)), Softmax()]), ValueError, "softmax needs flat samples"),
        (lambda: Sequential([Dense(1, name="a"), Dense(1, name="a")]), ValueError, "must differ"),
        (lambda: Sequential([Dense(3)]).build((4,)), ValueError, "begin with the batch axis"),
        (lambda: Sequential.from_config({}), ValueError, "config must be a mapping with name"),
    ],
)  # fmt: skip
def test_bad_layers_and_models(make, error, message):
    with pytest.raises(error, match=message) as raised:
        make()
    assert "\n" not in str(raised.value)


def test_a_layer_belongs_to_one_model():
    layer = Dense(3)
    model = Sequential([Input((4,)), layer])
    for add in (lambda: Sequential([layer]), lambda: model.add(layer)):
        with pytest.raises(ValueError, match="stands in a model already"):
            add()
    assert Sequential([model.pop()]).layers == [layer]


def test_a_layer_that_does_not_fit_leaves_the_model():
    model = Sequential([Input((2, 2)), Flatten(), Dense(3)])
    before = model.get_weights()
    for wrong in (Dense(3, name="dense"), Dense(2, input_dim=7), 3):
        with pytest.raises((ValueError, TypeError)):
            model.add(wrong)
        assert len(model.layers) == 2
        np.testing.assert_equal(model.get_weights(), before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"optimizer": "adamm"}, ValueError, r"one of sgd, adam, adamw\. Rec.* 'adamm' \(did you"),
        ({"optimizer": 0.1}, TypeError, "optimizer must be a name"),
        ({"loss": "crossentropy"}, ValueError, "loss must be one of categorical_crossentropy"),
        ({"loss": np.mean}, TypeError, "loss must be a name"),
        ({"metrics": ["auc"]}, ValueError, "metric must be one of accuracy"),
        ({"metrics": "accuracy"}, TypeError, "metrics must be a list"),
        ({"metrics": ["sparse_categorical_accuracy"]}, ValueError, "reads class labels"),
        ({"loss": "sparse_categorical_crossentropy", "metrics": ["mse"]}, ValueError, "reads rows"),
    ],
)
def test_bad_compile_arguments(arguments, error, message):
    model = Sequential([Input((4,)), Dense(3)])
    model.compile(SGD(0.1, momentum=0.9), "mse")
    optimizer = model.optimizer
    with pytest.raises(error, match=message):
        model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    assert model.optimizer is optimizer


@pytest.mark.parametrize(
    ("labels", "classes", "error", "message"),
    [
        ([0, 3], 3, ValueError, r"integer labels in \[0, 3\)\. Received: 3 at position 1"),
        ([-1], None, ValueError, "integer labels in .*Received: -1 at"),
        ([0.5], None, ValueError, "integer labels in .*Received: 0.5 at"),
        ([np.nan], None, ValueError, "Received: nan"),
        ([np.inf], None, ValueError, "Received: inf"),
        ([], None, ValueError, "x must hold at least one label"),
        (["1"], None, TypeError, "x must be an array of real numbers"),
        ([[1], [1, 2]], None, ValueError, "x must be an array with rows of equal length"),
        ([2**40], None, ValueError, r"labels in \[0, 1073741824\)\. Received: 1099511627776"),
        ([2**64 - 1], None, ValueError, "Received: 18446744073709551615"),
        ([1], 2**31, ValueError, "num_classes must be at most 1073741824"),
        (np.zeros(2**16, int), 2**30, ValueError, "fit into memory. Received: 65536 labels of 107"),
        ([1], 0, ValueError, "num_classes must be a positive integer"),
        ([1], 2.5, TypeError, "num_classes must be a positive integer"),
    ],
)  # fmt: skip
def test_bad_labels_for_to_categorical(labels, classes, error, message):
    with pytest.raises(error, match=message):
        to_categorical(labels, classes)


def test_to_categorical():
    one_hot = to_categorical(np.array([0, 2], np.uint8), 3)
    assert one_hot.dtype == np.float64
    assert one_hot.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert to_categorical([[0.0], [2.0]]).tolist() == one_hot.tolist()
    assert to_categorical([[0, 1], [2, 1]], 4).shape == (2, 2, 4)


# --- models that are not ready


@pytest.mark.parametrize(
    "entry", ["fit", "evaluate", "train_on_batch", "test_on_batch", "gradients"]
)
def test_before_compile(entry):
    model = Sequential([Input((4,)), Dense(3)])
    with pytest.raises(ValueError, match="compile must be called before"):
        getattr(model, entry)(X, LABELS)
    model.compile("sgd")
    with pytest.raises(ValueError, match="loss must be given to compile"):
        getattr(model, entry)(X, LABELS)


def test_before_build():
    model = Sequential([Dense(3)])
    for name, call in {
        "count_params": model.count_params,
        "set_weights": lambda: model.set_weights([np.ones((4, 3)), np.ones(3)]),
        "save_weights": lambda: model.save_weights("w.safetensors"),
    }.items():
        with pytest.raises(ValueError, match=f"{name} needs a built model"):
            call()
    with pytest.raises(AttributeError, match="no input shape yet"):
        _ = model.input_shape
    with pytest.raises(AttributeError, match="no output shape yet"):
        _ = model.output_shape


def test_bad_data_do_not_build_a_model():
    model = Sequential([Dense(3)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    for x, y in [(X, LABELS + 1), (X, LABELS[:3]), (X * np.nan, LABELS)]:
        with pytest.raises(ValueError, match="must hold"):
            model.fit(x, y, verbose=0)
        assert not model.built


def test_a_model_without_layers():
    with pytest.raises(ValueError, match="has no layers; add one first"):
        Sequential().predict(X)
    with pytest.raises(IndexError, match="pop needs a layer"):
        Sequential().pop()
    model = Sequential()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="has no layers"):
        model.fit(X, X, verbose=0)


def test_outputs_must_be_flat_to_be_trained():
    model = Sequential([Input((2, 2)), Activation("relu")])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="must give flat samples"):
        model.fit(X.reshape(6, 2, 2), X, verbose=0)
