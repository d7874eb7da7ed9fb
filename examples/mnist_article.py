"""Teach a network to read handwritten digits.

    python examples/mnist_article.py --epochs 4 --output pictures

The network sees 60,000 images of digits (MNIST) together with the right answers, then takes a test
on 10,000 others. Without a network connection, it learns from the small sample that digitnet
carries.
"""

import argparse
from pathlib import Path

import numpy as np

from digitnet import plot
from digitnet.datasets import mnist, mnist_sample
from digitnet.layers import Dense, Flatten, Input, Rescaling
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed

parser = argparse.ArgumentParser(description="Teach a network to read handwritten digits.")
parser.add_argument("--epochs", type=int, help="passes over the data (default: 1; sample: 15)")
parser.add_argument("--output", type=Path, default=Path("pictures"), help="folder for pictures")
options = parser.parse_args()
plot.require_matplotlib()  # now rather than after the training
options.output.mkdir(parents=True, exist_ok=True)

# 1. The data. An image is a table of 28 rows and 28 columns; a pixel is a whole number from 0 (no
# ink) to 255 (full ink). A label is the digit that the image shows.
try:
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    epochs = options.epochs or 1
except OSError:
    print("MNIST is not here and cannot be downloaded: using the sample that digitnet carries.")
    (x_train, y_train), (x_test, y_test) = mnist_sample.load_data()
    epochs = options.epochs or 15  # 15 times 4,000 images are as many as 60,000
print(f"{len(x_train)} images to learn from, {len(x_test)} for the test")
plot.samples(x_train, y_train).savefig(options.output / "samples.png")

# 2. The network. Each image becomes a list of 784 numbers from 0 to 1. 500 neurons look at all of
# them; relu lets a neuron pass on only what is above zero. 10 more neurons, one for each digit,
# look at those 500; softmax turns their answers into probabilities, which add up to 1.
set_random_seed(1)  # the weights start at random: the same seed gives the same start
model = Sequential(
    [
        Input((28, 28)),
        Flatten(),
        Rescaling(1 / 255),
        Dense(500, activation="relu"),
        Dense(10, activation="softmax"),
    ]
)
first_weights = model.get_weights()[0]

# 3. Learning. After each batch of 500 images, every weight moves a little in the direction that
# makes the error (the loss) smaller. 0.5 says how far; an epoch is one pass over all images.
model.compile(SGD(0.5), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=500, epochs=epochs, validation_data=(x_test, y_test)
)
curve = plot.learning_curve(history, validation_name="test")
curve.savefig(options.output / "learning_curve.png")

# 4. The test, on images that the network has never learned from.
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"Right answers on the test images: {100 * accuracy:.1f} %")

# 5. What does it get wrong, and what did its neurons learn to look for?
probabilities = model.predict(x_test)
answers = np.argmax(probabilities, axis=1)
print(f"Wrong answers: {np.count_nonzero(answers != y_test)} of {len(y_test)}")
plot.predictions(x_test, y_test, probabilities).savefig(options.output / "predictions.png")
features = plot.first_layer_features(model, initial=first_weights)
features.savefig(options.output / "first_layer.png")
print(f"Pictures are in {options.output}")
