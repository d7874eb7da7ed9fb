"""Teach a single neuron on which side of the line y = x - 5 a point lies.

    python examples/single_neuron.py --output pictures

A neuron multiplies each of its inputs by a weight, adds a bias, and answers with a number from 0
to 1. A point above the line has y - (x - 5) > 0, that is -x + y + 5 > 0: so weights -1 and 1 and
the bias 5 would solve the problem. The neuron is not told this. It only sees points, each with the
right answer.
"""

import argparse
from pathlib import Path

import numpy as np

from digitnet import plot
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed

parser = argparse.ArgumentParser(description="Teach a single neuron to split a plane.")
parser.add_argument("--epochs", type=int, default=500, help="passes over the points")
parser.add_argument("--output", type=Path, default=Path("pictures"), help="folder for the picture")
options = parser.parse_args()
plot.require_matplotlib()  # now rather than after the training
options.output.mkdir(parents=True, exist_ok=True)

# 1. Points, drawn at random in a square, and the right answer for each: 1 above the line, else 0.
generator = np.random.default_rng(0)
points = generator.uniform(-10, 10, size=(600, 2)).astype(np.float32)
x, y = points[:, 0], points[:, 1]
above = (y > x - 5).astype(np.float32)

# 2. One neuron with two inputs. The sigmoid turns any number into one from 0 to 1; it gives 0.5
# for zero, so the border between the two answers is where weights and bias add up to zero.
set_random_seed(0)
model = Sequential([Input((2,)), Dense(1, activation="sigmoid")])
model.compile(SGD(0.05), loss="binary_crossentropy", metrics=["accuracy"])

# 3. Learning: after every 20 points the weights move in the direction that makes the error smaller.
model.fit(points, above, batch_size=20, epochs=options.epochs, verbose=0)
loss, accuracy = model.evaluate(points, above, verbose=0)

# 4. What did it learn? Only the proportions of weights and bias decide where the border lies, so
# all three are divided by the weight of y to compare them with -1, 1 and 5.
kernel, bias = model.get_weights()
weight_x, weight_y, offset = float(kernel[0, 0]), float(kernel[1, 0]), float(bias[0])
print(f"learned: {weight_x:.2f} x + {weight_y:.2f} y + {offset:.2f}")
print(f"scaled:  {weight_x / weight_y:.2f} x + 1.00 y + {offset / weight_y:.2f}")
print("exact:   -1.00 x + 1.00 y + 5.00")
print(f"points on the right side: {100 * accuracy:.1f} %")
origin = float(model.predict(np.zeros((1, 2), np.float32))[0, 0])
print(f"the point (0, 0) is above the line with probability {origin:.3f}")

picture = options.output / "single_neuron.png"
figure = plot.decision_boundary(
    model,
    points,
    above,
    line=(1, -5),
    class_names=("point below the line", "point above the line"),
    model_name="neuron",
)
figure.savefig(picture)
print(f"Picture: {picture}")
