"""digitnet, as its README uses it: the pixels as they are, bytes, and one call of `fit`."""

from __future__ import annotations

from typing import Any

from bench.runners import _harness, _keras_like


class Runner(_harness.Runner):
    """The model scales the bytes itself, within the timing."""

    PACKAGES = {"digitnet": "digitnet"}  # noqa: RUF012
    IMPORT = "import digitnet"
    DEVICES = ("cpu", "cuda")
    SETTINGS = {"precision": "float32"}  # noqa: RUF012

    def build(self) -> None:
        import digitnet
        from digitnet import layers, models, optimizers

        digitnet.config.set_num_threads(self.threads)
        digitnet.utils.set_random_seed(0)
        first, *hidden, last = self.workload.sizes
        model = models.Sequential(
            [layers.Input((first,))], device=self.device, precision=self.settings["precision"]
        )
        if not self.workload.dense:
            model.add(layers.Rescaling(1 / 255))
        for units in hidden:
            model.add(layers.Dense(units, activation="relu"))
        model.add(layers.Dense(last, activation="softmax"))
        optimizer = optimizers.SGD(self.workload.learning_rate)
        model.compile(optimizer, loss="sparse_categorical_crossentropy")
        self.model = model

    @classmethod
    def gpu(cls) -> str:
        import digitnet

        usable = {device.name: device for device in digitnet.config.devices() if device.usable}
        return usable["cuda"].description.partition(" (")[0] if "cuda" in usable else ""

    def train(self, epochs: int) -> list[float]:
        import digitnet

        data, batch = self.data, self.workload.batch_size
        clock = _keras_like.clock(digitnet.callbacks.Callback)
        self.model.fit(
            data.x_train, data.y_train, batch_size=batch, epochs=epochs, verbose=0,
            callbacks=[clock],
        )  # fmt: skip
        return clock.seconds

    def set_weights(self, weights: list[Any]) -> None:
        self.model.set_weights(weights)

    def get_weights(self) -> list[Any]:
        return self.model.get_weights()

    def samples(self, x: Any) -> Any:
        return x

    def predict(self, x: Any) -> Any:
        return self.model.predict(x)

    def notes(self) -> dict[str, Any]:
        import digitnet

        report = getattr(self.model, "engine_report", None)
        isa = {"instruction_set": digitnet.config.cpu_isa(), "device": self.model.device}
        return {**isa, "engine": str(report())} if report else isa


if __name__ == "__main__":
    _harness.main(Runner)
