"""The same seed gives the same bits, and Ctrl-C ends the work."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from augmentation_oracle import ALL, images
from digitnet import _core, config
from digitnet.augmentation import ImageAugmentation
from digitnet.utils import set_random_seed


def test_same_bits_for_any_number_of_threads(rng, threads_as_before):
    x = images(rng, (301, 28, 28))
    augment, copies = ImageAugmentation(**ALL, seed=1), []
    for threads in (1, 2, 3, 5):
        config.set_num_threads(threads)
        copies.append(augment(x, 7))
    for copy in copies[1:]:
        np.testing.assert_array_equal(copy, copies[0])
    # and a sample does not depend on its neighbours
    np.testing.assert_array_equal(augment(x[:50], 7), copies[0][:50])


GOLDEN = "b4cfef25"


@pytest.mark.parametrize("isa", _core.supported_cpu_isas())
def test_the_bits_are_the_same_everywhere(isa):
    program = """
import zlib, numpy as np
from digitnet.augmentation import ElasticDistortion, ImageAugmentation
x = (np.arange(40 * 28 * 28) * 2654435761 % 2**32 / 2**32).astype(np.float32).reshape(40, 28, 28)
augment = ImageAugmentation(0.1, 25, 0.3, 15, ElasticDistortion(), seed=2024)
print(f"{zlib.crc32(augment(x, 5).tobytes()):08x}")
"""
    environment = dict(os.environ, DIGITNET_CPU_ISA=isa)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == GOLDEN


def test_epochs_and_seeds_and_samples_differ(rng):
    x = np.repeat(images(rng, (1, 28, 28)), 3, axis=0)
    augment = ImageAugmentation(**ALL, seed=1)
    first = augment(x)
    others = [augment(x, 1), ImageAugmentation(**ALL, seed=2)(x), first[[1, 2, 0]]]
    assert all((first != other).any(axis=(1, 2)).all() for other in others)
    np.testing.assert_array_equal(augment(x), first)


def test_a_seed_of_none_is_drawn_once_from_digitnet_s_stream(rng):
    x = images(rng, (3, 28, 28))
    copies = []
    for _ in range(2):
        set_random_seed(3)
        augment = ImageAugmentation(shift=0.3)
        copies += [augment(x), augment(x)]
    assert all((copy == copies[0]).all() for copy in copies)
    assert ImageAugmentation().seed != ImageAugmentation().seed


def test_ctrl_c_ends_the_work_at_once():
    x = np.zeros((3000, 128, 128), np.uint8)
    augment, sent = ImageAugmentation(**ALL), []

    def send():
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.2, send)
    timer.start()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        for _ in range(1000):  # who is fast enough would be through before
            augment(x)
    taken = time.monotonic() - sent[0]
    timer.join()
    assert taken < 1  # 0.05 s on an idle machine
