"""Keras on TensorFlow."""

from __future__ import annotations

import importlib.metadata

from bench.runners import _harness, _keras


def _distribution() -> str:
    """Return which of TensorFlow's packages is installed: the one without CUDA has another name."""
    try:
        importlib.metadata.version("tensorflow")
    except importlib.metadata.PackageNotFoundError:
        return "tensorflow-cpu"
    return "tensorflow"


class Runner(_keras.Runner):
    """Many steps in one call, each compiled by XLA."""

    PACKAGES = {"keras": "keras", "tensorflow": _distribution()}  # noqa: RUF012
    ENVIRONMENT = {"KERAS_BACKEND": "tensorflow"}  # noqa: RUF012
    IMPORT = "import os; os.environ['KERAS_BACKEND'] = 'tensorflow'; import keras"
    SETTINGS = {"jit_compile": True, "steps_per_execution": 60}  # noqa: RUF012

    @classmethod
    def gpu(cls) -> str:
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        if not found:
            return ""
        details = tf.config.experimental.get_device_details(found[0])
        return str(details.get("device_name", found[0].name))

    def prepare(self) -> None:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(self.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)


if __name__ == "__main__":
    _harness.main(Runner)
