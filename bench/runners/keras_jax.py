"""Keras on JAX."""

from __future__ import annotations

from bench.runners import _harness, _keras, jax_jit


class Runner(_keras.Runner):
    """Many steps in one call, compiled by XLA."""

    PACKAGES = {"keras": "keras", "jax": "jax", "jaxlib": "jaxlib"}  # noqa: RUF012
    ENVIRONMENT = {"KERAS_BACKEND": "jax"}  # noqa: RUF012
    IMPORT = "import os; os.environ['KERAS_BACKEND'] = 'jax'; import keras"
    SETTINGS = {"jit_compile": True, "steps_per_execution": 20}  # noqa: RUF012

    @classmethod
    def gpu(cls) -> str:
        return jax_jit.Runner.gpu()


if __name__ == "__main__":
    _harness.main(Runner)
