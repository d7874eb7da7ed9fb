"""The article's experiment in its two old spellings: only the imports say digitnet."""

import numpy as np
import pytest

PRINTED = """
from digitnet.datasets import mnist
from digitnet.models import Sequential
from digitnet.layers.core import Dense, Activation
from digitnet.optimizers import SGD
from digitnet.utils import np_utils

(train_x, train_y), (test_x, test_y) = mnist.load_data()
count, tests, pixels = len(train_x), len(test_x), 28 * 28
train_x = train_x.reshape(count, pixels).astype("float32")
test_x = test_x.reshape(tests, pixels).astype("float32")
train_x /= 255
test_x /= 255
train_targets = np_utils.to_categorical(train_y, 10)
test_targets = np_utils.to_categorical(test_y, 10)

net = Sequential()
net.add(Dense(500, input_shape=(pixels,)))
net.add(Activation("relu"))
net.add(Dense(10))
net.add(Activation("softmax"))
net.compile(loss="categorical_crossentropy", optimizer=SGD(0.5), metrics=["accuracy"])
log = net.fit(train_x, train_targets, batch_size=500, nb_epoch=1, verbose=1,
              validation_data=(test_x, test_targets))
score = net.evaluate(test_x, test_targets, verbose=0)
print("Score:", score[1] * 100, "%")
guesses = net.predict_classes(test_x)
"""

NOTEBOOK = PRINTED.replace("nb_epoch=1", "epochs=1")


@pytest.mark.parametrize("program", [PRINTED, NOTEBOOK], ids=["printed", "notebook"])
def test_the_article_s_experiment(program, mnist_sample, monkeypatch, capsys):
    from digitnet.datasets import mnist
    from digitnet.utils import set_random_seed

    monkeypatch.setattr(mnist, "load_data", lambda: mnist_sample)  # the bundled digits, no network
    set_random_seed(0)
    names = {}
    exec(compile(program, "article.py", "exec"), names)

    header, epoch, line, score, *_ = capsys.readouterr().out.splitlines()
    assert (header, epoch) == ("Train on 4000 samples, validate on 1000 samples", "Epoch 1/1")
    assert line.startswith(f"4000/4000 [{'=' * 30}] - ")
    history = names["log"].history
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert score == f"Score: {names['score'][1] * 100} %"
    # 8 steps instead of 120: far from the article's 92.9 %, far above the 10 % of guessing.
    assert names["score"] == pytest.approx([history["val_loss"][0], history["val_accuracy"][0]])
    assert names["score"][1] > 0.6
    right = np.mean(names["guesses"] == names["test_y"])
    assert right == pytest.approx(names["score"][1])
