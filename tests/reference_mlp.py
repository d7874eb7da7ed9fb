"""A multilayer perceptron in plain NumPy: the float64 oracle that digitnet is held against.

It imports nothing from the package; finite differences check it. It tells the story of backprop:
  forward   z = x @ kernel + bias,  a = activation(z),  layer after layer
  loss      one number a sample, and its derivative da with respect to the last a
  backward  dz = da * activation'(z),  dkernel = x.T @ dz,  dbias = sum(dz),  da = dz @ kernel.T
  step      w <- w - learning_rate * dw, or as reference_optimizers.py says

Shapes: x (batch, in), kernel (in, units), bias (units,), z and a (batch, units), all float64.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

EPSILON = 1e-7  # Keras clips probabilities to [EPSILON, 1 - EPSILON] before the logarithm


# --- Activations: the function of (z, alpha), then its derivative ---------------------------------
def sigmoid(z):
    # 1 / (1 + exp(-z)) in a form that overflows nowhere: logaddexp(0, u) is log(1 + exp(u)).
    return np.exp(-np.logaddexp(0, -z))


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def normal_cdf(z):
    return (1 + np.vectorize(math.erf, otypes=[z.dtype])(z / math.sqrt(2))) / 2


ACTIVATIONS = {
    "linear": lambda z, alpha: z,
    "relu": lambda z, alpha: np.maximum(z, 0),
    "leaky_relu": lambda z, alpha: np.where(z > 0, z, alpha * z),
    "elu": lambda z, alpha: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
    "sigmoid": lambda z, alpha: sigmoid(z),
    "tanh": lambda z, alpha: np.tanh(z),
    "softplus": lambda z, alpha: np.logaddexp(0, z),
    "silu": lambda z, alpha: z * sigmoid(z),
    "gelu": lambda z, alpha: z * normal_cdf(z),
    "softmax": lambda z, alpha: np.exp(log_softmax(z)),
}

DERIVATIVES = {
    "linear": lambda z, alpha: np.ones_like(z),
    "relu": lambda z, alpha: np.where(z > 0, 1, 0),
    "leaky_relu": lambda z, alpha: np.where(z > 0, 1, alpha),
    "elu": lambda z, alpha: np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0))),
    "sigmoid": lambda z, alpha: sigmoid(z) * sigmoid(-z),
    "tanh": lambda z, alpha: 1 - np.tanh(z) ** 2,
    "softplus": lambda z, alpha: sigmoid(z),
    "silu": lambda z, alpha: sigmoid(z) * (1 + z * sigmoid(-z)),
    "gelu": lambda z, alpha: normal_cdf(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi),
}


def activation_backward(name, alpha, z, da):
    """Return dz. Softmax is the one activation whose outputs each depend on the whole row of z."""
    if name == "softmax":
        a = ACTIVATIONS[name](z, alpha)
        return a * (da - np.sum(da * a, axis=1, keepdims=True))
    return da * DERIVATIVES[name](z, alpha).astype(z.dtype)


# --- Layers: forward keeps what backward will need ------------------------------------------------
@dataclass
class Rescaling:
    scale: float
    offset: float = 0.0

    def forward(self, x):
        return x * self.scale + self.offset

    def backward(self, da):
        return da * self.scale


@dataclass
class Activation:
    activation: str
    alpha: float = 0.0

    def forward(self, x):
        self.z = x
        return ACTIVATIONS[self.activation](self.z, self.alpha)

    def backward(self, da):
        return activation_backward(self.activation, self.alpha, self.z, da)


@dataclass
class Dropout:
    mask: np.ndarray | float = 1.0  # factors, 0 or 1 / (1 - rate); 1: inactive, as in inference

    def forward(self, x):
        return x * self.mask

    def backward(self, da):
        return da * self.mask


@dataclass
class Dense:
    kernel: np.ndarray
    bias: np.ndarray | None
    activation: str = "linear"
    alpha: float = 0.0
    l2: float = 0.0  # adds l2 * sum(kernel ** 2) to the loss

    def forward(self, x):
        self.x = x
        self.z = x @ self.kernel + (0 if self.bias is None else self.bias)
        return ACTIVATIONS[self.activation](self.z, self.alpha)

    def backward(self, da):
        dz = activation_backward(self.activation, self.alpha, self.z, da)
        dkernel = self.x.T @ dz + 2 * self.l2 * self.kernel
        self.gradients = [dkernel, dz.sum(axis=0)][: len(self.parameters())]
        return dz @ self.kernel.T

    def parameters(self):
        return [self.kernel] if self.bias is None else [self.kernel, self.bias]


# --- Losses: (loss of each row, its derivative with respect to y) ---------------------------------
@dataclass
class Loss:
    name: str
    from_logits: bool = False
    label_smoothing: float = 0.0
    delta: float = 1.0  # where Huber's parabola becomes a line

    def rows(self, y, t):
        """Return loss (batch,) and dy (batch, units) for outputs y and targets t (or labels)."""
        if self.name == "sparse_categorical_crossentropy":
            t = np.eye(y.shape[1], dtype=y.dtype)[t]
        if self.name.endswith("categorical_crossentropy"):
            t = t * (1 - self.label_smoothing) + self.label_smoothing / y.shape[1]
            return categorical_crossentropy(y, t, self.from_logits)
        if self.name == "binary_crossentropy":
            t = t * (1 - self.label_smoothing) + self.label_smoothing / 2
            return binary_crossentropy(y, t, self.from_logits)
        loss, dy = ERROR_LOSSES[self.name](y - t, self.delta)
        return loss.mean(axis=1), dy / y.shape[1]


ERROR_LOSSES = {  # of e = y - t: the loss, then its derivative
    "mean_squared_error": lambda e, delta: (e**2, 2 * e),
    "mean_absolute_error": lambda e, delta: (np.abs(e), np.sign(e)),
    "huber": lambda e, delta: (
        np.where(np.abs(e) <= delta, e**2 / 2, delta * np.abs(e) - delta**2 / 2),
        np.clip(e, -delta, delta),
    ),
}


def categorical_crossentropy(y, t, from_logits):
    if from_logits:
        log_p = log_softmax(y)
        return -np.sum(t * log_p, axis=1), np.exp(log_p) * t.sum(axis=1, keepdims=True) - t
    total = y.sum(axis=1, keepdims=True)
    p = y / total  # the network need not have made its row sum to 1
    q = np.clip(p, EPSILON, 1 - EPSILON)
    dp = np.where(p == q, -t / q, 0)  # where it was clipped, p has no influence
    return -np.sum(t * np.log(q), axis=1), (dp - np.sum(dp * p, axis=1, keepdims=True)) / total


def binary_crossentropy(y, t, from_logits):
    if from_logits:
        return (np.logaddexp(0, y) - t * y).mean(axis=1), (sigmoid(y) - t) / y.shape[1]
    q = np.clip(y, EPSILON, 1 - EPSILON)
    loss = -(t * np.log(q) + (1 - t) * np.log(1 - q))
    return loss.mean(axis=1), np.where(y == q, (1 - t) / (1 - q) - t / q, 0) / y.shape[1]


# --- Metrics: one number a row --------------------------------------------------------------------
METRICS = {
    "sparse_categorical_accuracy": lambda y, t: t == y.argmax(axis=1),
    "categorical_accuracy": lambda y, t: t.argmax(axis=1) == y.argmax(axis=1),
    "binary_accuracy": lambda y, t: (t == (y > 0.5)).mean(axis=1),
    "mean_squared_error": lambda y, t: ((y - t) ** 2).mean(axis=1),
    "mean_absolute_error": lambda y, t: np.abs(y - t).mean(axis=1),
}

# --- The network and its training -----------------------------------------------------------------
FUSED = {"softmax": "categorical_crossentropy", "sigmoid": "binary_crossentropy"}


@dataclass
class Network:
    layers: list
    loss: Loss

    def dense(self):
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    def parameters(self):
        """Return kernel, bias, kernel, bias, ...: the arrays themselves, in Keras' order."""
        return [w for layer in self.dense() for w in layer.parameters()]

    def predict(self, x):
        a = np.asarray(x, self.parameters()[0].dtype)
        for layer in self.layers:
            a = layer.forward(a)
        return a

    def fused(self):
        """Move a last softmax (sigmoid) into its cross-entropy, which then never meets log(0)."""
        partner = FUSED.get(getattr(self.layers[-1], "activation", None), "none")
        if self.loss.from_logits or not self.loss.name.endswith(partner):
            return self
        last = replace(self.layers[-1], activation="linear")
        return Network([*self.layers[:-1], last], replace(self.loss, from_logits=True))

    def gradients(self, x, t, sample_weight=None):
        """Return the loss of a batch, and its gradients in the order of parameters()."""
        net = self.fused()
        loss, da = net.loss.rows(net.predict(x), t)
        factor = (np.ones(len(loss)) if sample_weight is None else sample_weight) / len(loss)
        da = da * factor.astype(da.dtype)[:, None]
        for layer in reversed(net.layers):
            da = layer.backward(da)
        penalty = sum(d.l2 * np.sum(d.kernel**2) for d in net.dense())
        return np.sum(factor * loss) + penalty, [dw for d in net.dense() for dw in d.gradients]

    def train_on_batch(self, x, t, optimizer, sample_weight=None):
        loss, gradients = self.gradients(x, t, sample_weight)
        optimizer.step(self.parameters(), gradients)
        return loss
