"""JAX with everything jitted, written by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from bench.runners import _harness


class Runner(_harness.Runner):
    """A whole epoch in one call (`lax.scan`), or a call for each step."""

    PACKAGES = {"jax": "jax", "jaxlib": "jaxlib"}  # noqa: RUF012
    IMPORT = "import jax, jax.numpy"
    DEVICES = ("cpu", "cuda")
    PRODUCTS_ON_GPU = "tf32"  # JAX' default there
    SETTINGS = {"loop": "scan", "unroll": 4}  # noqa: RUF012

    @classmethod
    def gpu(cls) -> str:
        import jax

        try:
            return str(jax.devices("cuda")[0].device_kind)
        except (RuntimeError, AssertionError):  # this JAX has no CUDA, or finds no GPU
            return ""

    def build(self) -> None:
        import jax

        self.rng = np.random.default_rng(0)
        self.parameters = [self._layer(a, b) for a, b in self._pairs()]
        self.x = jax.device_put(self.samples(self.data.x_train))
        self.y = jax.device_put(self.data.y_train.astype("int32"))
        # The old weights' memory is given to the new ones.
        self.step = jax.jit(self._step, donate_argnums=0)
        self.scan = jax.jit(self._scan, donate_argnums=0)
        self.forward = jax.jit(lambda p, x: jax.nn.softmax(_logits(p, x)))

    def _pairs(self) -> list[tuple[int, int]]:
        return list(pairwise(self.workload.sizes))

    def _layer(self, inputs: int, units: int) -> tuple[Any, Any]:
        import jax

        limit = (6 / (inputs + units)) ** 0.5
        kernel = self.rng.uniform(-limit, limit, (inputs, units)).astype("float32")
        return jax.device_put(kernel), jax.device_put(np.zeros(units, "float32"))

    def _step(self, parameters: Any, rows: Any, x: Any, y: Any) -> Any:
        import jax

        loss, gradients = jax.value_and_grad(_loss)(parameters, x[rows], y[rows])
        rate = self.workload.learning_rate
        return jax.tree.map(lambda p, g: p - rate * g, parameters, gradients), loss

    def _scan(self, parameters: Any, order: Any, x: Any, y: Any) -> Any:
        import jax

        def step(p: Any, rows: Any) -> Any:
            return self._step(p, rows, x, y)

        return jax.lax.scan(step, parameters, order, unroll=self.settings["unroll"])

    def epoch(self) -> None:
        import jax

        # NumPy shuffles in half a millisecond; jax.random.permutation sorts.
        order = self.rng.permutation(len(self.x)).astype("int32")
        order = order.reshape(-1, self.workload.batch_size)
        if self.settings["loop"] == "scan":
            self.parameters, losses = self.scan(self.parameters, order, self.x, self.y)
        else:
            losses = []
            for rows in order:
                self.parameters, loss = self.step(self.parameters, rows, self.x, self.y)
                losses.append(loss)
        jax.block_until_ready((self.parameters, losses))

    def set_weights(self, weights: list[Any]) -> None:
        import jax

        pairs = zip(weights[::2], weights[1::2], strict=True)
        self.parameters = [(jax.device_put(k), jax.device_put(b)) for k, b in pairs]

    def predict(self, x: Any) -> Any:
        return np.asarray(self.forward(self.parameters, x))


def _logits(parameters: Any, x: Any) -> Any:
    import jax

    *hidden, (kernel, bias) = parameters
    for k, b in hidden:
        x = jax.nn.relu(x @ k + b)
    return x @ kernel + bias


def _loss(parameters: Any, x: Any, y: Any) -> Any:
    import jax
    import jax.numpy as jnp

    log_p = jax.nn.log_softmax(_logits(parameters, x))
    return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()


if __name__ == "__main__":
    _harness.main(Runner)
