"""What the core could not see is refused: classes of the user's own, settings changed later."""

import numpy as np
import pytest

from digitnet import constraints, initializers, layers, losses, metrics, optimizers, regularizers
from digitnet.layers import ELU, Activation, Dense, Dropout, Flatten, Input, LeakyReLU, Rescaling
from digitnet.models import Sequential

BASES = [
    (Dense, lambda item: Sequential([Input((2,)), item])),
    (layers.Layer, lambda item: Sequential().add(item)),
    (losses.Huber, losses.get),
    (losses.Loss, lambda item: Sequential([Dense(1)]).compile(loss=item)),
    (metrics.MeanSquaredError, lambda item: Sequential().compile(loss="mse", metrics=[item])),
    (optimizers.SGD, lambda item: Sequential().compile(item, loss="mse")),
    (optimizers.AdamW, optimizers.get),
    (constraints.MaxNorm, lambda item: Dense(1, kernel_constraint=item)),
    (initializers.HeNormal, lambda item: Dense(1, kernel_initializer=item)),
    (regularizers.L2, lambda item: Dense(1, kernel_regularizer=item)),
]


@pytest.mark.parametrize(("base", "use"), BASES, ids=lambda item: getattr(item, "__name__", ""))
def test_classes_of_the_user_s_own_are_refused(base, use):
    mine = type("Mine", (base,), {"kind": "mine"})
    item = mine(1) if base is Dense else mine()
    sentence = "must be of one of digitnet's own classes, which the core knows. Received: Mine"
    with pytest.raises(TypeError, match=sentence):
        use(item)


@pytest.mark.parametrize(
    ("get", "base"),
    [
        (losses.get, losses.Loss),
        (metrics.get, metrics.Metric),
        (initializers.get, initializers.Initializer),
        (initializers.get, initializers.RandomInitializer),
        (regularizers.get, regularizers.Regularizer),
        (optimizers.get, optimizers.Optimizer),
    ],
)
def test_base_classes_are_refused(get, base):
    with pytest.raises(TypeError, match=r"regularizer must be|own classes, which the core knows"):
        get(base)
    if base is not regularizers.Regularizer:
        with pytest.raises(TypeError, match=f"{base.__name__} is a base class; make one of its su"):
            base()


def test_serialize_refuses_them_too():
    mine = type("Mine", (Dense,), {})
    with pytest.raises(TypeError, match="own classes"):
        layers.serialize(mine(1))


@pytest.mark.parametrize(
    ("item", "names"),
    [
        (Dense(3, "relu"), ["units", "activation", "use_bias", "kernel_initializer", "name"]),
        (
            Dense(3),
            ["bias_initializer", "kernel_regularizer", "kernel", "bias", "built", "trainable"],
        ),
        (Activation("elu"), ["activation", "activation_name", "alpha"]),
        (LeakyReLU(), ["negative_slope", "alpha"]),
        (ELU(), ["alpha"]),
        (Dropout(0.5), ["rate"]),
        (Rescaling(2), ["scale", "offset"]),
        (Flatten(input_shape=(2, 2)), ["given_input_shape"]),
        (Input((2,)), ["shape"]),
        (losses.Huber(), ["delta", "name"]),
        (losses.BinaryCrossentropy(), ["from_logits", "label_smoothing"]),
        (metrics.Accuracy(), ["name"]),
        (initializers.RandomNormal(), ["mean", "stddev", "seed"]),
        (regularizers.L2(), ["l2"]),
        (optimizers.SGD(), ["name", "clipnorm", "clipvalue", "global_clipnorm"]),
        (optimizers.Adam(), ["name", "clipnorm"]),
        (constraints.MaxNorm(), ["max_value", "axis"]),
    ],
    ids=lambda item: type(item).__name__,
)
def test_settings_are_read_only(item, names):
    before = repr(item)
    for name in names:
        with pytest.raises(AttributeError):
            setattr(item, name, 3)
    assert repr(item) == before
    with pytest.raises(AttributeError, match="units of Dense cannot be changed once it is made"):
        Dense(3).units = 5


def test_a_model_cannot_be_frozen():
    with pytest.raises(AttributeError):
        Sequential().trainable = False


def test_the_optimizer_s_settings_take_effect(rng):
    x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
    one, other = (Sequential([Input((3,)), Dense(2)]) for _ in range(2))
    other.set_weights(one.get_weights())
    one.compile(optimizers.SGD(0.1), "mse")
    other.compile(optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01), "mse")
    one.optimizer.momentum, one.optimizer.nesterov, one.optimizer.weight_decay = 0.9, True, 0.01
    for model in (one, other):
        model.fit(x, y, batch_size=2, epochs=2, verbose=0, shuffle=False)
    np.testing.assert_equal(one.get_weights(), other.get_weights())


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda model: model.fit(), "fit"),
        (lambda model: model.evaluate(1, 2, 3, 4, 5, True), "evaluate"),
        (lambda model: model.add(), "add"),
        (lambda model: model.set_weights(), "set_weights"),
        (lambda model: model.compile("sgd", "mse", ["mae"]), "compile"),
        (lambda model: model.from_config(), "from_config"),
        (lambda model: Sequential([], "cpu"), "__init__"),
    ],
)
def test_type_errors_name_the_class_that_users_know(call, name):
    with pytest.raises(TypeError, match=rf"^Sequential\.{name}\(\) "):
        call(Sequential())


@pytest.mark.parametrize(
    "call",
    [
        lambda: losses.SparseCategoricalCrossentropy(False, 0.1),
        lambda: Dropout(0.5, (3,)),
        lambda: Flatten((3, 4)),
        lambda: layers.ReLU((3,)),
        lambda: layers.Softmax((3,)),
        lambda: Dense(1, None, True, "zeros", "zeros", None, (3,)),
        lambda: optimizers.SGD(0.1, 0.0, False, None, None, None, None, "mine"),
        lambda: Sequential().fit(1, 2, 3, 4, 5, [], 0, None, True, None),
        lambda: Sequential().train_on_batch(1, 2, None, True),
    ],
)
def test_arguments_that_mean_something_else_in_keras_need_their_names(call):
    with pytest.raises(TypeError, match="positional argument"):
        call()
