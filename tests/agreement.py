"""Training cases that test_oracle_agreement.py and test_keras_agreement.py share.

A case is an oracle network, an optimizer and data; `build` says the same to any library that speaks
Keras' words. Every weight starts as a float32, so that all sides start from the same numbers.
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from reference_mlp import ACTIVATIONS, Activation, Dense, Loss, Network, Rescaling
from reference_optimizers import Adam, Sgd

SAMPLES, BATCH, STEPS = 96, 16, 240
INPUTS, HIDDEN, OUTPUTS = 13, 17, 5
ALPHA = {"leaky_relu": 0.2, "elu": 1.0}  # Keras' defaults

# How far float32 may stray from float64 in STEPS steps, relative to the largest weight, if above 1.
# A step rounds every weight once, by up to eps / 2 of it, and carries the rounding of its gradient;
# such errors have no common direction, so they add up like a random walk. Measured with float32
# NumPy, Keras and digitnet: 2 to 6 eps; with momentum and weights up to 3, 13 eps. A wrong formula
# shows in the third digit.
TOLERANCE = 2 * np.sqrt(STEPS) * np.finfo(np.float32).eps

LOSS_CLASSES = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "huber": "Huber",
}


def dense(rng, inputs, units, activation="linear", l2=0.0):
    """Draw a layer as Glorot and Bengio (2010) do, with a bias that is not zero."""
    limit = np.sqrt(6 / (inputs + units))
    kernel = rng.uniform(-limit, limit, (inputs, units)).astype(np.float32)
    bias = rng.uniform(-0.1, 0.1, units).astype(np.float32)
    alpha = ALPHA.get(activation, 0.0)
    return Dense(kernel.astype(float), bias.astype(float), activation, alpha, l2)


@dataclass
class Case:
    """One training run of 240 steps: a hidden layer, an output layer, a loss and an optimizer."""

    name: str
    loss: Loss
    output: str = "linear"
    hidden: str = "tanh"
    optimizer: Sgd | Adam = field(default_factory=lambda: Sgd(0.1))
    l2: float = 0.0
    weighted: bool = False
    later_rate: float | None = None  # learning rate from the middle of the run on

    def network(self):
        rng = np.random.default_rng(1)
        first = dense(rng, INPUTS, HIDDEN, self.hidden, self.l2)
        return Network([first, dense(rng, HIDDEN, OUTPUTS, self.output, self.l2 / 2)], self.loss)

    def data(self):
        """Return x, t and the sample weights (or None) of all samples, in float32 numbers."""
        rng = np.random.default_rng(2)
        x = rng.standard_normal((SAMPLES, INPUTS)).astype(np.float32)
        labels = rng.integers(OUTPUTS, size=SAMPLES).astype(np.int32)
        weights = rng.uniform(0, 2, SAMPLES).astype(np.float32) if self.weighted else None
        if self.loss.name.startswith("sparse"):
            return x, labels, weights
        if self.loss.name.startswith("categorical"):
            return x, np.eye(OUTPUTS, dtype=np.float32)[labels], weights
        if self.loss.name.startswith("binary"):
            return x, rng.integers(2, size=(SAMPLES, OUTPUTS)).astype(np.float32), weights
        return x, rng.standard_normal((SAMPLES, OUTPUTS)).astype(np.float32), weights

    def __str__(self):
        return self.name


# The settings that the oracle's optimizers share with the libraries'.
KNOWN = {"learning_rate", "momentum", "nesterov", "beta_1", "beta_2", "epsilon"}

CROSS, SPARSE, BINARY = list(LOSS_CLASSES)[:3]
LOSS_CASES = [
    Case("cross-entropy", Loss(CROSS), "softmax"),
    Case("cross-entropy, smoothed", Loss(CROSS, label_smoothing=0.1), "softmax"),
    Case("cross-entropy of logits", Loss(CROSS, True)),
    Case("cross-entropy of sigmoids", Loss(CROSS), "sigmoid"),
    Case("sparse", Loss(SPARSE), "softmax"),
    Case("sparse of logits", Loss(SPARSE, True)),
    Case("binary", Loss(BINARY), "sigmoid"),
    Case("binary, smoothed", Loss(BINARY, label_smoothing=0.1), "sigmoid"),
    Case("binary of logits", Loss(BINARY, True)),
    Case("binary of softmax", Loss(BINARY), "softmax"),
    Case("mse", Loss("mean_squared_error")),
    Case("mse of softmax", Loss("mean_squared_error"), "softmax"),
    Case("mae", Loss("mean_absolute_error")),
    Case("huber", Loss("huber")),
    Case("huber 0.4", Loss("huber", delta=0.4)),
]
ACTIVATION_CASES = [Case(name, Loss(SPARSE), "softmax", name) for name in ACTIVATIONS]
OPTIMIZER_CASES = [
    Case(name, Loss(SPARSE), "softmax", "tanh", optimizer, **more)
    for name, optimizer, more in [
        ("large rate", Sgd(0.5), {}),
        ("momentum", Sgd(0.05, 0.9), {}),
        ("Nesterov", Sgd(0.05, 0.9, nesterov=True), {}),
        ("weight decay", Sgd(0.1, weight_decay=0.05), {}),
        ("L2", Sgd(0.1), {"l2": 0.01}),
        ("all at once", Sgd(0.05, 0.8, True, 0.02), {"l2": 0.01, "weighted": True}),
        ("later rate", Sgd(0.2), {"later_rate": 0.02}),
        ("momentum, later rate", Sgd(0.05, 0.9), {"later_rate": 0.01}),
        ("sample weights", Sgd(0.1), {"weighted": True}),
        ("clipped values", Sgd(0.2, clip={"clipvalue": 0.02}), {"l2": 0.01}),
        ("clipped norms", Sgd(0.2, 0.5, clip={"clipnorm": 0.1}), {"l2": 0.01}),
        ("clipped global norm", Sgd(0.2, clip={"global_clipnorm": 0.2}), {"l2": 0.01}),
        ("Adam", Adam(0.01), {}),
        ("Adam, decay, L2", Adam(0.003, 0.8, 0.99, 1e-5, 0.1), {"l2": 0.01, "weighted": True}),
        ("Adam, clipped norms", Adam(0.01, clip={"clipnorm": 0.1}), {"l2": 0.01}),
        ("Adam, later rate", Adam(0.01), {"later_rate": 0.001}),
    ]
]
CASES = LOSS_CASES + ACTIVATION_CASES + OPTIMIZER_CASES


def build(library, network, input_size, optimizer, metrics=()):
    """Return the oracle's network, with its weights, as a compiled model of digitnet or Keras."""
    layers = library.layers
    model = library.Sequential([layers.Input((input_size,))])
    for layer in network.layers:
        if isinstance(layer, Rescaling):
            model.add(layers.Rescaling(layer.scale, layer.offset))
        elif isinstance(layer, Dense):
            model.add(build_dense(library, layer))
        elif isinstance(layer, Activation) and layer.activation == "leaky_relu":
            model.add(layers.LeakyReLU(layer.alpha))
        elif isinstance(layer, Activation) and layer.activation == "elu":
            model.add(layers.ELU(layer.alpha))
        else:
            model.add(layers.Activation(layer.activation))
    model.compile(
        optimizer=build_optimizer(library, optimizer),
        loss=build_loss(library, network.loss),
        metrics=list(metrics),
    )
    model.set_weights([w.astype(np.float32) for w in network.parameters()])
    return model


def build_dense(library, layer):
    assert layer.alpha == ALPHA.get(layer.activation, 0.0), "Dense has only the default alpha"
    return library.layers.Dense(
        layer.kernel.shape[1],
        activation=layer.activation,
        use_bias=layer.bias is not None,
        kernel_regularizer=library.regularizers.L2(layer.l2) if layer.l2 else None,
    )


def build_loss(library, loss):
    options = {"from_logits": loss.from_logits} if "crossentropy" in loss.name else {}
    if loss.label_smoothing:
        options["label_smoothing"] = loss.label_smoothing
    if loss.name == "huber":
        options["delta"] = loss.delta
    return getattr(library.losses, LOSS_CLASSES[loss.name])(**options)


def build_optimizer(library, optimizer):
    settings = {field.name: getattr(optimizer, field.name) for field in fields(optimizer)}
    settings = {name: value for name, value in settings.items() if name in KNOWN}
    settings["weight_decay"] = optimizer.weight_decay or None
    known = library.optimizers.SGD if isinstance(optimizer, Sgd) else library.optimizers.Adam
    return known(**settings, **optimizer.clip)


def batches(case):
    """Yield (step, x, t, sample_weight) for 240 steps: the samples in order, over and over."""
    x, t, weights = case.data()
    for step in range(STEPS):
        first = step * BATCH % SAMPLES
        part = slice(first, first + BATCH)
        yield step, x[part], t[part], None if weights is None else weights[part]


def train_oracle(case):
    """Return the oracle's losses and its network after the 240 steps."""
    network, optimizer = case.network(), replace(case.optimizer)
    losses = []
    for step, x, t, weights in batches(case):
        if step == STEPS // 2 and case.later_rate:
            optimizer.learning_rate = case.later_rate
        losses.append(network.train_on_batch(x, t, optimizer, weights))
    return losses, network


def train_model(case, model):
    """Return the model's losses in the 240 steps."""
    losses = []
    for step, x, t, weights in batches(case):
        if step == STEPS // 2 and case.later_rate:
            model.optimizer.learning_rate = case.later_rate
        losses.append(float(model.train_on_batch(x, t, sample_weight=weights)))
        if hasattr(model, "reset_metrics"):  # Keras reports the mean since the last reset
            model.reset_metrics()
    return losses


def check_agreement(case, model):
    """Train the model and the oracle side by side; compare every loss and every weight."""
    losses, network = train_oracle(case)
    before = model.get_weights()
    tolerance = TOLERANCE * max(1, *(np.abs(w).max() for w in network.parameters()))
    np.testing.assert_allclose(train_model(case, model), losses, rtol=tolerance)
    for old, new, expected in zip(before, model.get_weights(), network.parameters(), strict=True):
        assert np.abs(expected - old).max() > 1000 * tolerance  # there was something to agree on
        np.testing.assert_allclose(new, expected, rtol=0, atol=tolerance)
    return network
