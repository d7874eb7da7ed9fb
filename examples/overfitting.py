"""Watch a network learn by heart, and cure it with dropout.

    python examples/overfitting.py --output pictures

Who learns the answers of old exams by heart, without understanding them, gets full marks on the old
exams and poor ones on a new exam. A network with many weights and few examples does the same. That
is overfitting, and it is why a network is tested on images that it has never learned from.
"""

import argparse
from pathlib import Path

from digitnet import plot
from digitnet.datasets import mnist, mnist_sample
from digitnet.layers import Dense, Dropout, Flatten, Input, Rescaling
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed

EXAMPLES = 1000  # so few that the network can learn each of them by heart

parser = argparse.ArgumentParser(description="Watch a network learn by heart.")
parser.add_argument("--epochs", type=int, default=50, help="passes over the examples")
parser.add_argument("--output", type=Path, default=Path("pictures"), help="folder for pictures")
options = parser.parse_args()
plot.require_matplotlib()  # now rather than after the training
options.output.mkdir(parents=True, exist_ok=True)

# 1. A few images to learn from, thousands for the test.
try:
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
except OSError:
    print("MNIST is not here and cannot be downloaded: using the sample that digitnet carries.")
    (x_train, y_train), (x_test, y_test) = mnist_sample.load_data()
x_few, y_few = x_train[:EXAMPLES], y_train[:EXAMPLES]
print(f"{len(x_few)} images to learn from, {len(x_test)} for the test")


# 2. Two networks, equal but for dropout: while the second one learns, four pixels in ten are left
# out of each image and half of the neurons fall silent, each time others, at random. So it never
# sees the same image twice, and no neuron can rely on what another one knows by heart: each has to
# find something that is useful by itself. In a test, all of them answer.
def learn(dropout: bool) -> tuple[Sequential, dict[str, list[float]]]:
    """Train a network on the few images; give it and its loss and accuracy after each epoch."""
    set_random_seed(0)  # both networks start from the same weights
    model = Sequential([Input((28, 28)), Flatten(), Rescaling(1 / 255)])
    if dropout:
        model.add(Dropout(0.4))
    model.add(Dense(500, activation="relu"))
    if dropout:
        model.add(Dropout(0.5))
    model.add(Dense(10, activation="softmax"))
    model.compile(SGD(0.1), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x_few,
        y_few,
        batch_size=20,
        epochs=options.epochs,
        validation_data=(x_test, y_test),
        verbose=0,
    )
    return model, history.history


# 3. How good are they on what they learned from, and on what they have never seen? The gap between
# the two shows how much was learned by heart. The loss also counts how sure a network is of its
# wrong answers: it rises when the network becomes surer without becoming better.
for name, dropout in (("without", False), ("with", True)):
    model, record = learn(dropout)
    _, train_accuracy = model.evaluate(x_few, y_few, verbose=0)
    test_loss, test_accuracy = model.evaluate(x_test, y_test, verbose=0)
    lowest = min(record["val_loss"])
    print(
        f"{name} dropout: train {100 * train_accuracy:.1f} %, test {100 * test_accuracy:.1f} %, "
        f"test loss {test_loss:.3f} (lowest: {lowest:.3f}, "
        f"after epoch {1 + record['val_loss'].index(lowest)})"
    )
    curve = plot.learning_curve(record, validation_name="test")
    curve.savefig(options.output / f"{name}_dropout.png")

# 4. The best cure is more examples, where they can be had. Put 10000 in place of 1000 and see.
print(f"Pictures are in {options.output}")
