"""digitnet on a GPU with precision="bfloat16": tensor cores, factors rounded to 8 bits."""

from __future__ import annotations

from bench.runners import _harness, digitnet


class Runner(digitnet.Runner):
    """As `digitnet`."""

    KINDS = ("train", "predict")
    DEVICES = ("cuda",)
    SETTINGS = {"precision": "bfloat16"}  # noqa: RUF012


if __name__ == "__main__":
    _harness.main(Runner)
