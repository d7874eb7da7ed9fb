"""What digitnet and Keras share: a clock that reads the ends of the epochs of one `fit`."""

from __future__ import annotations

import time
from typing import Any


def clock(base: type[Any]) -> Any:
    """Return a callback, of a library's own base class, with the seconds of each epoch.

    An epoch lasts from the end of the one before to its own end, so that nothing falls between
    them; what `fit` does once, before the first, falls to the first, a warm-up.
    """

    class Clock(base):
        def on_train_begin(self, logs: Any = None) -> None:
            self.seconds: list[float] = []
            self.last = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            now = time.perf_counter()
            self.seconds.append(now - self.last)
            self.last = now

    return Clock()
