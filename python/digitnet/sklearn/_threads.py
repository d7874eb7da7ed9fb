"""How many threads an estimator takes, so that parallel fits do not crowd each other out.

The limits that joblib, loky and threadpoolctl set reach NumPy's and scikit-learn's own thread pools
(in a worker process through variables such as ``OMP_NUM_THREADS``), so those pools tell them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from digitnet import config
from digitnet.sklearn._peer import ThreadpoolController, get_active_backend

_lock = threading.Lock()
_asked: list[int] = []  # what the calls under way want; the number is the process's, so the least
_before = 0  # what there was before the first of them


@cache
def _pools() -> list[Any]:
    """Return the thread pools in this process; finding them takes milliseconds."""
    return list(ThreadpoolController().lib_controllers)


def thread_limit() -> int:
    """Return how many threads a call may use here: the least that anything around it says.

    That is ``digitnet.config.num_threads()``; the sizes of the thread pools of NumPy and
    scikit-learn; and 1 in a thread that joblib started, which has others beside it. The environment
    variable ``DIGITNET_NUM_THREADS`` overrules the pools and joblib.
    """
    own = _before if _asked else config.num_threads()
    if os.environ.get("DIGITNET_NUM_THREADS"):
        return own
    backend, _ = get_active_backend()
    beside = threading.current_thread() is not threading.main_thread()
    if beside and getattr(backend, "nesting_level", None):  # 0: nothing runs in parallel
        return 1
    sizes: list[int | None] = [pool.num_threads for pool in _pools()]
    return min([own, *(size for size in sizes if size)])  # None: not known


@contextmanager
def limited_threads() -> Iterator[None]:
    """Let digitnet use `thread_limit` threads within; the last call to leave puts it back."""
    global _before
    with _lock:
        limit = thread_limit()
        if not _asked:
            _before = config.num_threads()
        _asked.append(limit)
        config.set_num_threads(min(_asked))
    try:
        yield
    finally:
        with _lock:
            _asked.remove(limit)
            config.set_num_threads(min(_asked) if _asked else _before)
