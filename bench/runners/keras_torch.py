"""Keras on PyTorch."""

from __future__ import annotations

from bench.runners import _harness, _keras, pytorch


class Runner(_keras.Runner):
    """Eager steps: torch.compile takes minutes here, and more than one step a call is refused."""

    PACKAGES = {"keras": "keras", "torch": "torch"}  # noqa: RUF012
    ENVIRONMENT = {"KERAS_BACKEND": "torch"}  # noqa: RUF012
    IMPORT = "import os; os.environ['KERAS_BACKEND'] = 'torch'; import keras"
    SETTINGS = {"jit_compile": False, "steps_per_execution": 1}  # noqa: RUF012

    @classmethod
    def gpu(cls) -> str:
        return pytorch.Runner.gpu()

    def prepare(self) -> None:
        import torch

        if self.device == "cuda":
            pytorch.allow_tf32()
        torch.set_num_threads(self.threads)
        torch.set_num_interop_threads(1)


if __name__ == "__main__":
    _harness.main(Runner)
