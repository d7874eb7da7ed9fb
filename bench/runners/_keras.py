"""Keras 3, the same for its three backends but for the settings that are fastest on each."""

from __future__ import annotations

from typing import Any

from bench.runners import _harness, _keras_like


class Runner(_harness.Runner):
    """`fit` with arrays; the output layer gives logits in training, where that is faster."""

    DEVICES = ("cpu", "cuda")
    PRODUCTS_ON_GPU = "tf32"
    SETTINGS = {"jit_compile": True, "steps_per_execution": 1}  # noqa: RUF012

    def build(self) -> None:
        import keras

        self.prepare()
        keras.utils.set_random_seed(0)
        first, *hidden, last = self.workload.sizes
        training = self.workload.kind == "train"
        model = keras.Sequential([keras.Input((first,))])
        for units in hidden:
            model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dense(last, activation=None if training else "softmax"))
        steps = min(self.settings["steps_per_execution"], self.steps())
        model.compile(
            keras.optimizers.SGD(self.workload.learning_rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=training),
            jit_compile=self.settings["jit_compile"],
            steps_per_execution=steps,
        )
        self.model = model
        self.x, self.y = self.training_data()

    def prepare(self) -> None:
        """Set what the backend can be told only by its own functions."""

    def steps(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-self.workload.train_samples // self.workload.batch_size)

    def training_data(self) -> tuple[Any, Any]:
        return self.samples(self.data.x_train), self.data.y_train.astype("int32")

    def train(self, epochs: int) -> list[float]:
        import keras

        clock = _keras_like.clock(keras.callbacks.Callback)
        self.model.fit(
            self.x, self.y, batch_size=self.workload.batch_size, epochs=epochs, verbose=0,
            callbacks=[clock],
        )  # fmt: skip
        return clock.seconds

    def set_weights(self, weights: list[Any]) -> None:
        self.model.set_weights(weights)

    def predict(self, x: Any) -> Any:
        # `predict` is made for many batches; its data pipeline alone takes milliseconds.
        return self.model.predict_on_batch(x)
