"""Teach a network a curve from noisy measurements.

    python examples/regression.py --output pictures

Classification asks which one; regression asks how much. Here the answer is a number, the output
neuron has no activation, and the error is the mean of the squared differences.
"""

import argparse
from pathlib import Path

import numpy as np

from digitnet import plot
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed

NOISE = 0.1  # standard deviation of the error of a measurement

parser = argparse.ArgumentParser(description="Teach a network a curve.")
parser.add_argument("--epochs", type=int, default=1000, help="passes over the measurements")
parser.add_argument("--output", type=Path, default=Path("pictures"), help="folder for the picture")
options = parser.parse_args()
plot.require_matplotlib()  # now rather than after the training
options.output.mkdir(parents=True, exist_ok=True)

# 1. 400 measurements of a sine, each a little wrong.
generator = np.random.default_rng(0)
x = generator.uniform(-3, 3, size=(400, 1)).astype(np.float32)
y = (np.sin(x) + generator.normal(0, NOISE, x.shape)).astype(np.float32)

# 2. One input, 20 neurons that bend (tanh is an S-shaped curve), one output that adds them up.
set_random_seed(0)
model = Sequential([Input((1,)), Dense(20, activation="tanh"), Dense(1)])
optimizer = SGD(0.05, momentum=0.9)
model.compile(optimizer, loss="mean_squared_error")
model.fit(x, y, batch_size=40, epochs=options.epochs, verbose=0)

# Each batch pulls the curve its own way. Smaller steps at the end let it settle in between.
optimizer.learning_rate = 0.005
model.fit(x, y, batch_size=40, epochs=max(1, options.epochs // 5), verbose=0)

# 3. How good is it? Not even the true sine could be nearer to the measurements than their noise.
axis = np.linspace(-3, 3, 301, dtype=np.float32)[:, None]
curve = model.predict(axis)
error = float(np.sqrt(np.mean((model.predict(x) - y) ** 2)))
distance = float(np.sqrt(np.mean((curve - np.sin(axis)) ** 2)))
print(f"typical distance to the measurements: {error:.3f} (their noise: {NOISE:.3f})")
print(f"typical distance to the true curve: {distance:.3f}")

picture = options.output / "regression.png"
plot.regression(x, y, axis, curve, truth=np.sin(axis)).savefig(picture)
print(f"Picture: {picture}")
