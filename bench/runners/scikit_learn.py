"""scikit-learn's MLPClassifier: `partial_fit` is one epoch.

Plain gradient descent: no momentum, no penalty (alpha=0). It differs from the others in that its
biases start from random numbers too, and that it computes the loss in a pass of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.runners import _harness


class Runner(_harness.Runner):
    """float32 stays float32 in MLPClassifier."""

    PACKAGES = {"sklearn": "scikit-learn"}  # noqa: RUF012
    IMPORT = "from sklearn.neural_network import MLPClassifier"

    def build(self) -> None:
        from sklearn.neural_network import MLPClassifier

        self.x, self.y = self.samples(self.data.x_train), self.data.y_train
        self.model = MLPClassifier(
            self.workload.sizes[1:-1],
            solver="sgd",
            alpha=0,
            batch_size=self.workload.batch_size,
            learning_rate_init=self.workload.learning_rate,
            momentum=0,
            nesterovs_momentum=False,
            random_state=0,
        )

    def epoch(self) -> None:
        self.model.partial_fit(self.x, self.y, classes=np.arange(10))

    def set_weights(self, weights: list[Any]) -> None:
        few = self.workload.batch_size  # a first step makes the attributes
        self.model.partial_fit(self.x[:few], self.y[:few], classes=np.arange(10))
        self.model.coefs_, self.model.intercepts_ = weights[::2], weights[1::2]

    def predict(self, x: Any) -> Any:
        return self.model.predict_proba(x)


if __name__ == "__main__":
    _harness.main(Runner)
