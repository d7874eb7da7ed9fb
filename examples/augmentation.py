"""Show a network every digit a little differently each time, and see what that is worth.

    python examples/augmentation.py --output pictures

A digit that stands two pixels further to the right is still the same digit, but for a dense network
it is another image: other neurons see its strokes. It cannot know that unless it is shown. So,
before every epoch, each image is moved, turned, scaled, slanted and distorted anew. The network
never sees the same image twice, and can hardly learn any by heart.
"""

import argparse
from pathlib import Path

from digitnet import plot
from digitnet.augmentation import ElasticDistortion, ImageAugmentation
from digitnet.datasets import mnist, mnist_sample
from digitnet.layers import Dense, Flatten, Input, Rescaling
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed

parser = argparse.ArgumentParser(description="See what changed copies of images are worth.")
parser.add_argument("--epochs", type=int, default=10, help="passes over the images")
parser.add_argument("--output", type=Path, default=Path("pictures"), help="folder for pictures")
options = parser.parse_args()
plot.require_matplotlib()  # now rather than after the training
options.output.mkdir(parents=True, exist_ok=True)

try:
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
except OSError:
    print("MNIST is not here and cannot be downloaded: using the sample that digitnet carries.")
    (x_train, y_train), (x_test, y_test) = mnist_sample.load_data()
print(f"{len(x_train)} images to learn from, {len(x_test)} for the test")

# 1. How much to change? As much as digits differ from hand to hand, and not so much that a six
# becomes a nine. Look at the picture.
augmentation = ImageAugmentation(
    shift=0.07,
    rotation=10,
    scale=0.1,
    shear=10,
    elastic=ElasticDistortion(alpha=20, sigma=4),
    seed=0,
)
plot.augmentation(x_train[7], augmentation).savefig(options.output / "augmentation.png")

# 2. Two networks that start from the same weights and visit the images in the same order. Only what
# they are shown differs; both are tested on images as they are.
for name, changes in (("without", None), ("with", augmentation)):
    set_random_seed(0)
    model = Sequential([Input((28, 28)), Flatten(), Rescaling(1 / 255)])
    model.add(Dense(500, activation="relu"))
    model.add(Dense(10, activation="softmax"))
    model.compile(
        SGD(0.05, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(
        x_train, y_train, batch_size=100, epochs=options.epochs, verbose=0, augmentation=changes
    )
    _, learned = model.evaluate(x_train, y_train, verbose=0)
    _, tested = model.evaluate(x_test, y_test, verbose=0)
    print(
        f"{name} augmentation: {100 * learned:.2f} % right of the images it learned from, "
        f"{100 * tested:.2f} % in the test"
    )
print(f"A picture is in {options.output}")
