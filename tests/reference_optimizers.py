"""The optimizers of the float64 oracle, in plain NumPy; see reference_mlp.py.

``replace(optimizer)`` is the same optimizer before its first step.
"""

from dataclasses import dataclass, field

import numpy as np


def norm(arrays):
    return np.sqrt(sum(np.sum(np.square(a)) for a in arrays))


def clipped(gradients, clipvalue=None, clipnorm=None, global_clipnorm=None):
    """Return the gradients within the one limit that is given, if any."""
    if clipvalue is not None:
        return [np.clip(g, -clipvalue, clipvalue) for g in gradients]
    if clipnorm is not None:
        return [g * clipnorm / max(norm([g]), clipnorm) for g in gradients]
    if global_clipnorm is not None:
        factor = global_clipnorm / max(norm(gradients), global_clipnorm)
        return [g * factor for g in gradients]
    return gradients


@dataclass
class Sgd:
    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    clip: dict = field(default_factory=dict)  # arguments of clipped
    velocity: list = field(default_factory=list, init=False)

    def step(self, parameters, gradients):
        """Change the parameters in place; decay comes first, as in Keras 3."""
        self.velocity = self.velocity or [np.zeros_like(w) for w in parameters]
        gradients = clipped(gradients, **self.clip)
        for w, dw, v in zip(parameters, gradients, self.velocity, strict=True):
            w -= self.weight_decay * self.learning_rate * w
            v *= self.momentum
            v -= self.learning_rate * dw
            w += self.momentum * v - self.learning_rate * dw if self.nesterov else v


@dataclass
class Adam:
    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    weight_decay: float = 0.0
    clip: dict = field(default_factory=dict)
    t: int = field(default=0, init=False)
    means: list = field(default_factory=list, init=False)  # (m, v) of every parameter

    def step(self, parameters, gradients):
        """Change the parameters in place: Kingma and Ba's form with epsilon outside the root."""
        self.t += 1
        self.means = self.means or [(np.zeros_like(w), np.zeros_like(w)) for w in parameters]
        alpha = self.learning_rate * np.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        gradients = clipped(gradients, **self.clip)
        for w, dw, (m, v) in zip(parameters, gradients, self.means, strict=True):
            w -= self.weight_decay * self.learning_rate * w
            m += (1 - self.beta_1) * (dw - m)
            v += (1 - self.beta_2) * (dw**2 - v)
            w -= alpha * m / (np.sqrt(v) + self.epsilon)
