"""digitnet on a GPU with precision="tf32": tensor cores, factors rounded to 11 bits."""

from __future__ import annotations

from bench.runners import _harness, digitnet


class Runner(digitnet.Runner):
    """As `digitnet`."""

    KINDS = ("train", "predict")
    DEVICES = ("cuda",)
    SETTINGS = {"precision": "tf32"}  # noqa: RUF012


if __name__ == "__main__":
    _harness.main(Runner)
